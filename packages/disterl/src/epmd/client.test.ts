import { createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { freePort } from "../testing/c-epmd.ts";
import { EpmdClient } from "./client.ts";
import type { EpmdClientEvent, EpmdClientOptions } from "./client-options.ts";
import { knownAddresses, systemResolve } from "./dial.ts";
import { ensureEpmd } from "./ensure-epmd.ts";
import { nodeInfo } from "./node-info.ts";
import { aliveReply, parseRequest, portReply } from "./packets.ts";
import { type EpmdServer, startEpmdServer } from "./server.ts";

const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

/** By default on a port that nobody else is given while it is closed. */
async function serverOn(port?: number): Promise<EpmdServer> {
  const server = await startEpmdServer({
    port: port ?? (await freePort()),
    addresses: ["127.0.0.1"],
  });
  cleanUp.push(() => server.close());
  return server;
}

/** A client whose events can be waited for. */
class Watched extends EpmdClient {
  readonly events: EpmdClientEvent[];

  constructor(options: EpmdClientOptions) {
    const events: EpmdClientEvent[] = [];
    super({ retryMs: 20, environment: {}, ...options, onEvent: (event) => events.push(event) });
    this.events = events;
    cleanUp.push(() => this.close());
  }

  async event(type: EpmdClientEvent["type"]): Promise<EpmdClientEvent | undefined> {
    await expect.poll(() => this.events.map((event) => event.type)).toContain(type);
    return this.events.find((event) => event.type === type);
  }
}

/** Somebody on a port who treats connections as told. */
async function impostor(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUp.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function code(expected: string, facts: object = {}): unknown {
  return expect.objectContaining({ code: expected, facts: expect.objectContaining(facts) });
}

test("a node registers, is found, is listed, and is gone after unregister", async () => {
  const server = await serverOn();
  const client = new Watched({ port: server.port });
  const registration = await client.register("rabbit", 5000, { extra: Uint8Array.of(1, 2) });
  expect(registration.creation).toBeGreaterThan(3);
  expect(await client.lookup("rabbit", "localhost")).toMatchObject({
    port: 5000,
    version: 6,
    address: "127.0.0.1",
    node: { nodeType: 77, highest: 6, lowest: 5, extra: Uint8Array.of(1, 2) },
  });
  expect(await client.lookup("hare", "127.0.0.1")).toBeUndefined();
  expect(await client.names("127.0.0.1")).toEqual([{ name: "rabbit", port: 5000 }]);
  await registration.unregister();
  await registration.unregister();
  expect(await client.names("127.0.0.1")).toEqual([]);
});

test("a hidden node registers as one when it wants to, and versions follow the environment", async () => {
  const server = await serverOn();
  const client = new Watched({
    port: server.port,
    environment: { ERL_EPMD_DIST_HIGH: "5" },
  });
  const registration = await client.register("c", 5000, { hidden: true });
  expect(registration.creation).toBeLessThanOrEqual(3);
  expect(server.nodes()).toMatchObject([{ nodeType: 72, highest: 5, lowest: 5 }]);
});

test("the same client registers one node at a time", async () => {
  const server = await serverOn();
  const client = new Watched({ port: server.port });
  const first = await client.register("a", 1);
  await expect(client.register("b", 2)).rejects.toThrow(code("ERR_EPMD_ALREADY_REGISTERED"));
  await first.unregister();
  await client.register("b", 2);
  expect(server.nodes().map(({ name }) => name)).toEqual(["b"]);
});

test.each([
  ["", 1],
  ["a@b", 1],
  ["a\nb", 1],
  ["a".repeat(256), 1],
  ["a", 0],
  ["a", 65_536],
])("register(%j, %i) is a wrong argument", async (name, port) => {
  const client = new Watched({ port: 1 });
  await expect(client.register(name, port)).rejects.toThrow(TypeError);
});

test("after a restart of epmd the node is registered again and keeps its creation", async () => {
  const first = await serverOn();
  const client = new Watched({ port: first.port });
  const registration = await client.register("a", 5000);
  const { creation } = registration;
  await first.close();
  await client.event("lost");
  const second = await startEpmdServer({
    port: first.port,
    addresses: ["127.0.0.1"],
    wallSeconds: () => 77,
  });
  cleanUp.push(() => second.close());
  expect(await client.event("reregistered")).toMatchObject({ name: "a", creation: 78 });
  expect(registration.creation).toBe(creation);
  expect(second.nodes()).toMatchObject([{ name: "a", port: 5000 }]);
});

test("a thief that was quicker is told once, and the name is taken back when it is free", async () => {
  const first = await serverOn();
  const clock = new VirtualClock();
  const client = new Watched({ port: first.port, clock });
  const passing = async (): Promise<string[]> => {
    await clock.advance(20);
    return client.events.map((event) => event.type);
  };
  await client.register("a", 5000);
  await first.close();
  const second = await serverOn(first.port);
  const thief = new Watched({ port: first.port });
  const stolen = await thief.register("a", 6666);
  await expect.poll(passing).toContain("name_lost");
  const told = { type: "name_lost", name: "a", holderPort: 6666 };
  for (let times = 0; times < 10; times++) {
    await passing();
    await new Promise<void>((resolve) => setTimeout(resolve, 10));
  }
  expect(client.events.filter(({ type }) => type === "name_lost")).toEqual([told]);
  await stolen.unregister();
  await expect.poll(passing).toContain("reregistered");
  expect(second.nodes()).toMatchObject([{ port: 5000 }]);
});

test("attempts are about two seconds apart, spread by the injected random", async () => {
  const server = await serverOn();
  const clock = new VirtualClock();
  const client = new Watched({ port: server.port, retryMs: 2000, clock, random: () => 0.5 });
  await client.register("a", 5000);
  await server.close();
  await client.event("lost");
  await clock.advance(1999);
  expect(client.events.filter(({ type }) => type === "retry_failed")).toHaveLength(0);
  await clock.advance(1);
  await client.event("retry_failed");
});

test("a name that is taken for good is an error that says by whom", async () => {
  const server = await serverOn();
  await new Watched({ port: server.port }).register("a", 5000);
  const client = new Watched({ port: server.port, duplicateRetryMs: 0 });
  await expect(client.register("a", 5001)).rejects.toThrow(
    code("ERR_EPMD_NAME_TAKEN", { nodeName: "a", holderPort: 5000 }),
  );
});

test("a name that becomes free within two seconds is not an error", async () => {
  const server = await serverOn();
  const earlier = await new Watched({ port: server.port }).register("a", 5000);
  const client = new Watched({ port: server.port });
  const registering = client.register("a", 5001);
  await earlier.unregister();
  await registering;
  expect(server.nodes()).toMatchObject([{ port: 5001 }]);
});

test("nobody there: unreachable, for look-ups and registrations", async () => {
  const client = new Watched({ port: await freePort() });
  await expect(client.lookup("a", "127.0.0.1")).rejects.toThrow(code("ERR_EPMD_UNREACHABLE"));
  await expect(client.names("127.0.0.1")).rejects.toThrow(code("ERR_EPMD_UNREACHABLE"));
  await expect(client.register("a", 1)).rejects.toThrow(code("ERR_EPMD_UNREACHABLE"));
});

test("nobody there, and allowed to start one: it is started, once, and ends with its client", async () => {
  const port = await freePort();
  const server = { addresses: ["127.0.0.1"] };
  const first = new Watched({ port, allowStart: true, server });
  const second = new Watched({ port, allowStart: true, server });
  await Promise.all([first.register("a", 1), second.register("b", 2)]);
  const embedded = [first.embedded, second.embedded].filter((one) => one !== undefined);
  expect(embedded).toHaveLength(1);
  expect(embedded[0]?.nodes()).toHaveLength(2);
  await Promise.all([first.close(), second.close()]);
  await expect(ensureEpmd({ port, allowStart: false })).rejects.toThrow(
    code("ERR_EPMD_UNREACHABLE"),
  );
});

test("when the client with the embedded epmd goes, another starts its own", async () => {
  const port = await freePort();
  const server = { addresses: ["127.0.0.1"] };
  const first = new Watched({ port, allowStart: true, server });
  await first.register("a", 1);
  const second = new Watched({ port, allowStart: true, server });
  const third = new Watched({ port, allowStart: true, server });
  await Promise.all([second.register("b", 2), third.register("c", 3)]);
  await first.close();
  await Promise.all([second.event("reregistered"), third.event("reregistered")]);
  const names = (await second.names("127.0.0.1")).map(({ name }) => name).toSorted();
  expect(names).toEqual(["b", "c"]);
});

test("ensureEpmd leaves an epmd that answers alone", async () => {
  const { port } = await serverOn();
  expect(await ensureEpmd({ port, allowStart: true })).toBeUndefined();
});

test.each([
  ["says nothing and closes", (socket: Socket) => socket.end(), "ERR_EPMD_CLOSED"],
  ["resets", (socket: Socket) => socket.resetAndDestroy(), "ERR_EPMD_CLOSED"],
  ["speaks HTTP", (socket: Socket) => socket.end("HTTP/1.1 400\r\n"), "ERR_EPMD_BAD_REPLY"],
  ["stops half-way", (socket: Socket) => socket.end(Buffer.from("7700", "hex")), "ERR_EPMD_CLOSED"],
])("somebody on the port who %s", async (_, behave, expected) => {
  const port = await impostor((socket) => socket.once("data", () => behave(socket)));
  const client = new Watched({ port });
  await expect(client.lookup("a", "127.0.0.1")).rejects.toThrow(code(expected));
});

test("an endless listing is cut off", async () => {
  const piece = Buffer.alloc(64 * 1024, "name a at port 1\n");
  const port = await impostor((socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.once("data", more).on("drain", more);
  });
  const client = new Watched({ port });
  await expect(client.names("127.0.0.1")).rejects.toThrow(code("ERR_EPMD_REPLY_TOO_LARGE"));
});

test("an epmd that hangs: a look-up ends after 5 seconds, a registration after 10", async () => {
  const seen: Socket[] = [];
  const port = await impostor((socket) => seen.push(socket.resume()));
  const clock = new VirtualClock();
  const client = new Watched({ port, clock });
  const looking = client.lookup("a", "127.0.0.1").catch((error: unknown) => error);
  await expect.poll(() => seen.length).toBe(1);
  await clock.advance(5000);
  expect(await looking).toEqual(code("ERR_EPMD_TIMEOUT", { request: "PORT_PLEASE2_REQ" }));
  const registering = client.register("a", 1).catch((error: unknown) => error);
  await expect.poll(() => seen.length).toBe(2);
  await clock.advance(10_000);
  expect(await registering).toEqual(code("ERR_EPMD_TIMEOUT", { request: "ALIVE2_REQ" }));
  await expect.poll(() => seen.every((socket) => socket.destroyed)).toBe(true);
});

test("an abort ends a look-up and a registration at once, with its reason", async () => {
  const seen: Socket[] = [];
  const port = await impostor((socket) => seen.push(socket.resume()));
  const client = new Watched({ port });
  const reason = new Error("not needed any more");
  for (const call of [
    (signal: AbortSignal) => client.lookup("a", "127.0.0.1", { signal }),
    (signal: AbortSignal) => client.names("127.0.0.1", { signal }),
    (signal: AbortSignal) => client.register("a", 1, { signal }),
  ]) {
    seen.length = 0;
    const controller = new AbortController();
    const calling = call(controller.signal).catch((error: unknown) => error);
    await expect.poll(() => seen.length).toBe(1);
    controller.abort(reason);
    expect(await calling).toBe(reason);
    await expect.poll(() => seen[0]?.destroyed).toBe(true);
    expect(await call(AbortSignal.abort(reason)).catch((error: unknown) => error)).toBe(reason);
  }
});

test("the addresses of a host are tried in order", async () => {
  const server = await serverOn();
  const client = new Watched({
    port: server.port,
    resolve: () => Promise.resolve(["127.0.0.2", "127.0.0.1"]),
  });
  await client.register("a", 5000);
  expect(await client.lookup("a", "two.addresses")).toMatchObject({ address: "127.0.0.1" });
});

test("localhost is this machine: the system is not asked for it, a resolver of the program's is", async () => {
  expect(knownAddresses("localhost", 0, systemResolve)).toEqual(["127.0.0.1", "::1"]);
  expect(knownAddresses("localhost", 6, systemResolve)).toEqual(["::1", "::ffff:127.0.0.1"]);
  expect(knownAddresses("somewhere", 0, systemResolve)).toBeUndefined();
  const server = await serverOn();
  const system = new Watched({ port: server.port });
  await system.register("a", 5000);
  expect(await system.lookup("a", "localhost")).toMatchObject({ address: "127.0.0.1" });
  const own = new Watched({ port: server.port, resolve: () => Promise.resolve(["127.0.0.2"]) });
  await expect(own.lookup("a", "localhost")).rejects.toThrow(code("ERR_EPMD_UNREACHABLE"));
});

test("IPv6: registration and look-up on ::1", async () => {
  const server = await serverOn();
  const client = new Watched({ port: server.port, family: 6 });
  await client.register("a", 5000);
  expect(await client.lookup("a", "::1")).toMatchObject({ port: 5000, address: "::1" });
});

test("an unknown host", async () => {
  const client = new Watched({ port: 1, resolve: () => Promise.reject(new Error("ENOTFOUND")) });
  await expect(client.lookup("a", "nowhere")).rejects.toThrow(
    code("ERR_EPMD_HOST_UNKNOWN", { host: "nowhere" }),
  );
});

test("who says yes to a registration but tells others another port is noticed", async () => {
  const port = await impostor((socket) => {
    socket.once("data", (data) => {
      const request = parseRequest(data.subarray(2));
      if (request.kind === "alive2") socket.write(aliveReply({ result: 0, creation: 9 }, 6));
      else socket.end(portReply(nodeInfo("a", 6666)));
    });
  });
  const client = new Watched({ port });
  await client.register("a", 5000);
  expect(await client.event("name_lost")).toMatchObject({ holderPort: 6666 });
});

test.each([
  [0, undefined],
  [1, 1],
  [2 ** 32 - 1, 2 ** 32 - 1],
])("creation %i of epmd becomes %s", async (given, creation) => {
  const port = await impostor((socket) => {
    socket.once("data", () => socket.write(aliveReply({ result: 0, creation: given }, 6)));
  });
  const client = new Watched({ port, lookupTimeoutMs: 50 });
  expect((await client.register("a", 5000)).creation).toBe(creation);
});

test("unregister while epmd is away stops the attempts", async () => {
  const server = await serverOn();
  const client = new Watched({ port: server.port });
  const registration = await client.register("a", 5000);
  await server.close();
  await client.event("lost");
  await registration.unregister();
  const again = await serverOn(server.port);
  await new Promise<void>((resolve) => setTimeout(resolve, 100));
  expect(again.nodes()).toEqual([]);
});

test("a closed client does not register", async () => {
  const server = await serverOn();
  const client = new Watched({ port: server.port });
  const registering = client.register("a", 5000).catch((error: unknown) => error);
  await client.close();
  await registering;
  await expect.poll(() => server.nodes()).toEqual([]);
  await expect(client.register("a", 5000)).rejects.toThrow(code("ERR_EPMD_CLOSED"));
});
