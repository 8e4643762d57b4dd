import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCall } from "../compliance/epmd-programs.ts";
import { DISTERL, installed } from "./our-programs.ts";

/** A page of the guide, whose files and commands are used as they stand there. */
export class GuidePage {
  readonly #text: string;
  readonly #folder: string;

  /** `app-1` and its address are this machine, and `/etc` is in a folder of the test. */
  constructor(page: string, folder: string) {
    const path = join(import.meta.dirname, "../../docs/guide", page);
    this.#text = readFileSync(path, "utf8");
    this.#folder = folder;
  }

  /** The block of code below the line that is `` `title`: ``, or that begins with it. */
  block(title: string): string {
    const lines = this.#text.slice(this.#text.indexOf(`\n\`${title}\``));
    const block = /^```\w+\n(.*?)^```/ms.exec(lines)?.[1];
    if (lines.length < 2 || block === undefined) throw new Error(`the page has no block ${title}`);
    return block
      .replaceAll("app-1", "localhost")
      .replaceAll("10.0.0.5", "127.0.0.1")
      .replaceAll("10,0,0,5", "127,0,0,1")
      .replaceAll("/etc/", `${this.#folder}/etc/`);
  }
}

/**
 * Runs commands of a page in a folder, with our packages installed there. Files keep their owner,
 * which only the superuser could change.
 */
export async function runCommands(
  commands: string,
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  program(join(bin, "disterl"), `exec "${process.execPath}" "${join(installed(), DISTERL)}" "$@"`);
  program(join(bin, "node"), `exec "${process.execPath}" "$@"`);
  program(join(bin, "chown"), "exit 0");
  const call = { file: "sh", args: ["-e", "-c", `cd "$0"\n${commands}`, folder] };
  const path = `${bin}:${process.env["PATH"] ?? ""}`;
  const done = await runCall(call, { HOME: folder, ...env, PATH: path });
  if (done.status !== 0) throw new Error(`${commands}\n${done.stderr}`);
  return done.stdout;
}

/** Makes a program of a page run in that folder: with our packages. */
export function installPackages(folder: string): void {
  cpSync(join(installed(), "node_modules"), join(folder, "node_modules"), {
    recursive: true,
    verbatimSymlinks: true,
  });
}

function program(path: string, line: string): void {
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
}
