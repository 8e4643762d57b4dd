import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Carrier, Listener } from "./carrier/carrier.ts";
import { CarrierError } from "./carrier/errors.ts";
import { MemoryNetwork } from "./carrier/memory.ts";
import { inet6Tcp, inetTcp } from "./carrier/tcp.ts";
import { unixSocket } from "./carrier/unix/unix.ts";
import type { Discovery, FoundNode } from "./epmd/discovery.ts";
import { systemClock } from "./carrier/clock.ts";
import { startNode } from "./start-node.ts";
import type { StartNodeOptions } from "./start-options.ts";

const cookie = "a cookie for tests only";
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "uds-"));
  folders.push(made);
  return made;
}

/** Nodes that were registered, and what was asked for. */
class Book implements Discovery {
  readonly known = new Map<string, FoundNode>();
  readonly registered: string[] = [];
  readonly asked: string[] = [];
  register(name: string, port: number): ReturnType<Discovery["register"]> {
    this.registered.push(name);
    this.known.set(name, { port, version: 6, address: "127.0.0.1" });
    return Promise.resolve({ creation: undefined, unregister: () => Promise.resolve() });
  }
  lookup(name: string): Promise<FoundNode | undefined> {
    this.asked.push(name);
    return Promise.resolve(this.known.get(name));
  }
  names(): ReturnType<Discovery["names"]> {
    return Promise.resolve([]);
  }
}

/** Carriers over networks of their own, whose handshakes differ; both hosts are called by one name. */
function networks(): { two: () => Carrier; four: () => Carrier } {
  const two = new MemoryNetwork({ clock: systemClock });
  const four = new MemoryNetwork({ clock: systemClock, handshakeLengthBytes: 4 });
  return {
    two: () => ({ ...two.carrier("127.0.0.1"), name: "two" }),
    four: () => ({ ...four.carrier("127.0.0.1"), name: "four" }),
  };
}

/** TCP, by another name. */
function called(name: string): Carrier {
  return {
    ...{ name, handshakeLengthBytes: 2 },
    listen: (options, onChannel) => inetTcp.listen(options, onChannel),
    connect: (options) => inetTcp.connect(options),
  };
}

const start = (name: string, options: StartNodeOptions): ReturnType<typeof startNode> =>
  startNode({ name: `${name}@localhost`, cookie, hidden: false, ...options });

test("a node listens on all its carriers, and is dialled on each with its own handshake", async () => {
  const { two, four } = networks();
  const book = new Book();
  await using both = await start("both", { carrier: [two(), four()], discovery: book });
  expect(both.addresses).toHaveLength(2);
  expect(both.address).toBe(both.addresses[0]);
  expect(both.netKernel.state).toMatchObject({
    carriers: ["two", "four"],
    addresses: both.addresses,
  });
  expect(book.registered).toEqual(["both"]);
  expect(book.known.get("both")?.port).toBe(both.addresses[0]?.port);
  await using first = await start("first", { carrier: two(), discovery: book });
  const elsewhere = new Book();
  elsewhere.known.set("both", {
    port: both.addresses[1]?.port ?? 0,
    version: 6,
    address: "127.0.0.1",
  });
  await using second = await start("second", { carrier: [four()], discovery: elsewhere });
  expect((await first.connect(both.name)).carrier).toBe("two");
  expect((await second.connect(both.name)).carrier).toBe("four");
  expect(both.peer(first.name)?.carrier).toBe("two");
  expect(both.peer(second.name)?.carrier).toBe("four");
});

