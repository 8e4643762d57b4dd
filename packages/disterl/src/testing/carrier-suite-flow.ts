import assert from "node:assert/strict";
import type { CarrierCheck } from "./carrier-check.ts";
import { type ChannelLog, flushedWrite, pattern } from "./carrier-rig.ts";

const MiB = 1024 * 1024;

/** Bytes under way: order, cutting, back pressure, pausing, handing over. */
export const flowChecks: readonly CarrierCheck[] = [
  {
    name: "bytes arrive in order, both ways",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      for (let index = 0; index < 100; index++) {
        dialled.channel.write([pattern(index, index)]);
        accepted.channel.write([pattern(2 * index, index)]);
      }
      const there = Buffer.concat(Array.from({ length: 100 }, (_, i) => pattern(i, i)));
      const back = Buffer.concat(Array.from({ length: 100 }, (_, i) => pattern(2 * i, i)));
      await accepted.until(() => accepted.bytes >= there.length);
      await dialled.until(() => dialled.bytes >= back.length);
      assert.deepEqual(accepted.join(), there);
      assert.deepEqual(dialled.join(), back);
      assert.equal(accepted.channel.receivedBytes, there.length);
      assert.equal(dialled.channel.receivedBytes, back.length);
    },
  },
  {
    name: "a vector of many chunks, empty ones among them, is one stream",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      const chunks = Array.from({ length: 2_000 }, (_, index) => pattern(index % 97, index));
      await flushedWrite(dialled.channel, [...chunks, new Uint8Array(0)]);
      const whole = Buffer.concat(chunks);
      await accepted.until(() => accepted.bytes >= whole.length);
      assert.deepEqual(accepted.join(), whole);
    },
  },
  {
    name: "a large write arrives whole",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      const whole = pattern(2 * MiB);
      dialled.channel.write([whole.subarray(0, 5), whole.subarray(5, MiB), whole.subarray(MiB)]);
      await accepted.until(() => accepted.bytes >= whole.length);
      assert.ok(accepted.join().equals(whole), "the bytes differ");
    },
  },
  {
    name: "very many small writes cost no more each than few",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      let flushed = 0;
      const all = 60_000;
      for (let index = 0; index < all; index++) {
        dialled.channel.write([Uint8Array.of(index & 255)], () => {
          flushed++;
        });
      }
      await accepted.until(() => accepted.bytes >= all);
      await flushedWrite(dialled.channel, [pattern(1)]);
      assert.equal(flushed, all);
      assert.ok(accepted.join().every((byte, index) => index >= all || byte === (index & 255)));
    },
  },
  {
    name: "what the receiver does to a chunk does not reach the sender",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      const kept = Buffer.from(pattern(10_000));
      const written = Buffer.from(kept);
      accepted.onChunk = (chunk) => chunk.fill(0);
      dialled.channel.write([written.subarray(0, 4_000), written.subarray(4_000)]);
      await accepted.until(() => accepted.bytes >= kept.length);
      assert.deepEqual(written, kept);
    },
  },
  {
    name: "a write of nothing is flushed, too",
    async run(rig) {
      const { dialled } = await rig.channels();
      await flushedWrite(dialled.channel, []);
      await flushedWrite(dialled.channel, [new Uint8Array(0)]);
      assert.equal(dialled.channel.pendingBytes, 0);
    },
  },
  {
    name: "flushed is called once for each write, in order, never during it, and frees the memory",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      const order: number[] = [];
      let during = false;
      const memory = pattern(10_000);
      const expected = Buffer.from(memory);
      const all = Array.from({ length: 10 }, (_, index) => {
        const chunk = memory.subarray(index * 1_000, (index + 1) * 1_000);
        return new Promise<void>((resolve) => {
          during = true;
          dialled.channel.write([chunk], () => {
            if (during) rig.wrong("flushed was called during write");
            order.push(index);
            chunk.fill(0);
            resolve();
          });
          during = false;
        });
      });
      await Promise.all(all);
      await accepted.until(() => accepted.bytes >= expected.length);
      assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.ok(accepted.join().equals(expected), "memory was read after flushed");
    },
  },
  {
    name: "a writer that is too fast is told, and told again when all has gone",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      accepted.channel.pause();
      let written = 0;
      while (written < 256 * MiB) {
        written += 64 * 1024;
        if (!dialled.channel.write([pattern(64 * 1024)])) break;
        if (written % MiB === 0) await flushedWrite(dialled.channel, []);
      }
      assert.ok(written < 256 * MiB, "write never returned false");
      assert.ok(dialled.channel.pendingBytes > 0, "nothing is pending");
      assert.equal(dialled.drains, 0);
      accepted.channel.resume();
      await dialled.until(() => dialled.drains > 0);
      assert.equal(dialled.channel.pendingBytes, 0);
      await accepted.until(() => accepted.bytes >= written);
      assert.equal(dialled.drains, 1);
    },
  },
  {
    name: "a paused channel delivers nothing, and nothing is lost",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      accepted.onChunk = () => accepted.channel.pause();
      const whole = pattern(200_000);
      dialled.channel.write([whole]);
      await accepted.until(() => accepted.chunks > 0);
      const before = accepted.bytes;
      await flushedWrite(accepted.channel, [pattern(1)]);
      await dialled.until(() => dialled.bytes > 0);
      assert.equal(accepted.bytes, before, "it was delivered to while paused");
      accepted.onChunk = undefined;
      accepted.call("resume", () => accepted.channel.resume());
      await accepted.until(() => accepted.bytes >= whole.length);
      assert.ok(accepted.join().equals(whole), "the bytes differ");
    },
  },
  {
    name: "nothing is read before somebody handles the channel",
    async run(rig) {
      const { dialled, accepted } = await rig.bareChannels();
      await flushedWrite(dialled, [pattern(1_000)]);
      await flushedWrite(accepted, [pattern(2_000)]);
      // A second connection, to see that the bytes have had time to arrive.
      const witness = await rig.channels();
      witness.dialled.channel.write([pattern(10)]);
      await witness.accepted.until(() => witness.accepted.bytes >= 10);
      assert.deepEqual([accepted.receivedBytes, dialled.receivedBytes], [0, 0]);
      for (const [channel, length] of [
        [accepted, 1_000],
        [dialled, 2_000],
      ] as const) {
        const log = rig.log(channel);
        await log.until(() => log.bytes >= length);
        assert.deepEqual(log.join(), Buffer.from(pattern(length)));
      }
    },
  },
  {
    name: "another handler takes over without a byte lost or doubled, paused or not",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      let second: ChannelLog | undefined;
      accepted.onChunk = () => {
        accepted.channel.pause();
        queueMicrotask(() => {
          second = rig.log(accepted.channel);
        });
        accepted.onChunk = undefined;
      };
      const whole = pattern(300_000);
      dialled.channel.write([whole.subarray(0, 1_000)]);
      await accepted.until(() => accepted.bytes > 0);
      dialled.channel.write([whole.subarray(1_000)]);
      const later = second ?? assert.fail("nobody handed over");
      await later.until(() => accepted.bytes + later.bytes >= whole.length);
      assert.ok(Buffer.concat([accepted.join(), later.join()]).equals(whole), "the bytes differ");
      assert.equal(accepted.channel.receivedBytes, whole.length);
    },
  },
  {
    name: "channels do not mix",
    async run(rig) {
      const pairs = await Promise.all(Array.from({ length: 10 }, () => rig.channels()));
      pairs.forEach(({ dialled, accepted }, index) => {
        dialled.channel.write([pattern(20_000, index)]);
        accepted.channel.write([pattern(10_000, index + 100)]);
      });
      for (const [index, { dialled, accepted }] of pairs.entries()) {
        await accepted.until(() => accepted.bytes >= 20_000);
        await dialled.until(() => dialled.bytes >= 10_000);
        assert.deepEqual(accepted.join(), Buffer.from(pattern(20_000, index)));
        assert.deepEqual(dialled.join(), Buffer.from(pattern(10_000, index + 100)));
      }
    },
  },
];
