import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Node } from "disterl";
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
import type { TlsVersion } from "./tls-setup.ts";
import { TwoAuthorities } from "./two-authorities.ts";

/** What one node shows. */
export interface Shown {
  /** Undefined: nothing. */
  readonly certificate: TestCertificate | undefined;
  readonly password?: string;
}

/** What a node that looks at the other one's certificate is told to do. */
export type Look = "verify_peer" | "verify_none" | "fail_if_no_peer_cert false" | CrlLook;
type CrlLook = "crl_check" | "crl_check peer" | "crl_check best_effort";

/** One connection to try. */
export interface Attempt {
  readonly version: TlsVersion;
  readonly server: Shown;
  readonly client: Shown;
  readonly serverLooks: Look;
  readonly clientLooks: Look;
}

/** Whether a connection comes up. */
export type Verdict = "in" | "out";

/** Certificates of all kinds, where a release can read them. */
export class MatrixFiles extends TwoAuthorities {
  /** By what the table calls them. */
  readonly kinds: ReadonlyMap<string, Shown>;
  readonly right: Shown;
  readonly #crls: string;

  constructor(release: OtpRelease) {
    super(release);
    this.kinds = this.#issue();
    this.right = { certificate: this.authority.issue("peer") };
    const list = this.authority.revocationList();
    const hash = execFileSync("openssl", ["crl", "-hash", "-noout", "-in", list], {
      encoding: "utf8",
    }).trim();
    this.#crls = join(this.authority.folder, "crls");
    mkdirSync(this.#crls);
    cpSync(list, join(this.#crls, `${hash}.r0`));
  }

  #issue(): Map<string, Shown> {
    const { authority: ca, stranger } = this;
    const between = ca.issue("between", { authority: true });
    const expiredCa = ca.issue("old-ca", { authority: true, days: [-9, -1] });
    const under = (name: string, issuer: TestCertificate): TestCertificate => {
      const leaf = ca.issue(name, {}, issuer);
      writeFileSync(leaf.certfile, readFileSync(issuer.certfile), { flag: "a" });
      return leaf;
    };
    const revoked = ca.issue("revoked");
    ca.revoke(revoked);
    const kinds: Record<string, TestCertificate | undefined> = {
      right: ca.issue("right"),
      "right, over a CA between": under("under-between", between),
      "of another host": ca.issue("far", { names: "DNS:far" }),
      "host as common name only": ca.issue("localhost", { names: "" }),
      "of another CA": stranger.issue("theirs"),
      "signed by itself": stranger.selfSigned("self"),
      expired: ca.issue("old", { days: [-9, -1] }),
      "not valid yet": ca.issue("new", { days: [2, 9] }),
      "over a CA that has expired": under("under-old", expiredCa),
      "signed by one that is no CA": under("under-leaf", ca.issue("leaf")),
      revoked: revoked,
      "for clients only (extendedKeyUsage)": ca.issue("for-clients", { uses: "clientAuth" }),
      "for servers only (extendedKeyUsage)": ca.issue("for-servers", { uses: "serverAuth" }),
      "not for signatures (keyUsage)": ca.issue("no-sign", { keyUsage: "critical,keyAgreement" }),
      "RSA key of 1024 bits": ca.issue("rsa1024", { algorithm: "RSA-1024" }),
      "signed with SHA-1": ca.issue("sha1", { digest: "sha1" }),
      none: undefined,
    };
    const shown = Object.entries(kinds).map(
      ([kind, certificate]) => [kind, { certificate }] as const,
    );
    const locked = ca.issue("locked", { password: "open sesame" });
    return new Map<string, Shown>([
      ...shown,
      ["with a password that is wrong", { certificate: locked, password: "wrong" }],
    ]);
  }

  /** Options of both sides, as Erlang writes them. `reader` is who reads the paths. */
  options(
    { version, server, client, serverLooks, clientLooks }: Attempt,
    reader: "ours" | "Erlang",
  ) {
    const side = (shown: Shown, looks: Look, more: string[] = []): string => {
      const file = (path: string) => JSON.stringify(reader === "ours" ? path : this.inside(path));
      const { certificate, password } = shown;
      const verify = looks === "verify_none" ? looks : "verify_peer";
      const crls = `{crl_cache, {ssl_crl_hash_dir, {internal, [{dir, ${file(this.#crls)}}]}}}`;
      return [
        ...(certificate === undefined
          ? []
          : [
              `{certfile, ${file(certificate.certfile)}}`,
              `{keyfile, ${file(certificate.keyfile)}}`,
            ]),
        ...(password === undefined ? [] : [`{password, "${password}"}`]),
        `{cacertfile, ${file(this.authority.cacertfile)}}`,
        `{verify, ${verify}}`,
        `{versions, ['${version}']}`,
        ...(looks.startsWith("crl_check")
          ? [`{crl_check, ${looks.split(" ")[1] ?? "true"}}`, crls]
          : []),
        ...more,
      ].join(", ");
    };
    const fail = serverLooks === "verify_peer" || serverLooks.startsWith("crl_check");
    const once = version === "tlsv1.2" ? ["{reuse_sessions, false}"] : [];
    const asked = [`{fail_if_no_peer_cert, ${fail}}`, ...once];
    return `[{server, [${side(server, serverLooks, asked)}]}, {client, [${side(client, clientLooks, once)}]}]`;
  }

  optfile(attempt: Attempt): string {
    return this.write(`${this.options(attempt, "ours")}.\n`);
  }
}

/** Two nodes of a release, for as many connections as there are; their options change with each. */
export class MatrixNodes implements AsyncDisposable {
  readonly #files: MatrixFiles;
  readonly #epmd: CEpmd;
  readonly #server: OtpNode;
  readonly #client: OtpNode;

  private constructor(files: MatrixFiles, epmd: CEpmd, server: OtpNode, client: OtpNode) {
    this.#files = files;
    this.#epmd = epmd;
    this.#server = server;
    this.#client = client;
  }

  static async start(release: OtpRelease, files: MatrixFiles): Promise<MatrixNodes> {
    const epmd = await startCEpmd({ release });
    const right: Attempt = {
      ...{ version: "tlsv1.2", server: files.right, client: files.right },
      ...{ serverLooks: "verify_peer", clientLooks: "verify_peer" },
    };
    const path = join(files.authority.folder, "erlang.conf");
    writeFileSync(path, `${files.options(right, "Erlang")}.\n`);
    const start = () =>
      startOtpNode({
        ...{ release, nameType: "short" as const, cookie: COOKIE, epmdPort: epmd.port },
        flags: [
          ...["-proto_dist", "inet_tls", "-ssl_dist_optfile", files.inside(path)],
          ...["-hidden", "-connect_all", "false", "-kernel", "logger_level", "none"],
        ],
      });
    const [server, client] = await Promise.all([start(), start()]);
    return new MatrixNodes(files, epmd, server, client);
  }

  /** Erlang dials Erlang. */
  async otpDialsOtp(attempt: Attempt): Promise<Verdict> {
    await Promise.all([this.#use(this.#server, attempt), this.#use(this.#client, attempt)]);
    const verdict = await this.#dial(this.#client, this.#server.nodeName);
    if (verdict === "in")
      await this.#client.eval(`erlang:disconnect_node('${this.#server.nodeName}')`);
    return verdict;
  }

  async otpDialsUs(attempt: Attempt): Promise<Verdict> {
    await this.#use(this.#client, attempt);
    const { right: client } = this.#files; // of the side of ours that has no part in it
    return this.#withOurs({ ...attempt, client }, (ours) => this.#dial(this.#client, ours.name));
  }

  async weDialOtp(attempt: Attempt): Promise<Verdict> {
    await this.#use(this.#server, attempt);
    const { right: server } = this.#files;
    return this.#withOurs({ ...attempt, server }, (ours) =>
      ours.connect(this.#server.nodeName).then(
        () => "in" as const,
        () => "out" as const,
      ),
    );
  }

  async #dial(node: OtpNode, name: string): Promise<Verdict> {
    return (await node.eval(`net_kernel:connect_node('${name}')`)) === "true" ? "in" : "out";
  }

  /** The table of the option file belongs to the process that read it. */
  async #use(node: OtpNode, attempt: Attempt): Promise<void> {
    const options = this.#files.options(attempt, "Erlang");
    const change = `fun(S) -> ets:insert(ssl_dist_opts, ${options}), S end`;
    await node.eval(`sys:replace_state(ets:info(ssl_dist_opts, owner), ${change}), ok`);
  }

  async #withOurs(attempt: Attempt, dial: (ours: Node) => Promise<Verdict>): Promise<Verdict> {
    const path = this.#files.optfile(attempt);
    const flags = ["-proto_dist", "inet_tls", "-ssl_dist_optfile", path];
    const { tls } = startOptionsFromFlags(parseErlFlags(flags, {}), {}).options;
    let ours: Node;
    try {
      ours = await startOurs(this.#epmd.port, { tls, onWarning: () => {} });
    } catch (error) {
      if ((error as { code?: string }).code === "ERR_CARRIER_TLS_CONFIG") return "out";
      throw error;
    }
    try {
      return await dial(ours);
    } finally {
      await ours.stop();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    await this.#client.stop();
    await this.#epmd.stop();
  }
}
