import type { Carrier, Channel, Listener, NetAddress } from "../carrier/carrier.ts";
import { orAborted } from "../epmd/deadline.ts";
import type { Discovery } from "../epmd/discovery.ts";
import { addressFor } from "../node/address-for-carrier.ts";
import type { NodeName } from "../node/node-name.ts";
import type { ListenAt } from "./distribution-options.ts";
import { disallowedIp } from "./listen-settings.ts";

/** What listeners are opened with. */
export interface ListenersOptions {
  readonly at: ListenAt;
  readonly carriers: readonly Carrier[];
  readonly name: NodeName;
  readonly discovery: Discovery;
  /** Ends the opening. */
  readonly signal: AbortSignal;
  readonly onChannel: (channel: Channel, carrier: Carrier) => void;
  readonly onRefused: (remote: NetAddress, error: Error) => void;
}

/** The listeners of a node, one for each of its carriers, in their order. All are open, or none is. */
export class Listeners {
  readonly #open: { readonly carrier: Carrier; readonly listener: Listener }[] = [];

  /** @throws CarrierError of the first that cannot listen, or the signal's reason; the others are closed then. */
  static async open(options: ListenersOptions): Promise<Listeners> {
    const listeners = new Listeners();
    try {
      for (const carrier of options.carriers) {
        options.signal.throwIfAborted();
        await listeners.#listen(carrier, options);
      }
    } catch (error) {
      await listeners.close().catch(() => {}); // why it cannot listen is what is told
      throw error;
    }
    return listeners;
  }

  get addresses(): readonly NetAddress[] {
    return this.#open.map(({ listener }) => listener.address);
  }

  /** Each carrier, and where it listens. */
  *entries(): Iterable<readonly [Carrier, NetAddress]> {
    for (const { carrier, listener } of this.#open) yield [carrier, listener.address];
  }

  /** The port to make known: that of the first carrier that is found by a discovery. */
  get port(): number | undefined {
    return this.#open.find(({ carrier }) => carrier.findsNodes !== true)?.listener.address.port;
  }

  /** Closes all, also when one fails to; the first failure is thrown at the end. */
  async close(): Promise<void> {
    const closing = this.#open.map(({ listener }) => listener.close());
    const failed = (await Promise.allSettled(closing)).find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }

  async #listen(carrier: Carrier, options: ListenersOptions): Promise<void> {
    const { at, name, onChannel, onRefused } = options;
    const { lastPort, backlog, socket } = at;
    const host = addressFor(carrier, at.host ?? "127.0.0.1");
    const port = at.port ?? (await this.#portPlease(carrier, options));
    const node = name.full;
    const listener = await carrier.listen(
      { host, port, lastPort, backlog, socket, node, onRefused },
      (channel) => {
        const disallowed = disallowedIp(at, channel.remote);
        if (disallowed === undefined) return onChannel(channel, carrier);
        channel.destroy();
        onRefused(channel.remote, disallowed);
      },
    );
    this.#open.push({ carrier, listener });
  }

  /** The discovery has one port to ask for: the first carrier that it is for gets it. */
  async #portPlease(
    carrier: Carrier,
    { discovery, name, signal }: ListenersOptions,
  ): Promise<number | undefined> {
    if (carrier.findsNodes === true || this.port !== undefined) return undefined;
    const asking = discovery.listenPortPlease?.(name.name, name.host);
    const answer = asking === undefined ? undefined : await orAborted(asking, signal);
    return answer ?? discovery.listenPort;
  }
}
