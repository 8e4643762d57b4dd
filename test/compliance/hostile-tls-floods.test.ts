import type * as net from "node:net";
import { afterAll, expect, test } from "vitest";
import {
  Certificates,
  gone,
  introduce,
  openHandles,
  pair,
  tlsScene,
  type TlsScene,
} from "./hostile-tls-setup.ts";
import { flightsOf } from "./hostile-tls-cuts.ts";
import { clientHello, SUITES } from "./tls-records.ts";

/** Many at once, or one after the other: T09, and what is left behind. */

const certificates = new Certificates();
afterAll(() => certificates[Symbol.dispose]());

async function silent(scene: TlsScene, count: number): Promise<net.Socket[]> {
  return Promise.all(Array.from({ length: count }, () => scene.connect()));
}

test("T09 500 silent connections delay no dial, and are gone after their time", async () => {
  await using scene = await tlsScene(certificates);
  const sockets = await silent(scene, 500);
  await scene.assertUnharmed();
  // Some gave their places to others.
  await expect.poll(() => scene.refused.length).toBeGreaterThanOrEqual(500 - 256);
  await scene.clock.advance(5_000);
  await Promise.all(sockets.map(gone));
  // One event for each, not more; and not one for each of the healthy ones.
  expect(scene.refused).toHaveLength(500);
  await scene.assertUnharmed();
});

test("T09 300 of one address that stop behind TLS take no place of those that go on", async () => {
  await using scene = await tlsScene(certificates, { limits: { pendingHandshakes: 64 } });
  const sockets: net.Socket[] = [];
  const elsewhere = { ...certificates.raw(), localAddress: "127.0.0.2" };
  for (let batch = 0; batch < 30; batch++) {
    const opened = Array.from({ length: 10 }, () => scene.connectTls(elsewhere));
    sockets.push(...(await Promise.all(opened)));
  }
  await scene.assertUnharmed();
  await scene.clock.advance(12_000);
  await Promise.all(sockets.map(gone));
  expect(scene.refused.length).toBeLessThanOrEqual(300);
  await scene.assertUnharmed();
});

/** Where a flood comes from: the address of who dials legitimately, another, and one for each. */
const SOURCES: Readonly<Record<string, (index: number) => string>> = {
  "the same address": () => "127.0.0.1",
  "another address": () => "127.0.0.2",
  "as many addresses": (index) => `127.0.${1 + (index >> 7)}.${1 + (index & 127)}`,
};

test.each(Object.entries(SOURCES))(
  "T09 half handshakes without end, from %s, keep nobody out",
  async (_where, address) => {
    await using scene = await tlsScene(certificates);
    const { client } = await flightsOf(certificates.raw(), pair(certificates.good));
    const hello = client[0] ?? Buffer.alloc(0);
    const sockets: net.Socket[] = [];
    let isOver = false;
    // Each has the node make keys, sign, and answer; the next come when it has been told to.
    const flood = async (): Promise<void> => {
      while (!isOver) {
        const from = sockets.length;
        const some = Array.from({ length: 5 }, (_, index) => scene.connect(address(from + index)));
        for (const socket of await Promise.all(some)) {
          socket.write(hello);
          sockets.push(socket.resume());
        }
      }
    };
    const flooding = flood();
    try {
      // At least until places are given to others, and five times more.
      for (let visits = 0; visits < 5 || sockets.length < 400; visits++) {
        await scene.assertUnharmed();
      }
    } finally {
      isOver = true;
      await flooding;
    }
    await scene.assertUnharmed();
    const crowded = scene.refused.filter(({ error }) => error.message.includes("shaking hands"));
    expect(crowded.length).toBeGreaterThanOrEqual(sockets.length - 256);
    await scene.clock.advance(5_000);
    await Promise.all(sockets.map(gone));
    // Nobody else was refused: neither the healthy ones nor anybody twice.
    await expect.poll(() => scene.refused.length).toBe(sockets.length);
    await scene.assertUnharmed();
  },
);

test("events: a reader that is slow is behind by a bounded number, whatever comes", async () => {
  await using scene = await tlsScene(certificates);
  const slow = scene.node.status();
  for (let batch = 0; batch < 15; batch++) {
    const sockets = await silent(scene, 100);
    for (const socket of sockets) socket.end("no TLS\r\n");
    await Promise.all(sockets.map(gone));
  }
  await expect.poll(() => scene.refused.length).toBeGreaterThanOrEqual(1_500);
  let kept = 0;
  const last = Symbol("nothing");
  for (;;) {
    const next = await Promise.race([
      slow.next(),
      new Promise((resolve) => setTimeout(resolve, 20, last)),
    ]);
    if (next === last) break;
    kept++;
  }
  expect(kept).toBeLessThanOrEqual(1_024);
  await slow.return?.();
  await scene.assertUnharmed();
}, 120_000);

test("connections that come and go leave no descriptor, no socket and no timer behind", async () => {
  await using scene = await tlsScene(certificates);
  const churn = async (): Promise<void> => {
    for (let round = 0; round < 20; round++) {
      // Silence, half a hello, plain text, TLS alone, TLS and a handshake.
      const sockets = await silent(scene, 3);
      sockets[1]?.write(clientHello([SUITES.ecdsa]).subarray(0, 40));
      sockets[2]?.write("GET / HTTP/1.0\r\n\r\n");
      const secure = await scene.connectTls(certificates.raw());
      const whole = await scene.connectTls(certificates.raw());
      await introduce(whole, `churn${round}@localhost`);
      for (const socket of [...sockets, secure, whole]) socket.destroy();
    }
    await scene.clock.advance(12_000);
    await scene.assertUnharmed();
    await expect.poll(() => scene.node.nodes("connected")).toEqual(["healthy@localhost"]);
  };
  await churn();
  const before = openHandles();
  await churn();
  await churn();
  // Some of before may have been on their way out.
  await expect.poll(() => openHandles().sockets).toBeLessThanOrEqual(before.sockets);
  await expect.poll(() => openHandles().descriptors).toBeLessThanOrEqual(before.descriptors + 2);
  await expect.poll(() => openHandles().timers).toBeLessThanOrEqual(before.timers + 2);
}, 60_000);

test("one handshake costs less than a slice of the event loop", async () => {
  await using scene = await tlsScene(certificates);
  const costs: number[] = [];
  for (let round = 0; round < 30; round++) {
    const began = process.cpuUsage();
    const socket = await scene.connectTls(certificates.raw());
    await introduce(socket, `cost${round}@localhost`);
    const { user, system } = process.cpuUsage(began);
    costs.push((user + system) / 1_000);
    socket.destroy();
  }
  // Both sides together, and everything else that this process does.
  expect(Math.min(...costs)).toBeLessThan(50);
  await scene.assertUnharmed();
});

test("the node can be stopped while hundreds are at the door", async () => {
  const scene = await tlsScene(certificates);
  const sockets = await silent(scene, 200);
  const secure = await scene.connectTls(certificates.raw());
  await scene[Symbol.asyncDispose]();
  await Promise.all([...sockets, secure].map(gone));
  expect(scene.node.alive).toBe(false);
});