test("it dials on the first carrier that reaches the node, or on the one that the discovery names", async () => {
  const { two, four } = networks();
  const book = new Book();
  await using one = await start("one", { carrier: two(), discovery: book });
  await using other = await start("other", { carrier: four(), discovery: book });
  const picky = { ...two(), reaches: (node: string) => node === one.name };
  await using both = await start("both", { carrier: [picky, four()], discovery: book });
  expect((await both.connect(one.name)).carrier).toBe("two");
  expect((await both.connect(other.name)).carrier).toBe("four");
  both.disconnect(other.name);
  const place = book.known.get("other");
  if (place !== undefined) book.known.set("other", { ...place, carrier: "four" });
  await using named = await start("named", { carrier: [two(), four()], discovery: book });
  expect((await named.connect(other.name)).carrier).toBe("four");
  if (place !== undefined) book.known.set("other", { ...place, carrier: "inet_tls" });
  await expect(named.ping("other@localhost")).resolves.toBeDefined(); // connected, nobody asks
  named.disconnect(other.name);
  await expect(named.connect(other.name)).rejects.toMatchObject({
    code: "ERR_CONNECT_CARRIER",
    message: expect.stringContaining("on inet_tls, says the discovery, and here is two, four"),
  });
});

test("where no carrier reaches a node, the error names them", async () => {
  const { two, four } = networks();
  const never = { reaches: () => false };
  const carrier = [
    { ...two(), ...never },
    { ...four(), ...never },
  ];
  await using node = await start("lonely", { carrier, discovery: new Book() });
  await expect(node.connect("far@localhost")).rejects.toMatchObject({
    code: "ERR_CONNECT_CARRIER",
    message: "cannot reach far@localhost: none of its carriers reaches that node (two, four)",
  });
});

test("a carrier that finds nodes itself takes no part in discovery", async () => {
  const directory = folder();
  const book = new Book();
  const carrier = () => [unixSocket({ directory }), inetTcp];
  await using east = await start("east", { carrier: unixSocket({ directory }), discovery: book });
  expect(book.registered).toEqual([]);
  expect(east.creation).toBeGreaterThan(3);
  await using west = await start("west", { carrier: carrier(), discovery: book });
  expect(book.registered).toEqual(["west"]);
  expect(book.known.get("west")?.port).toBe(west.addresses[1]?.port);
  expect((await west.connect(east.name)).carrier).toBe("erl_uds");
  await using north = await start("north", { carrier: inetTcp, discovery: book });
  expect((await west.connect(north.name)).carrier).toBe("inet_tcp");
  expect(book.asked).toEqual(["north"]);
  await west.stop();
  await east.stop();
  expect(readdirSync(directory)).toEqual([]);
});

test("the tick worker can write to unix sockets", async () => {
  const carrier = unixSocket({ directory: folder() });
  const warnings: string[] = [];
  const options: StartNodeOptions = {
    carrier,
    ticks: "worker",
    onWarning: (text) => warnings.push(text),
  };
  await using east = await start("east", options);
  await using west = await start("west", options);
  const events: string[] = [];
  const status = east.status();
  await west.ping(east.name);
  await west.stop();
  for await (const event of status) {
    events.push(event.type);
    if (event.type === "nodedown") break;
  }
  expect(events).toEqual(["nodeup", "nodedown"]);
  expect(warnings).toEqual([]);
});

test("when one carrier cannot listen the start fails with its error, and the others are released", async () => {
  const directory = folder();
  await using holder = await start("taken", { carrier: unixSocket({ directory }) });
  expect(holder.alive).toBe(true);
  let closed = 0;
  const { two } = networks();
  const watched: Carrier = {
    ...two(),
    async listen(options, onChannel): Promise<Listener> {
      const listener = await two().listen(options, onChannel);
      return {
        address: listener.address,
        close: () => {
          closed++;
          return listener.close();
        },
      };
    },
  };
  const book = new Book();
  const carrier = [watched, unixSocket({ directory })];
  const failure = await start("taken", { carrier, discovery: book }).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(CarrierError);
  expect(failure).toMatchObject({ code: "ERR_CARRIER_ADDRESS_IN_USE" });
  expect(closed).toBe(1);
  expect(book.registered).toEqual([]);
});

