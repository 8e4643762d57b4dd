import assert from "node:assert/strict";
import type { CarrierCheck } from "./carrier-check.ts";
import { flushedWrite, pattern } from "./carrier-rig.ts";

const MiB = 1024 * 1024;

/** Ends: each side is told exactly once, last of all, and never during a call of its own. */
export const closingChecks: readonly CarrierCheck[] = [
  {
    name: "end sends what is pending first; both sides are told once",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      const whole = pattern(3 * MiB);
      dialled.channel.write([whole]);
      dialled.call("end", () => dialled.channel.end());
      await accepted.until(() => accepted.closes.length > 0);
      await dialled.until(() => dialled.closes.length > 0);
      assert.ok(accepted.join().equals(whole), "bytes were lost");
      assert.deepEqual(accepted.closes, [undefined]);
      assert.deepEqual(dialled.closes, [undefined]);
    },
  },
  {
    name: "end reaches a peer that is still sending, with all that was pending",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      accepted.channel.write([pattern(MiB)]);
      dialled.channel.write([pattern(100_000)]);
      dialled.channel.end();
      accepted.channel.write([pattern(MiB)]);
      await accepted.until(() => accepted.closes.length > 0);
      assert.deepEqual(accepted.join(), Buffer.from(pattern(100_000)));
      await dialled.until(() => dialled.closes.length > 0);
      assert.deepEqual(dialled.closes, [undefined]);
      assert.equal(dialled.bytes, 0, "something was delivered after end");
    },
  },
  {
    name: "after end nothing more is written: write says false, and is flushed",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      dialled.channel.write([pattern(1_000)]);
      dialled.channel.end();
      let accepting = true;
      let during = true;
      const flushed = new Promise<void>((resolve) => {
        accepting = dialled.channel.write([pattern(500)], () => {
          if (during) rig.wrong("flushed was called during write");
          resolve();
        });
        during = false;
      });
      assert.equal(accepting, false, "write said true after end");
      await flushed;
      await accepted.until(() => accepted.closes.length > 0);
      await dialled.until(() => dialled.closes.length > 0);
      assert.equal(accepted.bytes, 1_000, "something was sent after end");
    },
  },
  {
    name: "destroy tells its owner the error it was given, and the peer that it is over",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      const reason = new Error("enough");
      dialled.call("destroy", () => dialled.channel.destroy(reason));
      await dialled.until(() => dialled.closes.length > 0);
      await accepted.until(() => accepted.closes.length > 0);
      assert.equal(dialled.closes[0], reason);
      assert.equal(accepted.closes.length, 1);
    },
  },
  {
    name: "nothing is delivered after destroy",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      accepted.onChunk = () => accepted.channel.destroy();
      dialled.channel.write([pattern(MiB)]);
      await accepted.until(() => accepted.closes.length > 0);
      await dialled.until(() => dialled.closes.length > 0);
      assert.equal(accepted.chunks, 1);
    },
  },
  {
    name: "a closed channel is inert: writes are flushed and say false, nothing is told twice",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      dialled.channel.destroy();
      dialled.channel.destroy(new Error("again"));
      dialled.channel.end();
      await dialled.until(() => dialled.closes.length > 0);
      await accepted.until(() => accepted.closes.length > 0);
      let accepting = true;
      await new Promise<void>((resolve) => {
        accepting = dialled.channel.write([pattern(10)], resolve);
      });
      assert.equal(accepting, false);
      for (const log of [dialled, accepted]) {
        log.channel.end();
        log.channel.destroy(new Error("again"));
        log.channel.pause();
        log.channel.resume();
        await flushedWrite(log.channel, []);
        assert.equal(log.closes.length, 1);
        assert.equal(log.channel.pendingBytes, 0);
      }
      assert.equal(dialled.closes[0], undefined);
    },
  },
  {
    name: "writes that a close cuts off are flushed, before onClose",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      accepted.channel.pause();
      let unflushed = 0;
      let accepting = true;
      for (let index = 0; accepting && index < 4_000; index++) {
        unflushed++;
        accepting = dialled.channel.write([pattern(64 * 1024)], () => {
          unflushed--;
          if (dialled.closes.length > 0) rig.wrong("flushed was called after onClose");
        });
        if (index % 16 === 15) await flushedWrite(dialled.channel, []);
      }
      assert.ok(unflushed > 0, "nothing was pending");
      dialled.channel.destroy();
      await dialled.until(() => dialled.closes.length > 0);
      assert.equal(unflushed, 0);
      assert.equal(dialled.drains, 0);
    },
  },
  {
    name: "a handler that comes after the close is told",
    async run(rig) {
      const { dialled, accepted } = await rig.channels();
      const reason = new Error("enough");
      dialled.channel.destroy(reason);
      await dialled.until(() => dialled.closes.length > 0);
      await accepted.until(() => accepted.closes.length > 0);
      const late = rig.log(dialled.channel);
      await late.until(() => late.closes.length > 0);
      assert.deepEqual(late.closes, [reason]);
    },
  },
  {
    name: "a channel that was never handled can be closed from either side",
    async run(rig) {
      const first = await rig.bareChannels();
      first.accepted.destroy();
      const log = rig.log(first.dialled);
      await log.until(() => log.closes.length > 0);
      const second = await rig.bareChannels();
      second.dialled.write([pattern(1_000)]);
      second.dialled.end();
      const other = rig.log(second.accepted);
      await other.until(() => other.closes.length > 0);
      assert.equal(other.bytes, 1_000);
    },
  },
];
