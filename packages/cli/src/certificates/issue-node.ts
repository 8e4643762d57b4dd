import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import type { CliIo } from "../cli-io.ts";
import type { OptionValues, Result } from "../command.ts";
import { plainJson } from "../term-json.ts";
import { type Authority, certifyNode, type Validity } from "./authority.ts";
import {
  certificateDirectory,
  type CertificateDirectory,
  type NodeFiles,
  nodeFiles,
} from "./certificate-directory.ts";
import { type CertificateFacts, certificateFacts } from "./certificate-facts.ts";
import { type CertifiedNames, certifiedNames } from "./certified-names.ts";
import { DEFAULT_KEY_KIND, generateKey, type KeyKind } from "./key-kind.ts";
import { freshCrl, openAuthority, pem, withLock, writeNodeCrl } from "./open-authority.ts";
import { NODE_FILES, optfileText } from "./optfile.ts";
import { privateKeyPem } from "./private-key.ts";
import { day, readValidity, within } from "./validity.ts";
import { exists, PUBLIC_FILE, SECRET_FILE, writeWhole } from "./write-file.ts";

/** How long a node's certificate is valid: a year. */
export const NODE_DAYS = 365;

/** Makes key, certificate and optfile of a node. */
export async function issueNode(node: string, options: OptionValues, io: CliIo): Promise<Result> {
  const names = certifiedNames(node, options["hosts"] as readonly string[] | undefined);
  const directory = certificateDirectory(options);
  const files = nodeFiles(directory, node);
  const replace = options["force"] === true;
  const standing = [files.key, files.certificate].find((path) => existsSync(path));
  if (standing !== undefined && !replace) throw exists(standing);
  return withLock(directory, async () => {
    const authority = await openAuthority(directory, options, io);
    const validity = within(readValidity(options, NODE_DAYS), authority.certificate);
    const kind = (options["key"] as KeyKind | undefined) ?? DEFAULT_KEY_KIND;
    const facts = await writeIdentity(directory, files, authority, {
      names,
      validity,
      kind,
      replace,
    });
    writeNodeCrl(directory, node, await freshCrl(directory, authority));
    writeOptfile(node, files, options);
    return told(node, files, facts, "made", installedIn(options));
  });
}

function installedIn(options: OptionValues): string | undefined {
  return options["installDir"] as string | undefined;
}

interface Identity {
  readonly names: CertifiedNames;
  readonly validity: Validity;
  readonly kind: KeyKind;
  readonly replace: boolean;
}

/** A new key and its certificate. The register first: what exists can be revoked. */
export async function writeIdentity(
  { ca }: CertificateDirectory,
  files: NodeFiles,
  authority: Authority,
  { names, validity, kind, replace }: Identity,
): Promise<CertificateFacts> {
  const key = await generateKey(kind);
  const certificate = await certifyNode(authority, names, key, validity);
  const facts = certificateFacts(certificate);
  const register = join(ca.issued, `${facts.serial}.pem`);
  writeWhole(register, pem(certificate), { mode: PUBLIC_FILE, replace: false });
  writeWhole(files.key, privateKeyPem(key), { mode: SECRET_FILE, replace });
  writeWhole(files.certificate, pem(certificate), { mode: PUBLIC_FILE, replace });
  writeWhole(files.ca, pem(authority.certificate), { mode: PUBLIC_FILE, replace: true });
  return facts;
}

function writeOptfile(node: string, files: NodeFiles, options: OptionValues): void {
  const directory = installedIn(options) ?? files.path;
  const crlCheck = options["crl"] !== false;
  const text = optfileText(node, { directory, crlCheck });
  writeWhole(files.optfile, text, { mode: PUBLIC_FILE, replace: true });
}

/** What was made, and how it is used: where it was made, or in a directory it is copied to. */
export function told(
  node: string,
  files: NodeFiles,
  facts: CertificateFacts,
  done: string,
  installDir?: string,
): Result {
  const host = node.slice(node.indexOf("@") + 1);
  const flag = host.includes(".") || isIP(host) !== 0 ? "-name" : "-sname";
  const carrier = isIP(host) === 6 ? "inet6_tls" : "inet_tls";
  const { names, notAfter, serial, fingerprint } = facts;
  const copy = `copy ${files.path} to ${installDir} on the machine of the node, and start it there with:`;
  const next = installDir === undefined ? "start it with:" : copy;
  const optfile = join(installDir ?? files.path, NODE_FILES.optfile);
  return {
    text: `${done} the certificate of ${node}, valid until ${day(notAfter)}
  ${files.certificate}  for ${[...new Set([...names.nodes, ...names.dns, ...names.ip])].join(", ")}
  ${files.key}  its private key: only the user who runs the node may read it
  ${files.ca}, ${files.crls}  whom it trusts, and what was revoked
  ${files.optfile}  the options for Erlang and for disterl
${next}
  erl ${flag} ${node} -proto_dist ${carrier} -ssl_dist_optfile ${optfile}
or reach other nodes with its certificate:
  disterl ping other@host --ssl-dist-optfile ${optfile}
`,
    json: () => [
      plainJson({
        node,
        serial,
        fingerprint,
        notAfter: notAfter.toISOString(),
        names: { ...names },
        files: { ...files },
      }),
    ],
  };
}
