/**
 * What nobody friendly sends: each row of the hostile-input catalogue, by its number. The server
 * closes or refuses, stays alive, and goes on answering others.
 */
import { connect, createServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { aliveRequest, frame, namesRequest, parseNamesReply, portRequest } from "./packets.ts";
import { nodeInfo } from "./node-info.ts";
import { Registry } from "./registry.ts";
import { type EpmdServer, startEpmdServer } from "./server.ts";
import type { EpmdEvent } from "./server-event.ts";
import type { EpmdServerOptions } from "./server-options.ts";

const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

async function start(options: EpmdServerOptions = {}): Promise<{
  server: EpmdServer;
  events: EpmdEvent[];
}> {
  const events: EpmdEvent[] = [];
  const server = await startEpmdServer({
    port: 0,
    addresses: ["127.0.0.1"],
    onEvent: (event) => events.push(event),
    ...options,
  });
  cleanUp.push(() => server.close());
  return { server, events };
}

function open(port: number, localAddress?: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: "127.0.0.1",
      port,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    cleanUp.push(() => socket.destroy());
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

/** Everything that comes until the server closes. */
function rest(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.once("close", () => resolve(Buffer.concat(chunks)));
  });
}

async function ask(server: EpmdServer, sent: Uint8Array, localAddress?: string): Promise<Buffer> {
  const socket = await open(server.port, localAddress);
  const reply = rest(socket);
  socket.write(sent);
  return reply;
}

function firstBytes(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    socket.once("data", resolve);
  });
}

async function register(server: EpmdServer, name: string, port = 5000): Promise<Socket> {
  const socket = await open(server.port);
  socket.write(aliveRequest(nodeInfo(name, port)));
  expect((await firstBytes(socket)).subarray(0, 2)).toEqual(hex("7600"));
  return socket;
}

/** The rows below end here: somebody else still gets an answer, and sees only real nodes. */
async function expectHealthy(server: EpmdServer, names: readonly string[] = []): Promise<void> {
  const reply = parseNamesReply(await ask(server, namesRequest()));
  expect(reply.nodes.map(({ name }) => name)).toEqual(names);
  expect(reply.unreadable).toEqual([]);
}

const ALIVE_HEAD = "78 1388 4d 00 0006 0005";

test("EP-01 a request of length 0", async () => {
  const { server } = await start();
  expect(await ask(server, hex("0000"))).toHaveLength(0);
  await expectHealthy(server);
});

test("EP-02 an announced length of 65535, then silence: closed at once", async () => {
  const clock = new VirtualClock();
  const { server } = await start({ clock });
  expect(await ask(server, hex("ffff 78"))).toHaveLength(0);
  await expectHealthy(server);
});

test("EP-03 an unknown code", async () => {
  const { server, events } = await start();
  expect(await ask(server, hex("0001 c8"))).toHaveLength(0);
  expect(events.filter(({ type }) => type === "rejected")).toHaveLength(1);
  await expectHealthy(server);
});

test("EP-04 a name of 60000 bytes in a body of 14", async () => {
  const { server } = await start();
  expect(await ask(server, frame(hex(`${ALIVE_HEAD} ea60 61 0000`)))).toHaveLength(0);
  await expectHealthy(server);
});

test("EP-05 an extra field of 60000 bytes that is not there", async () => {
  const { server } = await start();
  expect(await ask(server, frame(hex(`${ALIVE_HEAD} 0001 61 ea60`)))).toHaveLength(0);
  await expectHealthy(server);
});

test.each([
  ["EP-06 an empty name with an extra field", `${ALIVE_HEAD} 0000 0003 616263`],
  [
    "EP-07 a name with a line feed and a forged line",
    `${ALIVE_HEAD} 0019 ${Buffer.from("x at port 1\nname rabbit  ").toString("hex")} 0000`,
  ],
  ["EP-08 a name with escape sequences", `${ALIVE_HEAD} 0006 1b5b324a7007 0000`],
  ["EP-10 a name with an @", `${ALIVE_HEAD} 0003 614062 0000`],
  ["EP-11 a name of 256 characters", `${ALIVE_HEAD} 0100 ${"61".repeat(256)} 0000`],
  ["EP-12 port 0", "78 0000 4d 00 0006 0005 0001 61 0000"],
])("%s: an error reply, then closed", async (_, body) => {
  const { server, events } = await start();
  expect(await ask(server, frame(hex(body)))).toEqual(hex("76 01 00000063"));
  expect(events.filter(({ type }) => type === "refused")).toHaveLength(1);
  await expectHealthy(server);
});

