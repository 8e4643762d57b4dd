import { dirname, join } from "node:path";

/** What an optfile depends on. */
export interface OptfileOptions {
  /** The directory of the node's files, on the machine where the node runs. */
  readonly directory: string;
  /** Whether revoked certificates are refused. */
  readonly crlCheck: boolean;
}

/** Names of the files in the directory of a node. */
export const NODE_FILES = {
  certificate: "cert.pem",
  key: "key.pem",
  ca: "ca.pem",
  crls: "crls",
  optfile: "inet_tls.conf",
} as const;

/**
 * The file for `-ssl_dist_optfile`, of an Erlang node as of ours: each side shows its certificate and
 * verifies the other's. OTP finds CRLs of files in a directory only, under the hash of the issuer's
 * name, and reads them anew for each connection.
 */
export function optfileText(node: string, options: OptfileOptions): string {
  const both = commonOptions(options);
  const server = [...both, "{fail_if_no_peer_cert, true}", "{client_renegotiation, false}"];
  const list = (entries: readonly string[]): string => entries.join(",\n    ");
  return `%% TLS of the distribution of ${node}, for -ssl_dist_optfile: made by disterl cert.
[{server, [
    ${list(server)}]},
 {client, [
    ${list(both)}]}].
`;
}

/** The directory that an optfile of ours names; undefined when it is written with escapes, or by others. */
export function optfileDirectory(text: string): string | undefined {
  const found = /\{certfile, "([^"\\]+)"\}/.exec(text)?.[1];
  return found === undefined ? undefined : dirname(found);
}

function commonOptions({ directory, crlCheck }: OptfileOptions): readonly string[] {
  const file = (name: string): string => erlangString(join(directory, name));
  const entries = [
    `{certfile, ${file(NODE_FILES.certificate)}}`,
    `{keyfile, ${file(NODE_FILES.key)}}`,
    `{cacertfile, ${file(NODE_FILES.ca)}}`,
    "{verify, verify_peer}",
    "{versions, ['tlsv1.3', 'tlsv1.2']}",
    "{reuse_sessions, false}",
  ];
  if (!crlCheck) return entries;
  const cache = `{ssl_crl_hash_dir, {internal, [{dir, ${file(NODE_FILES.crls)}}]}}`;
  return [...entries, "{crl_check, true}", `{crl_cache, ${cache}}`];
}

/** Everything but plain ASCII is escaped: the file means the same in every encoding. */
function erlangString(text: string): string {
  const inner = text.replaceAll(/["\\]|[^ -~]/gu, (character) =>
    character === '"' || character === "\\"
      ? `\\${character}`
      : `\\x{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return `"${inner}"`;
}
