import { directoryOption } from "../certificates/certificate-directory.ts";
import { readDate } from "../certificates/validity.ts";
import type { Command } from "../command.ts";

/** Verifies certificates. */
export const certVerify: Command = {
  name: "verify",
  summary: "check certificates, and say which check failed",
  description: `Checks what a node that connects would check, and more: the chain to the CA,
dates, key usage, strength of keys and signatures, the list of revoked
certificates, the names of the node, and whether its private key is its own and
private. Ends with status 1 when a check failed. Without an operand: all nodes
of the directory.

Examples:
  disterl cert verify
  disterl cert verify app@host --at 2030-01-31
  disterl cert verify ./cert.pem --ca ./ca.pem --node app@host --crl ./crl.pem`,
  operands: [{ name: "what", description: "a node, or a PEM file of any origin", optional: true }],
  options: [
    directoryOption,
    {
      flags: "--ca <file>",
      description: "whom to trust (default: ca.pem beside it, else the CA's)",
    },
    { flags: "--crl <file>", description: "what was revoked (default: that of the directory)" },
    { flags: "--node <node>", description: "the node that it should be of" },
    { flags: "--at <date>", description: "as if it were then (default: now)", read: readDate },
  ],
  run: async ([what], options) =>
    (await import("../certificates/verify-certificate.ts")).verifyCertificate(what, options),
};
