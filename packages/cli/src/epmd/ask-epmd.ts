import { connect, type Socket } from "node:net";
import { systemClock } from "disterl/carrier";
import { dumpRequest, killRequest, namesRequest, printable, stopRequest } from "disterl/epmd";
import type { EpmdIo } from "./epmd-io.ts";
import type { EpmdQuestion } from "./parse-arguments.ts";

/** The longest listing that is printed. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;
/** How long a daemon may take for its answer. */
const REPLY_MS = 10_000;
/** The longest name `-stop` takes. */
const MAX_STOP_NAME_BYTES = 1000;

/** Asks the daemon of this machine, prints its answer, and returns the exit status. */
export async function askEpmd(question: EpmdQuestion, port: number, io: EpmdIo): Promise<number> {
  const silent = question.kind === "started";
  const say = (text: string): void => {
    if (!silent) io.stdout(text);
  };
  if (question.kind === "stop" && Buffer.byteLength(question.name) > MAX_STOP_NAME_BYTES) {
    say("epmd: Name too long!");
    return 1;
  }
  const socket = (await open("::1", port)) ?? (await open("127.0.0.1", port));
  if (socket === undefined) {
    if (!silent) io.stderr("epmd: Cannot connect to local epmd\n");
    return 1;
  }
  const reply = await readAll(socket, requestOf(question));
  if (question.kind === "kill") return tellKill(reply, say);
  if (question.kind === "stop") return tellStop(reply, say);
  return tellListing(reply, say);
}

function requestOf(question: EpmdQuestion): Uint8Array {
  switch (question.kind) {
    case "names":
    case "started":
      return namesRequest();
    case "dump":
      return dumpRequest();
    case "kill":
      return killRequest();
    case "stop":
      return stopRequest(question.name);
  }
}

function open(host: string, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("error", () => resolve(undefined));
    socket.once("connect", () => resolve(socket));
  });
}

interface Reply {
  readonly bytes: Buffer;
  readonly failed: boolean;
}

function readAll(socket: Socket, request: Uint8Array): Promise<Reply> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    let failed = false;
    const timer = systemClock.after(REPLY_MS, () => {
      failed = true;
      socket.destroy();
    });
    socket.on("error", () => {
      failed = true;
    });
    socket.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_REPLY_BYTES) chunks.push(chunk);
      else socket.destroy();
    });
    socket.once("close", () => {
      timer.cancel();
      resolve({ bytes: Buffer.concat(chunks), failed });
    });
    socket.write(request);
  });
}

function tellListing({ bytes }: Reply, say: (text: string) => void): number {
  if (bytes.length < 4) {
    say("epmd: no response from local epmd\n");
    return 1;
  }
  say(`epmd: up and running on port ${bytes.readUInt32BE()} with data:\n`);
  say(printable(bytes.toString("utf8", 4), "\n\0"));
  return 0;
}

function tellKill(reply: Reply, say: (text: string) => void): number {
  if (reply.bytes.length < 2) return tellOdd(reply, say);
  const killed = reply.bytes.toString("latin1", 0, 2) === "OK";
  say(killed ? "Killed\n" : "Killing not allowed - living nodes in database.\n");
  return killed ? 0 : 1;
}

function tellStop(reply: Reply, say: (text: string) => void): number {
  if (reply.bytes.length < 7) return tellOdd(reply, say);
  say(`${printable(reply.bytes.toString("latin1", 0, 7))}\n`);
  return 0;
}

function tellOdd({ bytes, failed }: Reply, say: (text: string) => void): number {
  if (failed) say("epmd: failed to read answer from local epmd\n");
  else say(`epmd: local epmd responded with <${printable(bytes.toString("latin1"))}>\n`);
  return 1;
}
