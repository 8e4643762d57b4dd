#!/usr/bin/env node
/**
 * Captures what two nodes of real Erlang/OTP write to each other after their handshake.
 *
 *     node test/vectors/wire/capture.mjs 25=erl "29=chroot /somewhere erl"
 *
 * A small epmd of its own tells the first node that the second listens on a port of this script,
 * which passes everything on and notes it. On the way it can clear capability flags in the two `N`
 * messages of the handshake (nothing protects them), so that the nodes agree on less: the messages
 * of older nodes, sent by newer ones. Writes one file for each release and part.
 */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import { gzipSync } from "node:zlib";

const scenario = readFileSync(new URL("scenario.erl", import.meta.url), "utf8");
const bit = (n) => 1n << BigInt(n);
const HEADER = bit(13);
const SENDER = bit(19);
const EXIT_PAYLOAD = bit(22);
const FRAGMENTS = bit(23);
const UNLINK_ID = bit(25);
const ALIAS = bit(35);
const ALTACT = bit(37);

/** Part of the scenario, flags to clear, and the first and last release it is for. */
const parts = [
  { file: "signals", talk: "signals", clear: 0n },
  { file: "bulk", talk: "bulk", clear: 0n },
  { file: "bulk-no-cache", talk: "bulk", clear: HEADER, only: ["25"] },
  { file: "no-header", talk: "signals", clear: HEADER | FRAGMENTS },
  { file: "bulk-no-header", talk: "bulk", clear: HEADER | FRAGMENTS, only: ["25"] },
  { file: "alias-send", talk: "signals", clear: ALTACT, only: ["29"] },
  { file: "old", talk: "signals", clear: SENDER | EXIT_PAYLOAD | ALIAS },
  { file: "old-links", talk: "links", clear: UNLINK_ID | EXIT_PAYLOAD, only: ["25"] },
  { file: "priority", talk: "priority", clear: 0n, only: ["29"] },
];

