import { directoryOption } from "../certificates/certificate-directory.ts";
import type { Command } from "../command.ts";

/** Shows certificates. */
export const certShow: Command = {
  name: "show",
  summary: "show certificates, and what was revoked",
  description: `Without an operand: the CA and its nodes, one a line, with the day on which each
expires, its serial number, and whether it was revoked.

Examples:
  disterl cert show
  disterl cert show app@host
  disterl cert show crl
  disterl cert show ./some-file.pem --json`,
  operands: [
    { name: "what", description: "a node, ca, crl, or a PEM file of any origin", optional: true },
  ],
  options: [directoryOption],
  run: async ([what], options) =>
    (await import("../certificates/show-certificates.ts")).showCertificates(what, options),
};
