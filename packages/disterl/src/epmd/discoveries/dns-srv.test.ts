import { afterEach, expect, test } from "vitest";
import {
  type Answer,
  NameServer,
  NXDOMAIN,
  SERVFAIL,
  SRV,
} from "../../../../../test/name-server.ts";
import { failure } from "../../../../../test/node-events.ts";
import { VirtualClock } from "../../carrier/virtual-clock.ts";
import { dnsSrv, type SrvRecord } from "./dns-srv.ts";

const servers: NameServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server[Symbol.dispose]();
});

async function nameServer(zone: Record<string, Answer>): Promise<NameServer> {
  const server = await NameServer.start(zone);
  servers.push(server);
  return server;
}

const record = (name: string, port: number, priority = 0, weight = 0): SrvRecord => ({
  ...{ name, port, priority, weight },
});

test("a node is found by the record of its name, on the host and port that it names", async () => {
  const { address: server, asked } = await nameServer({
    "_shop._tcp.db2.example.org": [record("rack7.example.org", 5211)],
  });
  const dns = dnsSrv({ servers: [server] });
  expect(await dns.lookup("shop", "db2.example.org")).toEqual({
    port: 5211,
    address: "rack7.example.org",
    version: 5,
    alternatives: [],
  });
  expect(asked).toEqual([`_shop._tcp.db2.example.org ${SRV}`]);
  expect(await dns.names("db2.example.org")).toEqual([]);
  expect((await dns.register("me", 1)).creation).toBeUndefined();
});

test("the query is the program's choice", async () => {
  const { address: server } = await nameServer({ "_erlang._tcp.db2": [record("db2", 5210)] });
  const dns = dnsSrv({ servers: [server], query: "_erlang._tcp.{host}" });
  expect(await dns.lookup("any", "db2")).toMatchObject({ port: 5210, address: "db2" });
});

test.each<[string, Answer]>([
  ["a name that does not exist", NXDOMAIN],
  ["a name without such records", []],
  ["a service that is declined", [record(".", 0)]],
])("%s: no such node", async (_, answer) => {
  const { address: server } = await nameServer({ "_a._tcp.h": answer });
  expect(await dnsSrv({ servers: [server] }).lookup("a", "h")).toBeUndefined();
});

test("lower priorities come first, and of equal ones the heavier as often as it weighs", async () => {
  const { address: server } = await nameServer({
    "_a._tcp.h": [
      record("spare", 4, 20, 0),
      record("light", 1, 10, 1),
      record("heavy", 2, 10, 3),
      record("idle", 3, 10, 0),
    ],
  });
  const order = async (random: number): Promise<(string | undefined)[]> => {
    const found = await dnsSrv({ servers: [server], random: () => random }).lookup("a", "h");
    return [found?.address, ...(found?.alternatives ?? []).map(({ address }) => address)];
  };
  expect(await order(0)).toEqual(["idle", "light", "heavy", "spare"]);
  expect(await order(0.2)).toEqual(["light", "heavy", "idle", "spare"]);
  expect(await order(0.3)).toEqual(["heavy", "light", "idle", "spare"]);
  expect(await order(0.99)).toEqual(["heavy", "light", "idle", "spare"]);
});

test("a server that fails, or sends what is no answer, is an error with the name", async () => {
  const { address: server } = await nameServer({
    "_a._tcp.h": SERVFAIL,
    "_b._tcp.h": Array.from({ length: 17 }, (_, at) => record(`h${at}`, 1)),
    "_c._tcp.h": [record("h", 0)],
  });
  const dns = dnsSrv({ servers: [server] });
  expect(await failure(dns.lookup("a", "h"))).toMatchObject({
    ...{ code: "ERR_DISCOVERY_DNS", facts: { query: "_a._tcp.h" } },
    message: expect.stringContaining("SRV _a._tcp.h: no answer (ESERVFAIL)") as string,
  });
  await expect(dns.lookup("b", "h")).rejects.toThrow("17 records");
  await expect(dns.lookup("c", "h")).rejects.toThrow("no host and port");
});

test("a server that is silent, or sends garbage, costs the time-out and no more", async () => {
  const { address: server, asked } = await nameServer({
    "_a._tcp.h": "silence",
    "_b._tcp.h": Uint8Array.of(1, 2, 3),
  });
  const dns = dnsSrv({ servers: [server], timeoutMs: 200 });
  for (const name of ["a", "b"]) {
    expect(await failure(dns.lookup(name, "h"))).toMatchObject({
      code: "ERR_DISCOVERY_DNS",
      message: expect.stringContaining(`_${name}._tcp.h: no answer`) as string,
    });
  }
  expect(asked.length).toBeGreaterThan(0);
});

test("a look-up that is given up ends at once, with the reason", async () => {
  const { address: server } = await nameServer({ "_a._tcp.h": "silence" });
  const giveUp = new AbortController();
  const found = dnsSrv({ servers: [server] }).lookup("a", "h", { signal: giveUp.signal });
  const reason = new Error("enough");
  giveUp.abort(reason);
  await expect(found).rejects.toBe(reason);
});

test("what resolves in place of name servers has the same time, and is told of its end", async () => {
  const clock = new VirtualClock();
  let given: AbortSignal | undefined;
  const dns = dnsSrv({
    clock,
    timeoutMs: 1000,
    resolve: (_, signal) => {
      given = signal;
      return new Promise(() => {});
    },
  });
  const late = failure(dns.lookup("a", "h"));
  await clock.advance(1000);
  expect(String(await late)).toContain("no answer within 1000 ms");
  expect(given?.aborted).toBe(true);
});

test.each<[object, string]>([
  [{ query: "_erlang._tcp.example.org" }, "holds {name} or {host}"],
  [{ query: "{node}" }, "no other braces"],
  [{ timeoutMs: 0 }, "timeoutMs"],
  [{ timeoutMs: Number.NaN }, "timeoutMs"],
  [{ timeoutMs: "5000" as never }, "timeoutMs"],
  [{ servers: ["nonsense"] }, "nonsense"],
  [{ servers: [] }, "servers is an empty list"],
  [{ servers: ["127.0.0.1"], resolve: async () => [] }, "servers and resolve"],
  [{ server: ["127.0.0.1"] }, 'dnsSrv has no option "server"'],
])("options that make no sense are refused: %j", (options, part) => {
  expect(() => dnsSrv(options)).toThrow(TypeError);
  expect(() => dnsSrv(options)).toThrow(part);
});