test("EP-09 a zero byte in the name", async () => {
  const { server } = await start();
  expect(await ask(server, frame(hex(`${ALIVE_HEAD} 0003 610062 0000`)))).toHaveLength(0);
  await expectHealthy(server);
});

test("EP-13 a name that is taken: an error reply, then closed", async () => {
  const { server } = await start();
  await register(server, "x");
  const reply = await ask(server, aliveRequest(nodeInfo("x", 5001)));
  expect(reply).toEqual(hex("76 01 00000063"));
  await expectHealthy(server, ["x"]);
});

test("EP-14 KILL is refused unless it is allowed, with a live node and without", async () => {
  const { server } = await start({ relaxedCommandCheck: true });
  expect(await ask(server, hex("0001 6b"))).toEqual(Buffer.from("NO"));
  await register(server, "x");
  expect(await ask(server, hex("0001 6b"))).toEqual(Buffer.from("NO"));
  await expectHealthy(server, ["x"]);
});

test("EP-15 STOP is refused without the relaxed command check", async () => {
  const { server } = await start({ allowKill: true });
  await register(server, "STOP");
  expect(await ask(server, hex("0005 73 53544f50"))).toHaveLength(0);
  await expectHealthy(server, ["STOP"]);
});

test("EP-16 one byte on a registration: unregistered and closed", async () => {
  const { server, events } = await start();
  const socket = await register(server, "x");
  const closed = rest(socket);
  socket.write(hex("00"));
  expect(await closed).toHaveLength(0);
  expect(events.at(-1)).toEqual({
    type: "unregistered",
    name: "x",
    port: 5000,
    reason: "unexpected_bytes",
  });
  await expectHealthy(server);
});

test("EP-17 two bytes behind a good request, in one piece: closed, not processed", async () => {
  const { server } = await start();
  const request = aliveRequest(nodeInfo("x", 5000));
  expect(await ask(server, Buffer.concat([request, hex("0001")]))).toHaveLength(0);
  await expectHealthy(server);
});

test("EP-18 a byte every 9 seconds: closed when the time is over all the same", async () => {
  const clock = new VirtualClock();
  const { server, events } = await start({ clock });
  const socket = await open(server.port);
  const closed = rest(socket);
  await expect.poll(() => server.connections).toBe(1);
  for (const byte of hex("0020")) {
    socket.write(Uint8Array.of(byte));
    await clock.advance(4500);
    expect(server.connections).toBe(1);
  }
  await clock.advance(1001);
  expect(await closed).toHaveLength(0);
  expect(events.at(-1)).toMatchObject({ type: "timeout" });
});

test("EP-19 1100 idle connections, then a look-up", async () => {
  const { server, events } = await start();
  await register(server, "x");
  for (let index = 0; index < 1100; index += 1) await open(server.port);
  expect((await ask(server, portRequest("x"))).subarray(0, 2)).toEqual(hex("7700"));
  await expect.poll(() => server.connections).toBeLessThanOrEqual(1 + 1024);
  expect(events.filter(({ type }) => type === "limit")).toHaveLength(1);
});

test("EP-20 2000 refused registrations that do not leave, then a look-up", async () => {
  const { server } = await start();
  await register(server, "x");
  const refused = aliveRequest(nodeInfo("x", 5001));
  for (let index = 0; index < 2000; index += 1) {
    const socket = await open(server.port);
    socket.write(refused);
  }
  expect((await ask(server, portRequest("x"))).subarray(0, 2)).toEqual(hex("7700"));
  await expect.poll(() => server.connections).toBe(1);
});

