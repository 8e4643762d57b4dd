import { expect, test } from "vitest";
import type { Channel } from "../carrier/carrier.ts";
import { MemoryNetwork } from "../carrier/memory.ts";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import type { Signal } from "../signal/signal.ts";
import { Atom, atom } from "../term/atom.ts";
import { Reference } from "../term/reference.ts";
import { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import { defaultFlags } from "../wire/flags.ts";
import { MessageReader } from "../wire/message-reader.ts";
import { MessageWriter } from "../wire/message-writer.ts";
import { SendQueue } from "./send-queue.ts";

const KB = 1024;
const alice = new Pid(atom("here@alpha"), 1, 0, 1);
const bob = new Pid(atom("here@alpha"), 2, 0, 1);
const to = new Pid(atom("there@beta"), 3, 0, 1);
const flags = defaultFlags();

function sendOf(from: Pid, message: Term): Signal {
  return { type: "send", from, to, message, token: undefined };
}

/** A queue whose other end is read as the wire reads it. */
async function rig() {
  const clock = new VirtualClock();
  const network = new MemoryNetwork({ clock, latencyMs: 1 });
  const heard: Term[] = [];
  const chunks: number[] = [];
  const reader = new MessageReader({
    flags,
    peer: "here@alpha",
    onSignal: (signal) => {
      if ("message" in signal) heard.push(signal.message);
    },
    onTick: () => {},
  });
  const listener = await network.carrier("beta").listen({ host: "beta" }, (channel) => {
    channel.handle({
      onData: (chunk) => {
        chunks.push(chunk.length);
        reader.push(chunk);
      },
      onDrain: () => {},
      onClose: () => {},
    });
    channel.resume();
  });
  const { address, port } = listener.address;
  const dialled = network.carrier("alpha").connect({ host: address, port });
  const channel: Channel = await clock.runUntil(dialled);
  let progress = 0;
  const writer = new MessageWriter({ flags });
  const queue = new SendQueue(channel, clock, writer, () => progress++);
  channel.handle({ onData: () => {}, onDrain: () => queue.drained(), onClose: () => {} });
  return { clock, queue, heard, chunks, progress: () => progress };
}

test("the first signal of a turn goes out at once, the others of that turn together", async () => {
  const { clock, queue, heard, chunks } = await rig();
  for (let i = 0; i < 10; i++) queue.send(sendOf(alice, i));
  await clock.advance(10);
  expect(heard).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(chunks.length).toBe(2);
});

test("a monitor and its end wait for what follows in their turn, or for its end", async () => {
  const { clock, queue, heard, chunks } = await rig();
  const ref = new Reference(atom("here@alpha"), 1, [1, 2, 3]);
  queue.send({ type: "demonitor", from: alice, to, ref });
  queue.send({ type: "monitor", from: alice, to, ref });
  expect(queue.writtenBytes).toBe(0);
  queue.send(sendOf(alice, atom("request")));
  const together = queue.writtenBytes;
  expect(together).toBeGreaterThan(0);
  await clock.advance(10);
  expect(heard.length).toBe(1);
  expect(chunks).toEqual([together]);
  queue.send({ type: "demonitor", from: alice, to, ref });
  expect(queue.writtenBytes).toBe(together);
  await clock.advance(10);
  expect(chunks).toEqual([together, queue.writtenBytes - together]);
});

test("a small signal passes the fragments of another sender, not those of its own", async () => {
  const { clock, queue, heard } = await rig();
  queue.send(sendOf(alice, new Uint8Array(2048 * KB)));
  queue.send(sendOf(alice, atom("of the same")));
  queue.send(sendOf(bob, atom("of another")));
  await clock.advance(1000);
  expect(heard.map((term) => (term instanceof Atom ? term.text : "large"))).toEqual([
    "of another",
    "large",
    "of the same",
  ]);
});

test("a message that is little over a fragment goes out whole: nothing waits behind it", async () => {
  const { clock, queue, heard } = await rig();
  queue.send(sendOf(alice, new Uint8Array(65 * KB)));
  queue.send(sendOf(alice, atom("next")));
  expect(queue.heldSignals).toBe(0);
  await clock.advance(1000);
  expect(heard.length).toBe(2);
  expect(heard[1]).toBe(atom("next"));
});

test("what waits behind fragments counts as pending, in order, and all of it goes", async () => {
  const { clock, queue, heard, progress } = await rig();
  for (let i = 0; i < 4; i++) {
    queue.send(sendOf(alice, new Uint8Array(1024 * KB + i)));
    queue.send(sendOf(alice, i));
  }
  expect(queue.heldSignals).toBe(7);
  expect(queue.pendingBytes).toBeGreaterThan(4 * 1024 * KB - 64 * KB);
  const before = progress();
  await clock.advance(10_000);
  expect(heard.map((term) => (typeof term === "number" ? term : "large"))).toEqual([
    "large",
    0,
    "large",
    1,
    "large",
    2,
    "large",
    3,
  ]);
  expect(queue.heldSignals).toBe(0);
  expect(queue.pendingBytes).toBe(0);
  expect(progress()).toBeGreaterThan(before);
});

test("a signal that cannot be encoded is refused although it would have to wait", async () => {
  const { queue } = await rig();
  queue.send(sendOf(alice, new Uint8Array(1024 * KB)));
  const notATerm = Symbol("no term") as unknown as Term;
  expect(() => queue.send(sendOf(alice, notATerm))).toThrow(TypeError);
  expect(queue.heldSignals).toBe(0);
});
