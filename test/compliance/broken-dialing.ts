import { CarrierError, type Channel, type Listener } from "disterl/carrier";
import { type Broken, broken, wrapped } from "./broken-carrier.ts";

/** Carriers that break a promise of listening and dialling. */
export const brokenDialing: readonly Broken[] = [
  [
    "a name that no flag can give",
    () => broken(() => ({ name: "My Carrier" })),
    "the carrier says what it is",
  ],
  [
    "a length of 3 bytes",
    () => broken(() => ({ handshakeLengthBytes: 3 as 2 })),
    "the carrier says what it is",
  ],
  [
    "findsNodes that is no boolean",
    () => broken(() => ({ findsNodes: "yes" as unknown as boolean })),
    "the carrier says what it is",
  ],
  [
    "reaches that denies a node which listens",
    () => broken(() => ({ reaches: () => false })),
    "it reaches a node that listens, and knows of no reason against its own ends",
  ],
  [
    "a problem that is no Error",
    wrapped({ claimProblem: () => "no" }),
    "it reaches a node that listens, and knows of no reason against its own ends",
  ],
  [
    "a channel that is told twice",
    () =>
      broken((carrier) => ({
        listen: (options, onChannel) =>
          carrier.listen(options, (channel) => {
            onChannel(channel);
            onChannel(channel);
          }),
      })),
    "each dial reaches the listener that it is for, which is told of it once",
  ],
  [
    "a dial that goes to the first listener",
    () =>
      broken((carrier) => {
        let first: Listener | undefined;
        return {
          listen: async (options, onChannel) => {
            const listener = await carrier.listen(options, onChannel);
            first ??= listener;
            return listener;
          },
          connect: (options) =>
            carrier.connect({ ...options, port: first?.address.port ?? options.port }),
        };
      }),
    "each dial reaches the listener that it is for, which is told of it once",
  ],
  [
    "ends that are called otherwise",
    wrapped({
      get remote() {
        return { family: "memory", address: "?", port: 1 };
      },
    }),
    "both ends know where they are",
  ],
  [
    "an error of another class",
    () =>
      broken((carrier) => ({
        connect: (options) =>
          carrier.connect(options).catch((error: unknown) => {
            throw options.signal?.aborted === true ? error : new Error("failed");
          }),
      })),
    "where nobody listens, a dial is refused",
  ],
  [
    "another code",
    () =>
      broken((carrier) => ({
        connect: (options) =>
          carrier.connect(options).catch((error: unknown) => {
            throw options.signal?.aborted === true
              ? error
              : new CarrierError("ERR_CARRIER_CLOSED", "?");
          }),
      })),
    "where nobody listens, a dial is refused",
  ],
  [
    "a signal that nobody looks at",
    () =>
      broken((carrier) => ({
        connect: (options) => carrier.connect({ ...options, signal: undefined }),
      })),
    "an aborted dial rejects with the reason, and leaves nothing open",
  ],
  [
    "an aborted dial that stays open",
    () =>
      broken((carrier) => ({
        connect: ({ signal, ...options }) =>
          new Promise((resolve, reject) => {
            if (signal?.aborted === true) return reject(signal.reason as Error);
            signal?.addEventListener("abort", () => reject(signal.reason as Error));
            carrier.connect(options).then(resolve, reject);
          }),
      })),
    "an aborted dial rejects with the reason, and leaves nothing open",
  ],
  [
    "a signal that is heard for ever",
    () =>
      broken((carrier) => ({
        connect: async (options) => {
          const channel = await carrier.connect(options);
          options.signal?.addEventListener("abort", () => channel.destroy());
          return channel;
        },
      })),
    "an abort after the dial has no effect",
  ],
  [
    "a listener that does not close",
    () =>
      broken((carrier) => ({
        listen: async (options, onChannel) => ({
          ...(await carrier.listen(options, onChannel)),
          close: () => Promise.resolve(),
        }),
      })),
    "a closed listener frees its address at once, and its channels stay",
  ],
  [
    "a close that never ends",
    () =>
      broken((carrier) => ({
        listen: async (options, onChannel) => {
          const { address } = await carrier.listen(options, onChannel);
          return { address, close: () => new Promise(() => {}) };
        },
      })),
    "a large write arrives whole",
  ],
  [
    "a close that closes channels, too",
    () =>
      broken((carrier) => ({
        listen: async (options, onChannel) => {
          const channels: Channel[] = [];
          const listener = await carrier.listen(options, (channel) => {
            channels.push(channel);
            onChannel(channel);
          });
          return {
            address: listener.address,
            close: async () => {
              for (const channel of channels) channel.destroy();
              await listener.close();
            },
          };
        },
      })),
    "a closed listener frees its address at once, and its channels stay",
  ],
  [
    "a taken port that another is taken for",
    () =>
      broken((carrier) => ({
        listen: ({ port = 0, lastPort = port + 1, ...options }, onChannel) =>
          carrier.listen({ ...options, port, lastPort: port === 0 ? 0 : lastPort + 1 }, onChannel),
      })),
    "an address that is taken is refused; of a range of ports the first free one is taken",
  ],
];