test("EP-21 200 clients that do not read a long listing: look-ups stay quick, memory bounded", async () => {
  const { server } = await start();
  const long = (index: number): string => String(index).padStart(4, "0") + "ы".repeat(251);
  for (let index = 0; index < 500; index += 1) await register(server, long(index));
  const before = process.memoryUsage();
  for (let index = 0; index < 200; index += 1) {
    const socket = await open(server.port);
    socket.pause();
    socket.write(namesRequest());
  }
  const took: number[] = [];
  for (let index = 0; index < 21; index += 1) {
    const started = performance.now();
    expect((await ask(server, portRequest(long(index)))).subarray(0, 2)).toEqual(hex("7700"));
    took.push(performance.now() - started);
  }
  expect(took.toSorted((a, b) => a - b)[10]).toBeLessThan(50);
  const after = process.memoryUsage();
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 * 1024 * 1024);
});

test.each([
  ["an empty name", "0001 7a"],
  ["a zero byte inside", "0004 7a 61 00 62"],
  ["3000 bytes", `0bb9 7a ${"61".repeat(3000)}`],
])("EP-22 a look-up with %s", async (_, sent) => {
  const { server } = await start();
  expect(await ask(server, hex(sent))).toHaveLength(0);
  await expectHealthy(server);
});

const elsewhere = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === "IPv4" && !one.internal)?.address;

test.runIf(elsewhere !== undefined)(
  "EP-23 a registration from another machine: closed without an answer",
  async () => {
    const { server } = await start();
    const reply = await ask(server, aliveRequest(nodeInfo("x", 5000)), elsewhere);
    expect(reply).toHaveLength(0);
    await expectHealthy(server);
  },
);

test("EP-24 100 000 lives of one name: no creation twice, none below 4, nothing kept", () => {
  const registry = new Registry({ wallSeconds: () => 2 ** 32 - 50_000 });
  const node = nodeInfo("x", 5000);
  const seen = new Set<number>();
  for (let life = 0; life < 100_000; life += 1) {
    const answer = registry.register(node, life);
    if (!answer.ok) throw new Error(answer.reason);
    seen.add(answer.node.creation);
    registry.release(answer.node);
  }
  expect(seen.size).toBe(100_000);
  expect(Math.min(...[...seen].slice(0, 60_000))).toBeGreaterThanOrEqual(4);
  expect(seen.has(0)).toBe(false);
  expect(registry.size).toBe(0);
  expect(registry.released()).toHaveLength(1);
});

test("EP-24 2000 lives of one name over the wire leave no connection behind", async () => {
  const { server } = await start();
  let last = 0;
  for (let life = 0; life < 2000; life += 1) {
    const socket = await open(server.port);
    socket.write(aliveRequest(nodeInfo("x", 5000)));
    const creation = (await firstBytes(socket)).readUInt32BE(2);
    expect(creation).toBeGreaterThan(last);
    last = creation;
    const closed = rest(socket);
    socket.end();
    await closed;
  }
  await expect.poll(() => server.connections).toBe(0);
  await expectHealthy(server);
});

test("connections of other machines leave places for this one", async () => {
  if (elsewhere === undefined) return;
  const { server } = await start({
    limits: { connections: 20, reservedForLoopback: 5, connectionsPerSource: 10 },
  });
  for (let index = 0; index < 30; index += 1) await open(server.port, elsewhere);
  await expect.poll(() => server.connections).toBe(10);
  await expectHealthy(server);
});

test("too many nodes are refused, and there is room again when one goes", async () => {
  const { server } = await start({ limits: { registrations: 2 } });
  const first = await register(server, "a");
  await register(server, "b");
  expect(await ask(server, aliveRequest(nodeInfo("c", 5000)))).toEqual(hex("76 01 00000063"));
  first.destroy();
  await expect.poll(() => server.nodes().length).toBe(1);
  await register(server, "c");
});

test("closing gives the port back and ends every connection", async () => {
  const { server } = await start();
  const node = await register(server, "x");
  const idle = await open(server.port);
  const ended = Promise.all([rest(node), rest(idle)]);
  await server.close();
  await ended;
  expect(await server.ended).toBe("closed");
  const again = createServer();
  cleanUp.push(() => again.close());
  await new Promise<void>((resolve, reject) => {
    again.once("error", reject);
    again.listen(server.port, "127.0.0.1", resolve);
  });
});
