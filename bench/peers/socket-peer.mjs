/**
 * One end of a bare TCP or TLS connection, in a process of its own: what the machine allows for the
 * same bytes. The listening end writes, or sends back; the dialling end reads with `onread`, or with
 * `data` events over TLS, which has nothing else.
 */
import { readFileSync } from "node:fs";
import * as net from "node:net";
import * as tls from "node:tls";

/** With `tls`: files of a certificate and its CA, and the version. */
const { tls: files } = JSON.parse(process.argv[2]);
const credentials = files && {
  cert: readFileSync(files.certfile),
  key: readFileSync(files.keyfile),
  ca: readFileSync(files.cacertfile),
  minVersion: files.version,
  maxVersion: files.version,
};

const CHUNK = 64 * 1024;

/** Per connection, the first byte says what to do: `e` send it and all else back, `s` and 8 bytes: stream so many. */
function serve(socket) {
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.once("data", (request) => {
    if (request[0] === "s".charCodeAt(0)) void stream(socket, Number(request.readBigUInt64BE(1)));
    else echo(socket);
  });
}

function echo(socket) {
  socket.on("data", (chunk) => socket.write(chunk));
  socket.write("e");
}

async function stream(socket, bytes) {
  const chunk = Buffer.alloc(CHUNK, 7);
  for (let left = bytes; left > 0; left -= CHUNK) {
    if (socket.write(left >= CHUNK ? chunk : chunk.subarray(0, left))) continue;
    await new Promise((resolve) => socket.once("drain", resolve));
  }
  socket.end();
}

function dial(port, onBytes) {
  if (credentials !== undefined) return dialTls(port, onBytes);
  const buffer = Buffer.allocUnsafeSlow(256 * 1024);
  const onread = { buffer, callback: (length) => (onBytes(length), true) };
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: "127.0.0.1", port, noDelay: true, onread });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

function dialTls(port, onBytes) {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      ...credentials,
      host: "127.0.0.1",
      servername: "localhost",
      port,
    });
    socket.setNoDelay(true);
    socket.on("data", (chunk) => onBytes(chunk.length));
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

function createServer() {
  if (credentials === undefined) return net.createServer(serve);
  const mutual = { requestCert: true, rejectUnauthorized: true };
  return tls.createServer({ ...credentials, ...mutual }, serve);
}

const commands = {
  listen() {
    const server = createServer();
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve(server.address().port));
    });
  },

  async stream({ port, bytes }) {
    let left = bytes;
    let arrived;
    const all = new Promise((resolve) => {
      arrived = resolve;
    });
    const socket = await dial(port, (length) => {
      left -= length;
      if (left === 0) arrived();
    });
    const request = Buffer.from("s________");
    request.writeBigUInt64BE(BigInt(bytes), 1);
    const start = process.hrtime.bigint();
    socket.write(request);
    await all;
    const us = Number(process.hrtime.bigint() - start) / 1000;
    socket.destroy();
    return { us };
  },

  async echo({ port, count }) {
    let next;
    const ready = new Promise((resolve) => {
      next = resolve;
    });
    const socket = await dial(port, () => next());
    socket.write("e");
    await ready;
    const message = Buffer.alloc(64, 7);
    const times = [];
    for (let i = 0; i < count; i++) {
      const start = process.hrtime.bigint();
      const back = new Promise((resolve) => {
        next = resolve;
      });
      socket.write(message);
      await back;
      times.push(Number(process.hrtime.bigint() - start));
    }
    socket.destroy();
    times.sort((a, b) => a - b);
    const at = (share) => times[Math.floor(times.length * share)];
    return { p50: at(0.5), p99: at(0.99) };
  },

  stop() {},
};

process.on("message", async ({ id, command, args }) => {
  try {
    process.send({ id, value: await commands[command](args) });
    if (command === "stop") process.disconnect();
  } catch (error) {
    process.send({ id, error: error.stack });
  }
});
process.on("disconnect", () => process.exit());
process.send({ ready: "socket" });