test("one address stands for IPv4 and IPv6; of a range of ports each carrier gets one", async () => {
  const carrier = [inetTcp, inet6Tcp];
  await using node = await start("dual", { carrier, discovery: new Book() });
  expect(node.addresses.map(({ address }) => address)).toEqual(["127.0.0.1", "::1"]);
  await expect(
    start("dual", { carrier: [inetTcp, called("again")], listen: { port: 5000 } }),
  ).rejects.toThrow("listen.port 5000 is too little for inet_tcp, again, which take one port each");
});

test("IPv4 and IPv6 beside each other: dialled from this machine on both, and no address is of both", async () => {
  const carrier = [inetTcp, inet6Tcp];
  const book = new Book();
  await using node = await start("dual", {
    carrier,
    discovery: book,
    listen: { host: "0:0:0:0:0:0:0:1" },
  });
  expect(node.addresses.map(({ address }) => address)).toEqual(["127.0.0.1", "::1"]);
  const connect = { socket: { localAddress: "127.0.0.1" } };
  await using west = await start("west", { carrier, discovery: book, connect });
  for (const [name, address, { port = 0 } = {}] of [
    ["inet_tcp", "127.0.0.1", node.addresses[0]],
    ["inet6_tcp", "::1", node.addresses[1]],
  ] as const) {
    book.known.set("dual", { port, address, version: 6, carrier: name });
    expect((await west.connect(node.name)).carrier).toBe(name);
    west.disconnect(node.name);
  }
  for (const [options, text] of [
    [{ listen: { host: "192.0.2.7" } }, "192.0.2.7"],
    [{ connect: { socket: { localAddress: "192.0.2.7" } } }, "192.0.2.7 is none of inet6_tcp"],
    [{ connect: { socket: { localAddress: "dual" } } }, "an IP address"],
    [{ connect: { socket: { ipv6Only: true } as object } }, "it is about listeners"],
    [{ listen: { lastPort: 5000 } }, "listen.lastPort needs listen.port"],
    [{ listen: { host: 7 as unknown as string } }, "listen.host is an address"],
  ] as const) {
    await expect(start("no", { carrier, discovery: book, ...options })).rejects.toThrow(text);
  }
});

test("wrong lists of carriers are errors at the call", async () => {
  await expect(start("a", { carrier: [] })).rejects.toThrow("carrier is an empty list");
  await expect(start("a", { carrier: [inetTcp, inetTcp] })).rejects.toThrow(
    "two carriers are called inet_tcp",
  );
  await expect(start("a", { carrier: inetTcp, tls: {} })).rejects.toThrow(TypeError);
});

test('the carrier "none": processes live, nothing listens or is dialled, and it stays so', async () => {
  await using node = await startNode({ carrier: "none" });
  expect(node.name).toBe("nonode@nohost");
  expect(node.addresses).toEqual([]);
  expect(node.spawn().alive).toBe(true);
  await expect(node.connect("other@localhost")).rejects.toMatchObject({
    code: "ERR_CONNECT_POLICY",
    message: expect.stringContaining("not distributed and cannot be made so"),
  });
  for (const options of [{}, { carrier: inetTcp }]) {
    await expect(node.netKernel.start("app@localhost", options)).rejects.toMatchObject({
      code: "ERR_DISTRIBUTION_NONE",
    });
  }
  expect(node.netKernel.state.started).toBe("no");
});

test('what contradicts the carrier "none" is an error at the call', async () => {
  const none = { carrier: "none" } as const;
  for (const [options, what] of [
    [{ name: "app@localhost" }, 'name "app@localhost"'],
    [{ distribution: true }, "distribution"],
    [{ peers: ["a@localhost"] }, "peers"],
    [{ tls: {} }, "tls"],
  ] as const) {
    await expect(startNode({ ...none, ...options })).rejects.toThrow(`and ${what} is given`);
  }
  await using node = await startNode({ distribution: false });
  await expect(node.netKernel.start("a@localhost", none)).rejects.toMatchObject({
    code: "ERR_DISTRIBUTION_NONE",
  });
});
