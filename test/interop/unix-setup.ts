import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Node, type StartNodeOptions, startNode } from "disterl";
import { unixSocket } from "disterl/carrier";
import { type OtpNode, type OtpRelease, otpProgram, startOtpNode } from "disterl/testing";
import { COOKIE } from "./node-setup.ts";

/** Where Debian's erlang-examples puts the examples of the applications. */
const LIBRARIES = "/usr/lib/erlang/lib";
const SOURCE = "examples/erl_uds_dist/src/erl_uds_dist.erl";

/** OTP's example of a carrier over unix sockets; undefined: the package erlang-examples is missing. */
export const ERL_UDS_DIST: string | undefined = (
  existsSync(LIBRARIES) ? readdirSync(LIBRARIES) : []
)
  .filter((name) => name.startsWith("kernel-"))
  .map((name) => join(LIBRARIES, name, SOURCE))
  .find((file) => existsSync(file));

/** Why tests that need it are skipped. */
export const missingErlUds: string | undefined =
  ERL_UDS_DIST === undefined
    ? "erl_uds_dist is not there (install it, for instance: apt-get install erlang-examples)"
    : undefined;

/**
 * A directory for sockets that both sides see, and OTP's carrier, compiled by the release. What its
 * newer compilers warn about is not ours to say.
 */
export class UnixFolder {
  /** Of the sockets, as we see it. */
  readonly directory: string;
  readonly #release: OtpRelease;
  readonly #path: string;
  #isCompiled = false;

  constructor(release: OtpRelease) {
    const outside = release.root === undefined ? tmpdir() : join(release.root, "tmp");
    this.#release = release;
    this.#path = mkdtempSync(join(outside, "uds-"));
    this.directory = join(this.#path, "nodes");
    mkdirSync(this.directory, { mode: 0o700 });
  }

  /** Flags of a node that is reached by its socket here. */
  get flags(): readonly string[] {
    this.#compile();
    return ["-proto_dist", "erl_uds", "-no_epmd", "-pa", this.#inside(this.#path)];
  }

  startOtp(options: { name?: string; flags?: readonly string[] } = {}): Promise<OtpNode> {
    return startOtpNode({
      release: this.#release,
      nameType: "short",
      cookie: COOKIE,
      ...options,
      cwd: this.#inside(this.directory),
      flags: [...this.flags, ...(options.flags ?? [])],
    });
  }

  startOurs(options: StartNodeOptions = {}): Promise<Node> {
    const carrier = unixSocket({ directory: this.directory });
    const name = `ours_${Math.random().toString(36).slice(2, 8)}@localhost`;
    return startNode({ name, cookie: COOKIE, carrier, ...options });
  }

  /** When a node needs it first: tests that are skipped have no compiler. */
  #compile(): void {
    if (this.#isCompiled || ERL_UDS_DIST === undefined) return;
    const source = join(this.#path, "erl_uds_dist.erl");
    copyFileSync(ERL_UDS_DIST, source);
    const args = ["-o", this.#inside(this.#path), this.#inside(source)];
    const call = otpProgram(this.#release, "erlc", args);
    const { status, stdout } = spawnSync(call.file, call.args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`erl_uds_dist does not compile: ${stdout}`);
    this.#isCompiled = true;
  }

  #inside(path: string): string {
    return path.slice((this.#release.root ?? "").length);
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}
