// The certificates of the demo: a CA for this run, made by `disterl cert`, in a folder that goes with it.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseErlFlags, startOptionsFromFlags } from "disterl/flags";

const run = promisify(execFile);

/** A CA, and a certificate of it for each name. */
export class Certificates {
  /** Everything is in here, until {@link remove}. */
  folder = mkdtempSync(join(tmpdir(), "disterl-demo-"));

  /** The `disterl cert` that runs. */
  #working;

  constructor() {
    process.once("exit", () => this.remove());
  }

  /** Asks `disterl cert` for a CA with that name, and the certificates of some nodes. */
  async make(authority, names) {
    const dir = ["--dir", this.folder];
    await this.#disterl("cert", "init", "--name", authority, ...dir);
    for (const name of names) await this.#disterl("cert", "node", name, ...dir);
  }

  /** Erlang's flags, which are ours as well. */
  flags(name) {
    const optfile = join(this.folder, name, "inet_tls.conf");
    return ["-proto_dist", "inet_tls", "-ssl_dist_optfile", optfile];
  }

  /** The same, as an option of startNode. */
  tls(name) {
    return startOptionsFromFlags(parseErlFlags(this.flags(name), {})).options.tls;
  }

  remove() {
    this.#working?.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #disterl(...words) {
    const manifest = fileURLToPath(import.meta.resolve("@disterl/cli/package.json"));
    const { bin } = JSON.parse(readFileSync(manifest, "utf8"));
    const done = run(process.execPath, [join(dirname(manifest), bin.disterl), ...words]);
    this.#working = done.child;
    await done;
    this.#working = undefined;
  }
}
