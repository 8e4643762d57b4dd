import * as net from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Channel, Listener } from "../carrier/carrier.ts";
import { systemClock } from "../carrier/clock.ts";
import { MemoryNetwork } from "../carrier/memory.ts";
import { inetTcp } from "../carrier/tcp.ts";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { accept } from "../handshake/accept.ts";
import type { AcceptPolicy } from "../handshake/accept-policy.ts";
import { Cookie } from "../handshake/cookie.ts";
import type { HandshakeError } from "../handshake/errors.ts";
import type { AgreedPeer } from "../handshake/handshake.ts";
import { initiate } from "../handshake/initiate.ts";
import { defaultFlags } from "../wire/flags.ts";
import { type HandshakeOutcome, runHandshake } from "./run-handshake.ts";

// Over real sockets; what is said in which step is in test/compliance.

const policy: AcceptPolicy = {
  isAllowed: (name) => !name.startsWith("bad"),
  claim: () => "ok",
  cookieFor: () => new Cookie("secret"),
  replaceLive: () => Promise.resolve(),
  authenticated: () => true,
};

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** A listener on which each connection becomes a handshake of `b@there`. */
async function serve(): Promise<{
  port: number;
  outcomes: Promise<HandshakeOutcome<AgreedPeer>>[];
}> {
  const outcomes: Promise<HandshakeOutcome<AgreedPeer>>[] = [];
  const listener: Listener = await inetTcp.listen({ host: "127.0.0.1" }, (channel) => {
    const handshake = accept({
      ourName: "b@there",
      ourCreation: 6,
      flags: defaultFlags(),
      policy,
      attempt: undefined,
    });
    const outcome = runHandshake({ channel, handshake, lengthBytes: 2, clock: systemClock });
    outcome.catch(() => {});
    outcomes.push(outcome);
    open.push({ close: () => channel.destroy() });
  });
  open.push(listener);
  return { port: listener.address.port, outcomes };
}

async function dial(port: number): Promise<Channel> {
  const channel = await inetTcp.connect({ host: "127.0.0.1", port });
  open.push({ close: () => channel.destroy() });
  return channel;
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
/** `N` of `a@here`, flags of OTP 29. */
const NAME = hex("0015 4e 0000006d07df7fbd 0000004d 0006 614068657265");

test("two nodes shake hands over TCP", async () => {
  const { port, outcomes } = await serve();
  const channel = await dial(port);
  const here = await runHandshake({
    channel,
    lengthBytes: 2,
    clock: systemClock,
    handshake: initiate({
      ourName: "a@here",
      ourCreation: 5,
      flags: defaultFlags({ hidden: true }),
      peer: "b@there",
      cookie: new Cookie("secret"),
    }),
  });
  const there = await outcomes[0];
  expect(here.result).toMatchObject({ name: "b@there", creation: 6, hidden: true });
  expect(there?.result).toMatchObject({ name: "a@here", creation: 5, hidden: true, version: 6 });
  expect(there?.result.flags).toBe(here.result.flags);
  expect(here.rest).toHaveLength(0);
});

test("a refusal reaches a peer that has sent more than was read", async () => {
  const { port, outcomes } = await serve();
  const received = await new Promise<string>((resolve) => {
    const chunks: Buffer[] = [];
    const socket = net.connect(port, "127.0.0.1", () => {
      const bad = hex("0017 4e 0000006d07df7fbd 0000004d 0008 6261644068657265");
      socket.write(Buffer.concat([bad, Buffer.alloc(500_000)]));
    });
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => {});
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
  });
  expect(received).toBe("\0\x0csnot_allowed");
  await expect(outcomes[0]).rejects.toMatchObject({ code: "ERR_HANDSHAKE_NOT_ALLOWED" });
});

test("a reset at any step is one failure", async () => {
  const { port, outcomes } = await serve();
  for (const bytes of [hex(""), NAME.subarray(0, 9), NAME]) {
    await new Promise<void>((resolve) => {
      const socket = net.connect(port, "127.0.0.1", () => {
        socket.write(bytes, () => {
          setImmediate(() => {
            socket.resetAndDestroy();
            resolve();
          });
        });
      });
    });
  }
  while (outcomes.length < 3) await new Promise((resolve) => setImmediate(resolve));
  for (const outcome of await Promise.allSettled(outcomes)) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "ERR_HANDSHAKE_CLOSED" } });
    expect((outcome as PromiseRejectedResult).reason as HandshakeError).toHaveProperty("step");
  }
});

test("silence is cut by the step timer", async () => {
  const channel = await dial((await serve()).port);
  const silent = runHandshake({
    channel,
    lengthBytes: 2,
    clock: systemClock,
    limits: { stepMs: 20 },
    handshake: accept({
      ourName: "c@there",
      ourCreation: 6,
      flags: defaultFlags(),
      policy,
      attempt: undefined,
    }),
  });
  await expect(silent).rejects.toMatchObject({ code: "ERR_HANDSHAKE_TIMEOUT", step: "name" });
});

test("a long step makes room for itself in the whole", async () => {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock });
  const carrier = network.carrier("here");
  await carrier.listen({ port: 1 }, () => {});
  const channel = await clock.runUntil(carrier.connect({ host: "here", port: 1 }));
  const options = { ourName: "c@there", ourCreation: 6, flags: defaultFlags(), policy };
  const silent = runHandshake({
    channel,
    lengthBytes: 2,
    clock,
    limits: { stepMs: 60_000 },
    handshake: accept({ ...options, attempt: undefined }),
  });
  await expect(clock.runUntil(silent)).rejects.toThrow("60000 ms");
  expect(clock.now()).toBe(60_000);
});

test("packets that follow each other go out in one write", async () => {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock });
  const carrier = network.carrier("here");
  const options = { ourName: "c@there", ourCreation: 6, flags: defaultFlags(), policy };
  const written: string[][] = [];
  await carrier.listen({ port: 1 }, (channel) => {
    const write = channel.write.bind(channel);
    channel.write = (chunks, flushed) => {
      written.push(chunks.map((chunk) => String.fromCharCode(chunk[2] ?? 0)));
      return write(chunks, flushed);
    };
    const handshake = accept({ ...options, attempt: undefined });
    void runHandshake({ channel, lengthBytes: 2, clock, handshake });
  });
  const channel = await clock.runUntil(carrier.connect({ host: "here", port: 1 }));
  const handshake = initiate({
    ourName: "a@here",
    ourCreation: 5,
    flags: defaultFlags(),
    peer: "c@there",
    cookie: new Cookie("secret"),
  });
  await clock.runUntil(runHandshake({ channel, lengthBytes: 2, clock, handshake }));
  // Status and challenge; ack.
  expect(written).toEqual([["s", "N"], ["a"]]);
});

test("each step has its whole time, although one timer does for all", async () => {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock });
  const carrier = network.carrier("here");
  const options = { ourName: "c@there", ourCreation: 6, flags: defaultFlags(), policy };
  let failed: unknown;
  await carrier.listen({ port: 1 }, (channel) => {
    const handshake = accept({ ...options, attempt: undefined });
    runHandshake({ channel, lengthBytes: 2, clock, handshake }).catch((error: unknown) => {
      failed = error;
    });
  });
  const channel = await clock.runUntil(carrier.connect({ host: "here", port: 1 }));
  channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
  await clock.advance(4_000);
  channel.write([NAME]);
  await clock.advance(6_900);
  expect(failed).toBeUndefined();
  await clock.advance(200);
  expect(failed).toMatchObject({ code: "ERR_HANDSHAKE_TIMEOUT", step: "challenge reply" });
});
