import {
  type Carrier,
  type Channel,
  type ChannelHandler,
  MemoryNetwork,
  type MemoryNetworkOptions,
  VirtualClock,
} from "disterl/carrier";
import {
  type AcceptOptions,
  type AcceptPolicy,
  type AgreedPeer,
  accept,
  type Claim,
  Cookie,
  DynamicNames,
  HandshakeError,
  type InitiateOptions,
  initiate,
  type NameLease,
  OutstandingChallenges,
} from "disterl/handshake";
import {
  type HandshakeOutcome,
  runHandshake,
} from "../../packages/disterl/src/connection/run-handshake.ts";

/** What OTP 29 announces. */
export const FLAGS = 0x0000006d07df7fbdn;
export const COOKIE = "secret";

export function bytes(hex: string): Uint8Array {
  return Buffer.from(hex.replaceAll(/\s+/g, ""), "hex");
}

/** The least that a node has to decide: a table of names that are up, and of names it dials. */
export class SmallPolicy implements AcceptPolicy<object> {
  ourName = "b@there";
  allowed: readonly string[] | undefined;
  readonly up = new Map<string, object>();
  readonly dialling = new Set<string>();
  readonly cookies = new Map<string, string>();
  readonly names = new DynamicNames();
  givesNames = true;
  readonly leases: NameLease[] = [];
  readonly replaced: string[] = [];
  /** What ending an old connection takes. */
  ending: () => Promise<void> = () => Promise.resolve();

  isAllowed(name: string): boolean {
    return this.allowed?.includes(name) ?? true;
  }

  claim(name: string): Claim {
    if (this.up.has(name)) return "alive";
    if (!this.dialling.has(name)) return "ok";
    return name < this.ourName ? "nok" : "ok_simultaneous";
  }

  cookieFor(name: string): Cookie {
    return new Cookie(this.cookies.get(name) ?? COOKIE);
  }

  nameFor(host: string): NameLease | undefined {
    if (!this.givesNames) return undefined;
    const lease = this.names.lease(host);
    this.leases.push(lease);
    return lease;
  }

  async replaceLive(name: string): Promise<void> {
    await this.ending();
    this.replaced.push(name);
    this.up.delete(name);
  }

  authenticated(peer: AgreedPeer, attempt: object): boolean {
    if (this.up.has(peer.name)) return false;
    this.up.set(peer.name, attempt);
    return true;
  }
}

/** One end of a connection in the hands of a test: bytes out, bytes in, nothing understood. */
export class Stranger implements ChannelHandler {
  readonly channel: Channel;
  received = "";
  closed = false;

  constructor(channel: Channel) {
    this.channel = channel;
    channel.handle(this);
  }

  onData(chunk: Uint8Array): void {
    this.received += Buffer.from(chunk).toString("hex");
  }

  onDrain(): void {}

  onClose(): void {
    this.closed = true;
  }

  /** Sends hex as it is. */
  send(hex: string): void {
    this.channel.write([bytes(hex)]);
  }

  /** Sends one packet with its two-byte length. */
  packet(body: Uint8Array | string): void {
    const content = typeof body === "string" ? bytes(body) : body;
    const length = Buffer.alloc(2);
    length.writeUInt16BE(content.length);
    this.channel.write([length, content]);
  }

  /** Takes everything received so far, as text where it is a status. */
  take(): string {
    const taken = this.received;
    this.received = "";
    return taken;
  }

  /** Takes everything received so far, cut into packets. */
  takePackets(): Buffer[] {
    let left = Buffer.from(this.take(), "hex");
    const packets: Buffer[] = [];
    while (left.length > 0) {
      const end = 2 + left.readUInt16BE(0);
      packets.push(left.subarray(2, end));
      left = left.subarray(end);
    }
    return packets;
  }
}

/** How a handshake of ours ended. */
export interface Ended {
  outcome?: HandshakeOutcome<AgreedPeer>;
  error?: unknown;
}

/** Two hosts in memory: ours, `there`, and one that belongs to strangers, `here`. */
export class HandshakeRig {
  readonly clock = new VirtualClock();
  readonly policy = new SmallPolicy();
  readonly outstanding = new OutstandingChallenges();
  readonly theirs: Carrier;
  readonly ours: Carrier;
  /** Every handshake of ours as acceptor, in order. */
  readonly accepted: Ended[] = [];
  /** The channels of them. */
  readonly channels: Channel[] = [];

  constructor(options: Partial<MemoryNetworkOptions> = {}) {
    const network = new MemoryNetwork({ clock: this.clock, ...options });
    this.theirs = network.carrier("here");
    this.ours = network.carrier("there");
  }

  /** Our node `b@there` begins to accept on port 1. */
  async serve(options: Partial<AcceptOptions<object>> = {}): Promise<void> {
    await this.ours.listen({ port: 1 }, (channel) => {
      const ended: Ended = {};
      this.accepted.push(ended);
      this.channels.push(channel);
      const handshake = accept<object>({
        ourName: "b@there",
        ourCreation: 6,
        flags: FLAGS,
        policy: this.policy,
        attempt: channel,
        outstanding: this.outstanding,
        ...options,
      });
      void this.#run(channel, handshake, ended);
    });
  }

  async #run(channel: Channel, handshake: ReturnType<typeof accept>, ended: Ended): Promise<void> {
    try {
      ended.outcome = await runHandshake({
        channel,
        handshake,
        lengthBytes: this.ours.handshakeLengthBytes,
        clock: this.clock,
      });
    } catch (error) {
      ended.error = error;
    }
  }

  /** A stranger dials our node. */
  async stranger(): Promise<Stranger> {
    const dial = this.theirs.connect({ host: "there", port: 1 });
    return new Stranger(await this.clock.runUntil(dial));
  }

  /** Our node dials a node that a stranger plays. */
  async dialStranger(
    options: Partial<InitiateOptions> = {},
    signal?: AbortSignal,
  ): Promise<{ stranger: Stranger; ended: Ended; channel: Channel }> {
    let stranger: Stranger | undefined;
    const listener = await this.theirs.listen({ port: 2 }, (channel) => {
      stranger = new Stranger(channel);
    });
    const channel = await this.clock.runUntil(this.ours.connect({ host: "here", port: 2 }));
    await listener.close();
    const ended: Ended = {};
    const handshake = initiate({
      ourName: "b@there",
      ourCreation: 6,
      flags: FLAGS,
      peer: "a@here",
      cookie: new Cookie(COOKIE),
      outstanding: this.outstanding,
      ...options,
    });
    runHandshake({ channel, handshake, lengthBytes: 2, clock: this.clock, signal }).then(
      (outcome) => {
        ended.outcome = outcome;
      },
      (error: unknown) => {
        ended.error = error;
      },
    );
    if (stranger === undefined) throw new Error("nobody was dialled");
    return { stranger, ended, channel };
  }

  /** Everything that is due without time passing. */
  settle(): Promise<void> {
    return this.clock.advance(0);
  }
}

/** The code of the error a handshake ended with. */
export function codeOf(ended: Ended | undefined): string | undefined {
  const error = ended?.error;
  if (error === undefined || error instanceof HandshakeError) return error?.code;
  return String(error);
}

/** The message of the error a handshake ended with. */
export function messageOf(ended: Ended | undefined): string {
  return ended?.error instanceof Error ? ended.error.message : "";
}
