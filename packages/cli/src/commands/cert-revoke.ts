import { directoryOption } from "../certificates/certificate-directory.ts";
import { passphraseOption } from "../certificates/passphrase.ts";
import type { Command } from "../command.ts";

/** Revokes certificates. */
export const certRevoke: Command = {
  name: "revoke",
  summary: "revoke the certificates of a node",
  description: `Puts all certificates of a node that are still valid, or the one of a serial
number, on the list of revoked certificates, and the new list into the
directories of all nodes. It counts where it has been copied to: a node reads it
anew for each connection, and keeps the connections it has.

Examples:
  disterl cert revoke app@host --reason keyCompromise
  disterl cert revoke 4f1a09be27c1d3508a6e77b2c4d5e6f7`,
  operands: [{ name: "what", description: "a node, name@host, or a serial number" }],
  options: [
    directoryOption,
    {
      flags: "--reason <reason>",
      description:
        "keyCompromise, affiliationChanged, superseded, cessationOfOperation or unspecified (default)",
      read: readReason,
    },
    passphraseOption,
  ],
  run: async ([what = ""], options, io) =>
    (await import("../certificates/revoke-certificate.ts")).revokeCertificate(what, options, io),
};

/** Those of RFC 5280 that a certificate of a node can have. */
const REASONS = [
  ...["unspecified", "keyCompromise", "affiliationChanged", "superseded", "cessationOfOperation"],
] as const;

function readReason(text: string): string {
  const found = REASONS.find((reason) => reason === text);
  if (found !== undefined) return found;
  throw new TypeError(`expected one of ${REASONS.join(", ")}`);
}
