import type * as net from "node:net";
import * as tls from "node:tls";
import { RawPeer } from "disterl/testing";
import { afterAll, describe, expect, test } from "vitest";
import type { Version } from "./hostile-tls-cuts.ts";
import {
  Certificates,
  COOKIE,
  ME,
  once,
  pair,
  tlsScene,
  type TlsScene,
} from "./hostile-tls-setup.ts";
import { type RecordWriter, Tap, Tls12Writer, Tls13Writer } from "./tls-records.ts";

/** Servers that we dial, and that overdo what TLS allows; and peers that make us answer. */

const certificates = new Certificates();
afterAll(() => certificates[Symbol.dispose]());

/** Secrets by their labels. */
class KeyLog {
  readonly #lines = new Map<string, Buffer[]>();

  add(line: Buffer): void {
    const [label = "", ...rest] = line.toString().trim().split(" ");
    const bytes = rest.map((hex) => Buffer.from(hex, "hex"));
    this.#lines.set(label, bytes);
  }

  /** The client's random and a secret. */
  of(label: string): [Buffer, Buffer] {
    const [random, secret] = this.#lines.get(label) ?? [];
    if (random === undefined || secret === undefined) throw new Error(`no ${label} in the log`);
    return [random, secret];
  }
}

/** Goes on with TLS where one side is. */
function writerOf(
  version: Version,
  side: "client" | "server",
  tap: Tap,
  log: KeyLog,
): RecordWriter {
  const sent = Buffer.concat(tap.sent);
  if (version === "TLSv1.3") {
    const [, secret] = log.of(`${side.toUpperCase()}_TRAFFIC_SECRET_0`);
    return Tls13Writer.after(secret, sent);
  }
  const [clientRandom, master] = log.of("CLIENT_RANDOM");
  const hello = side === "server" ? sent : (tap.first ?? sent);
  const secrets = { clientRandom, serverRandom: hello.subarray(11, 43), master };
  return new Tls12Writer(secrets, side, sent);
}

/** A server that goes on with records of its own making. */
interface Handmade {
  readonly raw: net.Socket;
  readonly writer: RecordWriter;
}

/** The node dials a server; handmade goes on behind TLS, or behind the handshake of distribution. */
async function dialled(
  scene: TlsScene,
  version: Version,
  isIntroduced = true,
): Promise<Handmade & { readonly failing: Promise<unknown> }> {
  const handmade = once<Handmade>();
  const log = new KeyLog();
  const server = tls.createServer({
    ...pair(certificates.good),
    minVersion: version,
    maxVersion: version,
    ciphers: "TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256",
  });
  server.on("keylog", (line: Buffer) => log.add(line));
  await scene.serve((raw) => {
    const tap = new Tap(raw);
    const ready = (): void =>
      handmade.resolve({ raw, writer: writerOf(version, "server", tap, log) });
    server.once("secureConnection", (socket) => {
      socket.on("error", () => {});
      if (!isIntroduced) setImmediate(ready);
      else void RawPeer.over(socket, 4).accept({ name: ME, cookie: COOKIE }).then(ready);
    });
    server.emit("connection", tap);
  });
  const failing = scene.node.connect(ME).catch((error: unknown) => error);
  if (isIntroduced) {
    await failing;
    await expect.poll(() => scene.node.peer(ME)).toBeDefined();
  }
  const going = await handmade.promise;
  going.raw.pause(); // nobody is there any more to read what is answered
  return { ...going, failing };
}

/** Resolves when it has gone out, or never will. */
function written(socket: net.Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    socket.write(bytes, () => resolve());
  });
}

function many(count: number, make: () => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, make));
}

/** More than may come in a second. */
function tooMuch(make: () => Buffer): Buffer {
  const records: Buffer[] = [];
  for (let bytes = 0; bytes < 400_000; bytes += records.at(-1)?.length ?? 0) records.push(make());
  return Buffer.concat(records);
}

/** One more tick: when all that were sent are counted, all before it has been read. */
async function readUpTo(scene: TlsScene, { raw, writer }: Handmade, ticks: number): Promise<void> {
  await written(raw, writer.record(23, Buffer.alloc(4)));
  await expect
    .poll(() => scene.node.peer(ME)?.stats.ticksReceived ?? ticks, { interval: 5, timeout: 20_000 })
    .toBe(ticks);
}

/** The node has ended it, or its TLS has. */
async function nodeDown(scene: TlsScene, reason: RegExp): Promise<void> {
  const down = (): unknown =>
    scene.events.find((event) => event.type === "nodedown" && event.node === ME);
  await expect.poll(down).toBeDefined();
  expect(JSON.stringify(down(), ["reason", "error", "message"])).toMatch(reason);
}

const keyUpdate = (answer: boolean) => (writer: RecordWriter) =>
  (writer as Tls13Writer).keyUpdate(answer);
