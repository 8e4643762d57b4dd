import { directoryOption } from "../certificates/certificate-directory.ts";
import { readKeyKind } from "../certificates/key-kind.ts";
import { passphraseOption } from "../certificates/passphrase.ts";
import { daysOption } from "../certificates/validity.ts";
import type { Command } from "../command.ts";

/** Renews a certificate, the CA or the list of what was revoked. */
export const certRenew: Command = {
  name: "renew",
  summary: "make a new certificate with the same names",
  description: `Of a node: the same names, a new key; the old files stay beside the new ones as
*.old, and the old certificate stays valid until it expires or is revoked by its
serial number. Of the CA: the same name and key, so that what it signed stays
valid. Of the list of revoked certificates: a new one with a later date.

Examples:
  disterl cert renew app@host
  disterl cert renew ca
  disterl cert renew crl`,
  operands: [{ name: "what", description: "a node, name@host; or ca; or crl" }],
  options: [
    directoryOption,
    {
      flags: "--key <kind>",
      description: "p256, p384, p521, rsa2048, rsa3072 or rsa4096 (default: p256)",
      read: readKeyKind,
    },
    daysOption("365; 3650 for the CA"),
    passphraseOption,
  ],
  run: async ([what = ""], options, io) =>
    (await import("../certificates/renew-certificate.ts")).renewCertificate(what, options, io),
};
