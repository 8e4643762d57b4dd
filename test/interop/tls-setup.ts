import type { Node, NodeStatus } from "disterl";
import { parseErlFlags, startOptionsFromFlags } from "disterl/flags";
import {
  type CEpmd,
  type OtpNode,
  type OtpRelease,
  startCEpmd,
  startOtpNode,
  type TestCertificate,
} from "disterl/testing";
import { COOKIE, startOurs } from "./node-setup.ts";
import { TwoAuthorities } from "./two-authorities.ts";

export type TlsVersion = "tlsv1.2" | "tlsv1.3";

/** What one node shows and trusts. */
export interface Credentials {
  /** Undefined: it has none. */
  readonly certificate: TestCertificate | undefined;
  readonly cacertfile: string;
  readonly versions?: readonly TlsVersion[];
}

/** The first error of a chain of causes that is of a class. */
export function causeOf<Kind extends Error>(
  error: unknown,
  kind: abstract new (...args: never) => Kind,
): Kind {
  for (let found = error; found instanceof Error; found = found.cause) {
    if (found instanceof kind) return found;
  }
  throw new Error("no such cause", { cause: error });
}

/** Certificates of a release, and files of options with them. */
export class TlsFiles extends TwoAuthorities {
  /**
   * Writes an option file, both sides mutually verified; gives its path as we see it. The one for
   * Erlang has paths as they are within its root.
   */
  optfile(credentials: Credentials, reader: "ours" | "Erlang"): string {
    const { certificate, cacertfile, versions = ["tlsv1.3", "tlsv1.2"] } = credentials;
    const seen = (path: string) => JSON.stringify(reader === "ours" ? path : this.inside(path));
    const own =
      certificate === undefined
        ? ""
        : `{certfile, ${seen(certificate.certfile)}}, {keyfile, ${seen(certificate.keyfile)}},\n    `;
    const common = `${own}{cacertfile, ${seen(cacertfile)}}, {verify, verify_peer},
    {versions, [${versions.map((version) => `'${version}'`).join(", ")}]}`;
    const text = `%% Both sides show certificates and check them.
[{server, [
    ${common}, {fail_if_no_peer_cert, true}]},
 {client, [
    ${common}]}].
`;
    return this.write(text);
  }
}

/** One of ours and one of Erlang's, each with TLS as its option file says. */
export interface TlsPair extends AsyncDisposable {
  readonly epmd: CEpmd;
  readonly ours: Node;
  readonly otp: OtpNode;
  /** The first connection that ours has refused, or will refuse; undefined when it ends without. */
  readonly refusal: Promise<Extract<NodeStatus, { type: "refused" }> | undefined>;
}

export interface TlsPairOptions {
  readonly ours: Credentials;
  readonly erlang: Credentials;
  /** Of both. */
  readonly flags?: readonly string[];
  /** Of the Erlang node. Default: one that nobody else has. */
  readonly name?: string;
}

export async function startTlsPair(
  release: OtpRelease,
  files: TlsFiles,
  { ours, erlang, flags = [], name }: TlsPairOptions,
): Promise<TlsPair> {
  const epmd = await startCEpmd({ release });
  const optfile = (who: Credentials, reader: "ours" | "Erlang") => [
    ...["-proto_dist", "inet_tls", "-ssl_dist_optfile"],
    reader === "ours" ? files.optfile(who, reader) : files.inside(files.optfile(who, reader)),
  ];
  const { options } = startOptionsFromFlags(
    parseErlFlags([...optfile(ours, "ours"), "-hidden", ...flags], {}),
  );
  const { tls, hidden, netTickTime } = options;
  const [ourNode, otp] = await Promise.all([
    startOurs(epmd.port, { tls, hidden, netTickTime, onWarning: () => {} }),
    startOtpNode({
      release,
      nameType: "short",
      cookie: COOKIE,
      epmdPort: epmd.port,
      name,
      flags: [...optfile(erlang, "Erlang"), ...flags],
    }),
  ]);
  return {
    epmd,
    ours: ourNode,
    otp,
    refusal: firstRefusal(ourNode),
    async [Symbol.asyncDispose]() {
      await ourNode.stop();
      await otp.stop();
      await epmd.stop();
    },
  };
}

async function firstRefusal(
  node: Node,
): Promise<Extract<NodeStatus, { type: "refused" }> | undefined> {
  for await (const event of node.status()) if (event.type === "refused") return event;
  return undefined;
}
