/**
 * Random bytes to the epmd server and to the client's readers: nothing but our own errors comes out,
 * and the server goes on answering.
 */
import { connect } from "node:net";
import {
  aliveRequest,
  EpmdError,
  type NodeInfo,
  namesRequest,
  nodeInfo,
  parseAliveReply,
  parseNamesReply,
  parsePortReply,
  parseRequest,
  portReply,
  portRequest,
  startEpmdServer,
  stopRequest,
} from "disterl/epmd";
import * as fc from "fast-check";
import { expect, test } from "vitest";

const SECONDS = Number(process.env["DISTERL_FUZZ_SECONDS"] ?? 4);
const SEED = Number(process.env["DISTERL_FUZZ_SEED"] ?? 1);
const settings = { numRuns: 1_000_000, interruptAfterTimeLimit: SECONDS * 1000, seed: SEED };

/** Runs it; anything but an {@link EpmdError} is a failure. */
function onlyOurErrors<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    expect(error).toBeInstanceOf(EpmdError);
    return undefined;
  }
}

const SEEDS = [
  aliveRequest(nodeInfo("foo", 25672, { extra: Uint8Array.of(1, 2, 3) })).subarray(2),
  portRequest("foo").subarray(2),
  stopRequest("foo").subarray(2),
  namesRequest().subarray(2),
  portReply(nodeInfo("foo", 25672, { extra: Uint8Array.of(1, 2, 3) })),
  Uint8Array.of(118, 0, 1, 2, 3, 4),
];

/** Good packets with some bytes changed, cut off, or put in. */
const mutated = fc
  .tuple(
    fc.constantFrom(...SEEDS),
    fc.array(fc.tuple(fc.nat(64), fc.nat(255)), { maxLength: 4 }),
    fc.uint8Array({ maxLength: 8 }),
    fc.nat(64),
  )
  .map(([seed, changes, tail, cut]) => {
    const bytes = Buffer.concat([seed, tail]);
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    return new Uint8Array(bytes.subarray(0, bytes.length - (cut < 16 ? cut % bytes.length : 0)));
  });

const anyBytes = fc.oneof(mutated, fc.uint8Array({ maxLength: 4000 }));

test("readers of requests and replies", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      onlyOurErrors(() => parseRequest(bytes));
      onlyOurErrors(() => parseAliveReply(bytes));
      onlyOurErrors(() => parsePortReply(bytes));
      const listing = onlyOurErrors(() => parseNamesReply(bytes));
      for (const { name, port } of listing?.nodes ?? []) {
        expect(name).toMatch(/^[^\p{Cc}@]+$/u);
        expect(port).toBeGreaterThan(0);
      }
    }),
    settings,
  );
});

test("every node survives the way there and back", () => {
  const node: fc.Arbitrary<NodeInfo> = fc.record({
    name: fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 60 })
      .filter((name) => !/[\p{Cc}@\u2028\u2029]/u.test(name)),
    port: fc.integer({ min: 1, max: 0xffff }),
    nodeType: fc.nat(255),
    protocol: fc.nat(255),
    highest: fc.nat(0xffff),
    lowest: fc.nat(0xffff),
    extra: fc.uint8Array({ maxLength: 1020 }),
  });
  fc.assert(
    fc.property(node, (given) => {
      const request = parseRequest(aliveRequest(given).subarray(2));
      expect(request).toEqual({ kind: "alive2", node: given, fault: undefined });
      expect(parsePortReply(portReply(given))).toEqual({ result: 0, node: given });
    }),
    { ...settings, numRuns: 2000 },
  );
});

function send(port: number, pieces: readonly Uint8Array[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.once("close", () => resolve(Buffer.concat(chunks)));
    for (const piece of pieces) socket.write(piece);
    socket.end();
  });
}

test("the server: any bytes in any pieces leave it alive, and empty", async () => {
  await using server = await startEpmdServer({
    port: 0,
    addresses: ["127.0.0.1"],
    relaxedCommandCheck: true,
    packetTimeoutMs: 1000,
  });
  const framed = anyBytes.map((body) =>
    Buffer.concat([Uint8Array.of(body.length >> 8, body.length & 0xff), body]),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(framed, fc.uint8Array({ maxLength: 64 })),
      fc.integer({ min: 1, max: 40 }),
      async (bytes, size) => {
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
        await send(server.port, pieces);
      },
    ),
    settings,
  );
  await expect.poll(() => server.connections).toBe(0);
  expect(server.nodes()).toEqual([]);
  const listing = parseNamesReply(await send(server.port, [namesRequest()]));
  expect(listing).toEqual({ epmdPort: server.port, nodes: [], unreadable: [] });
});
