import { directoryOption } from "../certificates/certificate-directory.ts";
import { readHosts } from "../certificates/certified-names.ts";
import { readKeyKind } from "../certificates/key-kind.ts";
import { passphraseOption } from "../certificates/passphrase.ts";
import { daysOption, fromOption } from "../certificates/validity.ts";
import type { Command } from "../command.ts";

/** Makes the certificate of a node. */
export const certNode: Command = {
  name: "node",
  summary: "make key, certificate and optfile of a node",
  description: `Makes a directory with all that a node needs for TLS: its private key, its
certificate for its host and its full name, the CA it trusts, what was revoked,
and the options for -ssl_dist_optfile. Erlang and disterl take the same file.

Examples:
  disterl cert node app@host
  disterl cert node app@10.0.0.7 --hosts app-1.example.org
  disterl cert node app@host --install-dir /etc/app/tls   # where it will be there`,
  operands: [{ name: "node", description: "the node, name@host" }],
  options: [
    directoryOption,
    {
      flags: "--hosts <list>",
      description: "further hosts and addresses it is reached by, separated by commas",
      read: readHosts,
    },
    {
      flags: "--key <kind>",
      description: "p256, p384, p521, rsa2048, rsa3072 or rsa4096 (default: p256)",
      read: readKeyKind,
    },
    daysOption(365),
    fromOption,
    {
      flags: "--install-dir <directory>",
      description: "where the node's machine will have the files (default: where they are made)",
    },
    {
      flags: "--no-crl",
      description: "the optfile does not ask for the list of revoked certificates",
    },
    passphraseOption,
    { flags: "--force", description: "replace the key and certificate that are there" },
  ],
  run: async ([node = ""], options, io) =>
    (await import("../certificates/issue-node.ts")).issueNode(node, options, io),
};
