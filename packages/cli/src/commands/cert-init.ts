import { directoryOption } from "../certificates/certificate-directory.ts";
import { readKeyKind } from "../certificates/key-kind.ts";
import { passphraseOption } from "../certificates/passphrase.ts";
import { daysOption, fromOption } from "../certificates/validity.ts";
import type { Command } from "../command.ts";

/** Makes a CA. The X.509 library is loaded only by the commands that need it. */
export const certInit: Command = {
  name: "init",
  summary: "make the certificate authority of a cluster",
  description: `Makes a key and a certificate that signs those of the nodes, and an empty list
of what was revoked. Whoever has the key can join every node of the cluster:
make one CA for each cluster, keep it away from the machines of the nodes, and
encrypt its key.

Examples:
  disterl cert init
  disterl cert init --dir /etc/disterl/certs --encrypt
  disterl cert init --key p384 --days 1825 --passphrase-file ./passphrase`,
  operands: [],
  options: [
    directoryOption,
    {
      flags: "--name <name>",
      description: "name of the CA (default: disterl cluster CA and a number)",
    },
    {
      flags: "--key <kind>",
      description: "p256, p384, p521, rsa2048, rsa3072 or rsa4096 (default: p256)",
      read: readKeyKind,
    },
    daysOption(3650),
    fromOption,
    {
      flags: "--encrypt",
      description: "encrypt the key with a passphrase, asked for when none is given",
    },
    passphraseOption,
    { flags: "--force", description: "replace a CA: what it signed is not valid any more" },
  ],
  run: async (_operands, options, io) =>
    (await import("../certificates/init-authority.ts")).initAuthority(options, io),
};
