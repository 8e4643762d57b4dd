#!/usr/bin/env node
import { inspect } from "node:util";
import type { CliIo } from "./cli-io.ts";
import { askSecret } from "./ask-secret.ts";
import { CliFailure } from "./cli-failure.ts";
import { runEpmd } from "./epmd/run-epmd.ts";
import { exitCodes } from "./exit-codes.ts";
import { runCli } from "./run-cli.ts";

const [first, ...rest] = process.argv.slice(2);

// A reader that has seen enough (`disterl names | head -1`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
// Nobody to talk to: what we do goes on.
process.stderr.on("error", () => {});

if (first === "epmd") {
  process.exitCode = await runEpmd(rest);
} else {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  try {
    process.exitCode = await runCli(process.argv.slice(2), processIo(interrupted.signal));
  } catch (error) {
    // Nobody's expectation, so a fault of ours: one line, and all of it for who wants to report it.
    const shown = process.env["DISTERL_DEBUG"] === "1" ? inspect(error) : String(error);
    process.stderr.write(`disterl: internal error, please report it (DISTERL_DEBUG=1): ${shown}\n`);
    process.exitCode = exitCodes.internal;
  }
}

function processIo(signal: AbortSignal): CliIo {
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    env: process.env,
    colors: process.stderr.isTTY && (process.env["NO_COLOR"] ?? "") === "",
    signal,
    readStdin,
    askSecret,
  };
}

async function readStdin(limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) {
      const message = `standard input has more than ${limit} bytes`;
      throw new CliFailure(exitCodes.usage, "usage", "ERR_CLI_CALL", message);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
