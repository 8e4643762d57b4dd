import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeTlsOptions } from "disterl";
import { parseErlFlags, startOptionsFromFlags } from "disterl/flags";
import { type OtpRelease, otpProgram } from "disterl/testing";
import { runCall } from "../compliance/epmd-programs.ts";
import { DISTERL, OurProgram } from "./our-programs.ts";

/** What `disterl cert` made for a cluster, in a temporary folder: a CA, and files for each node. */
export class CertFiles implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "disterl-cert-"));

  /** With a CA of its own, and a certificate for each of these nodes. */
  static async make(...nodes: string[]): Promise<CertFiles> {
    const files = new CertFiles();
    await files.run("init");
    for (const node of nodes) await files.run("node", node);
    return files;
  }

  /** Runs the command as a program of its own, as people do. */
  async run(...args: string[]): Promise<void> {
    await using command = new OurProgram(DISTERL, ["cert", ...args, "--dir", this.folder], {});
    if ((await command.ended) !== 0)
      throw new Error(`disterl cert ${args.join(" ")}: ${command.err}`);
  }

  /** A file of a node: `inet_tls.conf`, `cert.pem`, `key.pem`, `ca.pem` or `crls`. */
  file(node: string, name: string): string {
    return join(this.folder, node, name);
  }

  /** What makes a node, of Erlang or of ours, use the files of `node`. */
  flags(node: string): readonly string[] {
    return ["-proto_dist", "inet_tls", "-ssl_dist_optfile", this.file(node, "inet_tls.conf")];
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `tls` of `startNode`, as those flags ask for it. */
export function tlsOf(flags: readonly string[]): NodeTlsOptions {
  const { tls } = startOptionsFromFlags(parseErlFlags(flags, {})).options;
  if (tls === undefined) throw new Error(`no TLS in ${flags.join(" ")}`);
  return tls;
}

/** Where the `ssl` application is, which RabbitMQ and its tools are told by `-pa`. */
export async function sslPath(otp: OtpRelease): Promise<string> {
  const question = 'io:format("~s~n", [filename:dirname(code:which(inet_tls_dist))])';
  const args = ["-noinput", "-eval", question, "-s", "init", "stop"];
  return (await runCall(otpProgram(otp, "erl", args), {})).stdout.trim();
}