function listen(onSocket) {
  return new Promise((resolve) => {
    const server = createServer(onSocket);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

/** An epmd for two nodes; says `redirect.port` for the listener once that is set. */
function startEpmd(ports, redirect) {
  return listen((socket) => {
    socket.on("error", () => {});
    socket.once("data", (request) => {
      const code = request[2];
      if (code === 120) {
        const length = request.readUInt16BE(11);
        ports.set(request.toString("latin1", 13, 13 + length), request.readUInt16BE(3));
        socket.write(Buffer.from([118, 0, 0, 0, 0x12, 0x34]));
        return;
      }
      const name = request.toString("latin1", 3);
      const port = name === "listener" ? redirect.port : ports.get(name);
      const found = Buffer.from(
        `\x77\0\0\0\x4d\0\0\x06\0\x05\0${String.fromCharCode(name.length)}${name}\0\0`,
        "latin1",
      );
      if (port !== undefined) found.writeUInt16BE(port, 2);
      socket.end(port === undefined ? Buffer.from([119, 1]) : found);
    });
  });
}

/** Passes one direction on; handshake messages have two bytes of length, `last` ends them. */
class Direction {
  frames = [];
  creation = 0;
  flags = 0n;
  #rest = Buffer.alloc(0);
  #handshake = true;
  constructor(last, clear) {
    this.last = last;
    this.clear = clear;
  }
  take(bytes) {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const out = [];
    for (;;) {
      const prefix = this.#handshake ? 2 : 4;
      if (this.#rest.length < prefix) break;
      const length = this.#rest.readUIntBE(0, prefix);
      if (this.#rest.length < prefix + length) break;
      const packet = this.#rest.subarray(0, prefix + length);
      this.#rest = this.#rest.subarray(prefix + length);
      const body = packet.subarray(prefix);
      if (this.#handshake) this.#shake(body);
      else if (length > 0) this.frames.push(Buffer.from(body));
      out.push(Buffer.from(packet));
    }
    return Buffer.concat(out);
  }
  #shake(body) {
    if (body[0] === 0x4e) {
      this.flags = body.readBigUInt64BE(1) & ~this.clear;
      body.writeBigUInt64BE(this.flags, 1);
      this.creation = body.readUInt32BE(this.last === 0x72 ? 9 : 13);
    }
    if (body[0] === this.last) this.#handshake = false;
  }
}

function startNode(command, name, epmdPort, env) {
  const load = `S=os:getenv("SCENARIO"),{ok,T,_}=erl_scan:string(S),
    Split=fun F([],[],A)->lists:reverse(A);
              F([{dot,_}=D|R],C,A)->F(R,[],[lists:reverse([D|C])|A]);
              F([X|R],C,A)->F(R,[X|C],A) end,
    Fs=[begin {ok,P}=erl_parse:parse_form(X),P end||X<-Split(T,[],[])],
    {ok,M,B}=compile:forms(Fs,[]),code:load_binary(M,"",B),M:start()`;
  const [program, ...prefix] = command.split(" ");
  const args = ["-noinput", "-start_epmd", "false", "-hidden", "-name", `${name}@127.0.0.1`];
  const child = spawn(program, [...prefix, ...args, "-setcookie", "capture", "-eval", load], {
    env: {
      ...process.env,
      ERL_EPMD_PORT: String(epmdPort),
      ERL_CRASH_DUMP_SECONDS: "0",
      SCENARIO: scenario,
      ...env,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = (line) =>
    new Promise((resolve, reject) => {
      let text = "";
      child.stdout.on("data", (data) => {
        text += data;
        if (text.includes(line)) resolve();
      });
      child.once("exit", () => reject(new Error(`${name} ended: ${text}`)));
    });
  return { child, said };
}

async function capture(release, command, { file, talk, clear }) {
  const ports = new Map();
  const redirect = {};
  const epmd = await startEpmd(ports, redirect);
  const toListener = new Direction(0x72, clear);
  const toTalker = new Direction(0x61, clear);
  const proxy = await listen((near) => {
    const far = connect(ports.get("listener"), "127.0.0.1");
    near.on("data", (bytes) => far.write(toListener.take(bytes)));
    far.on("data", (bytes) => near.write(toTalker.take(bytes)));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      one.on("error", () => {});
      one.on("close", () => other.destroy());
    }
  });
  redirect.port = proxy.address().port;
  const epmdPort = epmd.address().port;
  const listener = startNode(command, "listener", epmdPort, { ROLE: "listener" });
  await listener.said("READY");
  const env = { ROLE: talk, PEER: "listener@127.0.0.1" };
  const talker = startNode(command, "talker", epmdPort, env);
  await talker.said("DONE");
  listener.child.kill();
  epmd.close();
  proxy.close();
  const flags = toListener.flags & toTalker.flags;
  writeFileSync(
    new URL(`otp-${release}-${file}.json`, import.meta.url),
    `${JSON.stringify(
      {
        otp: release,
        part: talk,
        flags: `0x${flags.toString(16)}`,
        talker: { name: "talker@127.0.0.1", creation: toListener.creation },
        listener: { name: "listener@127.0.0.1", creation: toTalker.creation },
        toListener: toListener.frames.map(asText),
        toTalker: toTalker.frames.map(asText),
      },
      undefined,
      1,
    )}\n`,
  );
}

/** Hex; longer frames as `gzip:` and base64. */
function asText(frame) {
  return frame.length <= 400 ? frame.toString("hex") : `gzip:${gzipSync(frame).toString("base64")}`;
}

for (const argument of process.argv.slice(2)) {
  const [release, command] = argument.split(/=(.*)/s);
  for (const part of parts) {
    if (part.only !== undefined && !part.only.includes(release)) continue;
    await capture(release, command, part);
    console.log(`otp-${release}-${part.file}.json`);
  }
}
