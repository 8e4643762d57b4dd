#!/usr/bin/env node
import type { CliIo } from "./cli-io.ts";
import { runEpmd } from "./epmd/run-epmd.ts";
import { runCli } from "./run-cli.ts";

const [first, ...rest] = process.argv.slice(2);

// A reader that has seen enough (`disterl names | head -1`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

if (first === "epmd") {
  process.exitCode = await runEpmd(rest);
} else {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  process.exitCode = await runCli(process.argv.slice(2), processIo(interrupted.signal));
}

function processIo(signal: AbortSignal): CliIo {
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    env: process.env,
    colors: process.stderr.isTTY && (process.env["NO_COLOR"] ?? "") === "",
    signal,
    readStdin,
  };
}

async function readStdin(limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw new RangeError(`standard input has more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
