import assert from "node:assert/strict";
import { CarrierError, type ChannelHandler } from "disterl/carrier";
import type { CarrierCheck } from "./carrier-check.ts";
import { ChannelLog } from "./carrier-rig.ts";

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("it did not reject");
}

async function expectCode(promise: Promise<unknown>, code: string): Promise<void> {
  const error = await rejection(promise);
  assert.ok(error instanceof CarrierError, `not a CarrierError: ${String(error)}`);
  assert.equal(error.code, code);
}

const silent: ChannelHandler = { onData: () => {}, onDrain: () => {}, onClose: () => {} };

/** Listening, dialing, giving up. */
export const dialingChecks: readonly CarrierCheck[] = [
  {
    name: "the carrier says what it is",
    async run({ carrier }) {
      assert.match(carrier.name, /^[a-z0-9_]+$/);
      assert.ok(carrier.handshakeLengthBytes === 2 || carrier.handshakeLengthBytes === 4);
    },
  },
  {
    name: "both ends know where they are",
    async run(rig) {
      const { dialled, accepted } = await rig.bareChannels();
      assert.deepEqual(dialled.remote, accepted.local);
      assert.deepEqual(dialled.local, accepted.remote);
      assert.ok(dialled.remote.port > 0);
    },
  },
  {
    name: "where nobody listens, a dial is refused",
    async run(rig) {
      const listener = await rig.listen(() => {});
      await listener.close();
      await expectCode(rig.dial(listener.address.port), "ERR_CARRIER_REFUSED");
    },
  },
  {
    name: "an aborted dial rejects with the reason, and leaves nothing open",
    async run(rig) {
      const arrived: ChannelLog[] = [];
      const listener = await rig.listen((channel) => {
        const log = new ChannelLog(channel);
        channel.handle(log);
        arrived.push(log);
        channel.write([new Uint8Array(1)]);
      });
      const reason = new Error("changed my mind");
      const before = AbortSignal.abort(reason);
      assert.equal(await rejection(rig.dial(listener.address.port, before)), reason);
      const controller = new AbortController();
      const dial = rejection(rig.dial(listener.address.port, controller.signal));
      controller.abort(reason);
      assert.equal(await dial, reason);
      // A dial that is not aborted comes after: when it is answered, the others have arrived, too.
      const log = new ChannelLog(await rig.dial(listener.address.port));
      log.channel.handle(log);
      await log.until(() => log.bytes > 0);
      for (const other of arrived.slice(0, -1)) await other.until(() => other.closes.length > 0);
      assert.deepEqual(log.closes, []);
    },
  },
  {
    name: "an abort after the dial has no effect",
    async run(rig) {
      const controller = new AbortController();
      const { dialled, accepted } = await rig.bareChannels(controller.signal);
      controller.abort();
      const log = new ChannelLog(dialled);
      dialled.handle(log);
      accepted.handle(silent);
      accepted.write([new Uint8Array(3)]);
      await log.until(() => log.bytes === 3);
      assert.deepEqual(log.closes, []);
    },
  },
  {
    name: "a closed listener frees its address at once, and its channels stay",
    async run(rig) {
      const { dialled, accepted, listener } = await rig.bareChannels();
      const log = new ChannelLog(dialled);
      dialled.handle(log);
      await listener.close();
      await listener.close();
      const again = await rig.listen(() => {}, { port: listener.address.port });
      assert.equal(again.address.port, listener.address.port);
      accepted.handle(silent);
      accepted.write([new Uint8Array(3)]);
      await log.until(() => log.bytes === 3);
      assert.deepEqual(log.closes, []);
    },
  },
  {
    name: "a port that is taken is refused; of a range the first free one is taken",
    async run(rig) {
      const first = await rig.listen(() => {});
      const { port } = first.address;
      await expectCode(
        rig.listen(() => {}, { port }),
        "ERR_CARRIER_ADDRESS_IN_USE",
      );
      const second = await rig.listen(() => {}, { port, lastPort: port + 50 });
      assert.ok(second.address.port > port && second.address.port <= port + 50);
    },
  },
];