const ticket = Buffer.concat([
  Buffer.from("040000d5 00000100 00000001 00 00c8".replaceAll(" ", ""), "hex"),
  Buffer.alloc(200, 7),
  Buffer.alloc(2),
]);

type Noise = readonly [Version, string, (writer: RecordWriter) => Buffer];
const noises: readonly Noise[] = [
  ["TLSv1.3", "KeyUpdates that want an answer", keyUpdate(true)],
  ["TLSv1.3", "KeyUpdates", keyUpdate(false)],
  ["TLSv1.3", "tickets", (writer) => writer.record(22, ticket)],
  ["TLSv1.2", "HelloRequests", (writer) => writer.record(22, Buffer.alloc(4))],
];

describe("[dialling] a server that goes on and on", () => {
  test.each(noises)("%s %s: ended within a second", async (version, _what, make) => {
    await using scene = await tlsScene(certificates);
    const server = await dialled(scene, version);
    const before = process.memoryUsage();
    await written(
      server.raw,
      tooMuch(() => make(server.writer)),
    );
    await readUpTo(scene, server, 1);
    const { external, arrayBuffers } = process.memoryUsage();
    expect(external + arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(2 ** 24);
    expect(scene.node.peer(ME)).toBeDefined();
    await scene.clock.advance(1_000);
    await nodeDown(scene, /bytes of TLS in 1000 ms with \d+ bytes of data in them/);
    await scene.assertUnharmed();
  });

  test.each(noises)("%s %s in moderation change nothing", async (version, _what, make) => {
    await using scene = await tlsScene(certificates);
    const server = await dialled(scene, version);
    for (let second = 0; second < 10; second++) {
      await written(
        server.raw,
        many(50, () => make(server.writer)),
      );
      await readUpTo(scene, server, second + 1);
      await scene.clock.advance(1_000);
    }
    expect(scene.node.peer(ME)).toBeDefined();
    await scene.assertUnharmed();
  });

  test.each(noises)("%s %s before a word of distribution", async (version, _what, make) => {
    await using scene = await tlsScene(certificates);
    const { raw, writer, failing } = await dialled(scene, version, false);
    await written(
      raw,
      tooMuch(() => make(writer)),
    );
    // Nobody can see when it has been read: at once, or in the time that a handshake has.
    const error = (await scene.clock.runUntil(failing)) as Error;
    expect(error.message).toMatch(/bytes of TLS in 1000 ms|within \d+ ms|status/);
    await scene.assertUnharmed();
  });

  test.each([
    ["TLSv1.3", "records without content", 23, Buffer.alloc(0)],
    ["TLSv1.2", "records without content", 23, Buffer.alloc(0)],
    ["TLSv1.3", "warnings", 21, Buffer.of(1, 90)],
    ["TLSv1.2", "warnings", 21, Buffer.of(1, 90)],
    ["TLSv1.3", "a HelloRequest", 22, Buffer.alloc(4)],
    ["TLSv1.3", "a request for a certificate", 22, Buffer.from("0d00000500000000", "hex")],
    ["TLSv1.2", "a ServerHello", 22, Buffer.from(`02000026${"0303".padEnd(76, "0")}`, "hex")],
    ["TLSv1.3", "a message of 16 MiB", 22, Buffer.of(4, 255, 255, 255)],
  ] as const)("%s %s: ended by the first ones", async (version, _what, type, content) => {
    await using scene = await tlsScene(certificates);
    const { raw, writer } = await dialled(scene, version);
    await written(
      raw,
      many(100, () => writer.record(type, content)),
    );
    await nodeDown(scene, /./);
    await scene.assertUnharmed();
  });
});

test("ticks and small messages are no noise, however many", async () => {
  await using scene = await tlsScene(certificates);
  const server = await dialled(scene, "TLSv1.3");
  for (let second = 0; second < 3; second++) {
    await written(
      server.raw,
      many(30_000, () => server.writer.record(23, Buffer.alloc(4))),
    );
    await readUpTo(scene, server, 30_001 * (second + 1));
    await scene.clock.advance(1_000);
  }
  expect(scene.node.peer(ME)?.stats.ticksReceived).toBe(90_003);
  await scene.assertUnharmed();
});

test("[dialling] answers that a server asks for and does not read do not pile up", async () => {
  await using scene = await tlsScene(certificates);
  const server = await dialled(scene, "TLSv1.2");
  // Less than may come in a second; some megabytes wait in the system.
  for (let second = 0; second < 120 && scene.node.peer(ME) !== undefined; second++) {
    await written(
      server.raw,
      many(7_500, () => server.writer.record(22, Buffer.alloc(4))),
    );
    await readUpTo(scene, server, second + 1);
    await scene.clock.advance(1_000);
  }
  await nodeDown(scene, /reads none of \d+ bytes/);
  await scene.assertUnharmed();
});
