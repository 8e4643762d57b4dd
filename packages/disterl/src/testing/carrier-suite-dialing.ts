import assert from "node:assert/strict";
import { CarrierError, type Channel, type ChannelHandler } from "disterl/carrier";
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
      });
      const reason = new Error("changed my mind");
      const before = AbortSignal.abort(reason);
      assert.equal(await rejection(rig.dial(listener.address.port, before)), reason);
      const controller = new AbortController();
      const dial = rejection(rig.dial(listener.address.port, controller.signal));
      controller.abort(reason);
      assert.equal(await dial, reason);
      const channel = await rig.dial(listener.address.port);
      channel.handle(silent);
      for (const log of arrived.slice(0, -1)) await log.until(() => log.closes.length > 0);
    },
  },
  {
    name: "an abort after the dial has no effect",
    async run(rig) {
      let accepted: Channel | undefined;
      const listener = await rig.listen((channel) => {
        accepted = channel;
      });
      const controller = new AbortController();
      const dialled = await rig.dial(listener.address.port, controller.signal);
      controller.abort();
      const log = new ChannelLog(dialled);
      dialled.handle(log);
      accepted?.handle(silent);
      accepted?.write([new Uint8Array(3)]);
      await log.until(() => log.bytes === 3);
      assert.deepEqual(log.closes, []);
    },
  },
  {
    name: "a closed listener frees its address at once, and its channels stay",
    async run(rig) {
      let accepted: Channel | undefined;
      const listener = await rig.listen((channel) => {
        accepted = channel;
      });
      const dialled = await rig.dial(listener.address.port);
      const log = new ChannelLog(dialled);
      dialled.handle(log);
      await listener.close();
      await listener.close();
      const again = await rig.listen(() => {}, { port: listener.address.port });
      assert.equal(again.address.port, listener.address.port);
      accepted?.handle(silent);
      accepted?.write([new Uint8Array(3)]);
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
