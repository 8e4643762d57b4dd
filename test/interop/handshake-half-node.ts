import { type Channel, inetTcp, type Listener, systemClock } from "disterl/carrier";
import { EpmdClient, type Registration } from "disterl/epmd";
import {
  type AcceptOptions,
  type AgreedPeer,
  accept,
  Cookie,
  type InitiateOptions,
  initiate,
} from "disterl/handshake";
import { runHandshake } from "../../packages/disterl/src/connection/run-handshake.ts";
import { FLAGS, SmallPolicy } from "../compliance/handshake-rig.ts";

/** A connection whose handshake is over; frames are read and dropped. */
export interface Link {
  readonly peer: AgreedPeer;
  readonly channel: Channel;
  /** Resolves when it is gone. */
  readonly closed: Promise<void>;
}

/** As much of a node as is needed to shake hands with real ones: found through epmd, dials, is dialled. */
export class HalfNode implements AsyncDisposable {
  readonly name: string;
  readonly policy = new SmallPolicy();
  readonly links: Link[] = [];
  readonly errors: unknown[] = [];
  acceptOptions: Partial<AcceptOptions<object>> = {};
  cookie: string;
  creation = 0;
  /** Called with each connection before its handshake begins. */
  onChannel: (channel: Channel) => Promise<void> = () => Promise.resolve();
  readonly #epmd: EpmdClient;
  #listener: Listener | undefined;
  #registration: Registration | undefined;
  readonly #channels = new Set<Channel>();

  private constructor(name: string, cookie: string, epmdPort: number) {
    this.name = name;
    this.policy.ourName = name;
    this.cookie = cookie;
    this.#epmd = new EpmdClient({ port: epmdPort });
  }

  static async start(name: string, cookie: string, epmdPort: number): Promise<HalfNode> {
    const node = new HalfNode(name, cookie, epmdPort);
    node.policy.cookieFor = () => new Cookie(node.cookie);
    node.#listener = await inetTcp.listen({ host: "127.0.0.1" }, (channel) => {
      void node.#accept(channel);
    });
    const [alive = ""] = name.split("@");
    const registration = await node.#epmd.register(alive, node.#listener.address.port);
    node.#registration = registration;
    node.creation = registration.creation ?? 4;
    return node;
  }

  async #accept(channel: Channel): Promise<void> {
    this.#channels.add(channel);
    await this.onChannel(channel);
    try {
      const { result } = await runHandshake({
        channel,
        handshake: accept<object>({
          ourName: this.name,
          ourCreation: this.creation,
          flags: FLAGS,
          policy: this.policy,
          attempt: channel,
          ...this.acceptOptions,
        }),
        lengthBytes: 2,
        clock: systemClock,
      });
      this.links.push(this.#link(channel, result));
    } catch (error) {
      this.errors.push(error);
    }
  }

  #link(channel: Channel, peer: AgreedPeer): Link {
    const closed = new Promise<void>((resolve) => {
      channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => resolve() });
    });
    return { peer, channel, closed };
  }

  /** Finds a real node through epmd and shakes hands with it. */
  async dial(peer: string, options: Partial<InitiateOptions> = {}): Promise<Link> {
    const [alive = ""] = peer.split("@");
    const found = await this.#epmd.lookup(alive, "localhost");
    if (found === undefined) throw new Error(`epmd does not know ${alive}`);
    const channel = await inetTcp.connect({ host: "127.0.0.1", port: found.port });
    this.#channels.add(channel);
    const { result } = await runHandshake({
      channel,
      handshake: initiate({
        ourName: this.name,
        ourCreation: this.creation,
        flags: FLAGS,
        peer,
        cookie: new Cookie(this.cookie),
        ...options,
      }),
      lengthBytes: 2,
      clock: systemClock,
    });
    return this.#link(channel, result);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const channel of this.#channels) channel.destroy();
    await this.#registration?.unregister();
    await this.#listener?.close();
  }
}
