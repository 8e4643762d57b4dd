import type { CommandGroup } from "../command.ts";
import { certInit } from "./cert-init.ts";
import { certNode } from "./cert-node.ts";
import { certRenew } from "./cert-renew.ts";
import { certRevoke } from "./cert-revoke.ts";
import { certShow } from "./cert-show.ts";
import { certVerify } from "./cert-verify.ts";

/** Certificates for distribution over TLS, for people who have none. */
export const cert: CommandGroup = {
  name: "cert",
  summary: "make and check the certificates of a cluster",
  description: `Makes a certificate authority for one cluster, certificates for its nodes, the
list of those that were revoked, and the options for TLS, for Erlang and for
disterl alike. No option ever takes a passphrase or a key itself.

  certs/ca/          the CA: ca.pem, key.pem, crl.pem; stays where it is made
  certs/app@host/    a node: cert.pem, key.pem, ca.pem, crls/, inet_tls.conf;
                     copied to its machine as a whole

Examples:
  disterl cert init
  disterl cert node app@host
  disterl cert verify`,
  commands: [certInit, certNode, certRenew, certShow, certVerify, certRevoke],
};
