import assert from "node:assert/strict";
import { CarrierError, type ChannelHandler, type Listener } from "disterl/carrier";
import type { CarrierCheck } from "./carrier-check.ts";
import type { ChannelLog } from "./carrier-rig.ts";

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
      for (const name of ["encrypted", "findsNodes"] as const) {
        assert.match(typeof carrier[name], /^(boolean|undefined)$/, `${name} is no boolean`);
      }
    },
  },
  {
    name: "it reaches a node that listens, and knows of no reason against its own ends",
    async run(rig) {
      const { dialled, accepted, listener } = await rig.bareChannels();
      const node = rig.nodeOf(listener);
      assert.ok(rig.dialer.reaches?.(node) ?? true, `reaches says no to ${node}, which listens`);
      for (const channel of [dialled, accepted]) {
        const problem: unknown = channel.claimProblem?.(node);
        if (problem !== undefined) assert.ok(problem instanceof Error, "a problem is an Error");
      }
    },
  },
  {
    name: "each dial reaches the listener that it is for, which is told of it once",
    async run(rig) {
      const arrived: [ChannelLog[], ChannelLog[]] = [[], []];
      let told: () => void = () => {};
      const listen = (logs: ChannelLog[]): Promise<Listener> =>
        rig.listen((channel) => {
          logs.push(rig.log(channel));
          told();
        });
      const [first, second] = [await listen(arrived[0]), await listen(arrived[1])];
      for (const [listener, byte] of [
        [second, 2],
        [first, 1],
        [second, 3],
      ] as const) {
        const telling = new Promise<void>((resolve) => {
          told = resolve;
        });
        const log = rig.log(await rig.dial(listener));
        log.channel.write([Uint8Array.of(byte)]);
        await telling; // over TLS 1.3 the side that dials is ready first
        const logs = arrived[listener === first ? 0 : 1];
        const [last = assert.fail("another listener was told of it")] = logs.slice(-1);
        await last.until(() => last.bytes > 0);
      }
      const bytes = arrived.map((logs) => logs.map((log) => [...log.join()]));
      assert.deepEqual(bytes, [[[1]], [[2], [3]]]);
    },
  },
  {
    name: "both ends know where they are",
    async run(rig) {
      const { dialled, accepted, listener } = await rig.bareChannels();
      assert.deepEqual(dialled.remote, accepted.local);
      assert.deepEqual(dialled.local, accepted.remote);
      assert.deepEqual(dialled.remote, listener.address);
      assert.equal(dialled.remote.port > 0, rig.carrier.findsNodes !== true);
    },
  },
  {
    name: "where nobody listens, a dial is refused",
    async run(rig) {
      const listener = await rig.listen(() => {});
      await listener.close();
      await expectCode(rig.dial(listener), "ERR_CARRIER_REFUSED");
    },
  },
  {
    name: "an aborted dial rejects with the reason, and leaves nothing open",
    async run(rig) {
      const arrived: ChannelLog[] = [];
      const listener = await rig.listen((channel) => {
        arrived.push(rig.log(channel));
        channel.write([new Uint8Array(1)]);
      });
      const reason = new Error("changed my mind");
      const before = AbortSignal.abort(reason);
      assert.equal(await rejection(rig.dial(listener, before)), reason);
      const controller = new AbortController();
      const dial = rejection(rig.dial(listener, controller.signal));
      controller.abort(reason);
      assert.equal(await dial, reason);
      // A dial that is not aborted comes after: when it is answered, the others have arrived, too.
      const log = rig.log(await rig.dial(listener));
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
      const log = rig.log(dialled);
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
      const log = rig.log(dialled);
      await listener.close();
      await listener.close();
      const again = await rig.listen(() => {}, rig.sameAddress(listener));
      assert.deepEqual(again.address, listener.address);
      accepted.handle(silent);
      accepted.write([new Uint8Array(3)]);
      await log.until(() => log.bytes === 3);
      assert.deepEqual(log.closes, []);
    },
  },
  {
    name: "an address that is taken is refused; of a range of ports the first free one is taken",
    async run(rig) {
      const first = await rig.listen(() => {});
      await expectCode(
        rig.listen(() => {}, rig.sameAddress(first)),
        "ERR_CARRIER_ADDRESS_IN_USE",
      );
      if (rig.carrier.findsNodes === true) return;
      const { port } = first.address;
      const second = await rig.listen(() => {}, { port, lastPort: port + 50 });
      assert.ok(second.address.port > port && second.address.port <= port + 50);
    },
  },
];
