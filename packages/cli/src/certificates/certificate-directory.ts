import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { OptionSpec, OptionValues } from "../command.ts";
import { NODE_FILES } from "./optfile.ts";

/**
 * Where everything of one cluster is:
 *
 *     certs/                     --dir
 *       ca/                      stays where it is made: whoever has the key can join any node
 *         ca.pem                 certificate of the CA
 *         key.pem                its private key
 *         crl.pem                what was revoked
 *         issued/<serial>.pem    every certificate that was issued
 *       app@host/                goes to the machine of the node, as a whole
 *         cert.pem, key.pem      certificate and private key of the node
 *         ca.pem                 whom it trusts
 *         crls/<hash>.r0         what was revoked, under the name that Erlang looks for
 *         inet_tls.conf          for -ssl_dist_optfile
 */
export interface CertificateDirectory {
  /** Absolute. */
  readonly path: string;
  readonly ca: {
    readonly certificate: string;
    readonly key: string;
    readonly crl: string;
    readonly issued: string;
    readonly lock: string;
  };
}

/** The files of a node. */
export interface NodeFiles {
  readonly path: string;
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  readonly crls: string;
  readonly optfile: string;
}

export const directoryOption: OptionSpec = {
  flags: "--dir <directory>",
  description: "where the certificates of the cluster are (default: certs)",
};

/** What to do when there is no CA yet. */
export const MAKE_CA = ["disterl cert init makes a CA; --dir says where it is"];

/** The directory that the options name. */
export function certificateDirectory(options: OptionValues): CertificateDirectory {
  const path = resolve((options["dir"] as string | undefined) ?? "certs");
  const ca = join(path, "ca");
  return {
    path,
    ca: {
      certificate: join(ca, "ca.pem"),
      key: join(ca, "key.pem"),
      crl: join(ca, "crl.pem"),
      issued: join(ca, "issued"),
      lock: join(ca, "lock"),
    },
  };
}

/** Where the files of a node are, whether they exist or not. */
export function nodeFiles({ path }: CertificateDirectory, node: string): NodeFiles {
  const own = join(path, node);
  return {
    path: own,
    certificate: join(own, NODE_FILES.certificate),
    key: join(own, NODE_FILES.key),
    ca: join(own, NODE_FILES.ca),
    crls: join(own, NODE_FILES.crls),
    optfile: join(own, NODE_FILES.optfile),
  };
}

/** The nodes that have a certificate, by name. */
export function certifiedNodes({ path }: CertificateDirectory): readonly string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.includes("@") && existsSync(join(path, name, NODE_FILES.certificate)))
    .toSorted();
}
