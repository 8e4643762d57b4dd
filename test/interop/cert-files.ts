import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeTlsOptions } from "disterl";
import { parseErlFlags, startOptionsFromFlags } from "disterl/flags";
import { GuidePage, runCommands } from "./guide-page.ts";
import { DISTERL, OurProgram } from "./our-programs.ts";

/** What `disterl cert` made for a cluster, in a temporary folder: a CA, and files for each node. */
export class CertFiles implements Disposable {
  /** Has the folder `certs` in it. */
  readonly root: string = mkdtempSync(join(tmpdir(), "disterl-cert-"));

  /** With a CA of its own, and a certificate for each of these nodes. */
  static async make(...nodes: string[]): Promise<CertFiles> {
    const files = new CertFiles();
    await files.run("init");
    for (const node of nodes) await files.run("node", node);
    return files;
  }

  /** Runs the command as a program of its own, as people do. */
  async run(...args: string[]): Promise<void> {
    const argv = ["cert", ...args, "--dir", join(this.root, "certs")];
    await using command = new OurProgram(DISTERL, argv, {});
    if ((await command.ended) !== 0) throw new Error(`disterl ${argv.join(" ")}: ${command.err}`);
  }

  /** A file of a node: `inet_tls.conf`, `cert.pem`, `key.pem` or `ca.pem`. */
  file(node: string, name: string): string {
    return join(this.root, "certs", node, name);
  }

  optfile(node: string): string {
    return this.file(node, "inet_tls.conf");
  }

  /** What makes a node, of Erlang or of ours, use the files of `node`. */
  flags(node: string): readonly string[] {
    return ["-proto_dist", "inet_tls", "-ssl_dist_optfile", this.optfile(node)];
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Those of a page of the guide, made and installed by its commands. */
export class GuideCertFiles extends CertFiles {
  readonly page: GuidePage;

  static async makeFrom(page: string): Promise<GuideCertFiles> {
    const files = new GuideCertFiles(page);
    for (const server of ["rabbitmq", "ejabberd", "demo"]) {
      mkdirSync(join(files.root, "etc", server), { recursive: true });
    }
    await runCommands(files.page.block("make certificates"), files.root);
    await runCommands(files.page.block("install them"), files.root);
    return files;
  }

  private constructor(page: string) {
    super();
    this.page = new GuidePage(page, this.root);
  }
}

/** `tls` of `startNode`, as those flags ask for it. */
export function tlsOf(flags: readonly string[]): NodeTlsOptions {
  const { tls } = startOptionsFromFlags(parseErlFlags(flags, {})).options;
  if (tls === undefined) throw new Error(`no TLS in ${flags.join(" ")}`);
  return tls;
}
