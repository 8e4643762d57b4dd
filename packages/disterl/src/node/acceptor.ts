import type { Carrier, Channel } from "../carrier/carrier.ts";
import type { Clock } from "../carrier/clock.ts";
import { runHandshake } from "../connection/run-handshake.ts";
import { orAborted } from "../epmd/deadline.ts";
import { accept } from "../handshake/accept.ts";
import type { AcceptPolicy, Claim } from "../handshake/accept-policy.ts";
import type { Cookie } from "../handshake/cookie.ts";
import { DynamicNames, type NameLease } from "../handshake/dynamic-names.ts";
import { HandshakeError } from "../handshake/errors.ts";
import type { AgreedPeer } from "../handshake/handshake.ts";
import {
  PendingHandshakes,
  type PendingHandshakesOptions,
} from "../handshake/pending-handshakes.ts";
import type { Identity } from "../process/identity.ts";
import { type Atom, atom, existingAtom } from "../term/atom.ts";
import { HandshakeTrace } from "../trace/handshake-trace.ts";
import type { AllowList } from "./allow-list.ts";
import type { Auth } from "./auth.ts";
import { codeOf } from "./error-code.ts";
import type { NetKernel } from "./net-kernel.ts";
import { parseNodeName } from "./node-name.ts";
import type { NodeTable } from "./node-table.ts";
import type { StatusFeed } from "./status.ts";

export interface AcceptorOptions {
  readonly clock: Clock;
  readonly auth: Auth;
  readonly allowList: AllowList;
  readonly flags: bigint;
  readonly setupTimeMs: number;
  /** Most connections, as `limits.connections`. */
  readonly connections: number;
  readonly pending: PendingHandshakesOptions;
  /** 32 random bits, unsigned. */
  readonly random: () => number;
}

export interface AcceptorParts {
  readonly identity: Identity;
  readonly nodes: NodeTable;
  readonly netKernel: NetKernel;
  readonly status: StatusFeed;
}

/** What one inbound attempt has got so far. */
interface Attempt {
  readonly channel: Channel;
  claimed: string | undefined;
  reserved: Atom | undefined;
  lease: NameLease | undefined;
}

/**
 * Serves the connections that others open: admission, handshake, and the decisions of net_kernel
 * about the names they claim. A claimed name stays text, and takes no place, until its owner has
 * proved to know the cookie.
 */
export class Acceptor implements AcceptPolicy<Attempt> {
  readonly #options: AcceptorOptions;
  readonly #parts: AcceptorParts;
  readonly #pending: PendingHandshakes;
  readonly #dynamicNames: DynamicNames;
  readonly #going = new Set<AbortController>();
  /** Whoever connects before we know who we are waits a moment. */
  readonly #opened: Promise<void>;
  #open: () => void = () => {};
  #isOpen = false;
  #stopped = false;

  constructor(options: AcceptorOptions, parts: AcceptorParts) {
    this.#options = options;
    this.#parts = parts;
    this.#dynamicNames = new DynamicNames(options.random);
    this.#pending = new PendingHandshakes({ clock: options.clock, ...options.pending });
    this.#opened = new Promise<void>((resolve) => {
      this.#open = resolve;
    });
  }

  /** The node has its name: handshakes can begin. */
  open(): void {
    this.#isOpen = true;
    this.#open();
  }

  /** Ends the handshakes under way, and whatever comes later. */
  stop(): void {
    this.#stopped = true;
    for (const abort of this.#going) abort.abort(new Error("the node was stopped"));
    this.#open();
  }

  /** A connection was opened to us, on that carrier. */
  async serve(channel: Channel, carrier: Carrier): Promise<void> {
    const { clock, setupTimeMs, flags } = this.#options;
    const { identity, netKernel } = this.#parts;
    const source = channel.remote.address;
    const abort = new AbortController();
    const ticket = this.#pending.admit(source, () => {
      abort.abort(new Error("too many connections are shaking hands"));
    });
    if (ticket === undefined || this.#stopped) {
      ticket?.done();
      turnAway(channel);
      return;
    }
    const attempt: Attempt = { channel, claimed: undefined, reserved: undefined, lease: undefined };
    this.#going.add(abort);
    try {
      const mayBegin = this.#isOpen && this.#pending.mayBegin(source);
      const refuse = mayBegin ? false : await this.#atTheDoor(channel, abort.signal);
      const { result: peer, rest } = await runHandshake({
        channel,
        handshake: accept({
          ourName: identity.node.text,
          ourCreation: identity.creation,
          flags,
          policy: this,
          attempt,
          outstanding: netKernel.outstanding,
          refuse,
        }),
        lengthBytes: carrier.handshakeLengthBytes,
        clock,
        limits: { stepMs: setupTimeMs },
        trace: new HandshakeTrace(identity.node.text, "accept"),
        signal: abort.signal,
      });
      if (attempt.lease !== undefined) netKernel.lease(peer.name, attempt.lease);
      netKernel.up({ channel, carrier: carrier.name, peer, rest }, false);
    } catch (error) {
      if (attempt.reserved !== undefined) netKernel.release(attempt.reserved, error as Error);
      if (error instanceof HandshakeError && error.code === "ERR_HANDSHAKE_WRONG_COOKIE") {
        this.#pending.failedDigest(source);
      }
      this.refused(source, error as Error);
    } finally {
      this.#going.delete(abort);
      if (attempt.claimed !== undefined) netKernel.claims.end(attempt.claimed, attempt);
      ticket.done();
    }
  }

  /**
   * Waits until handshakes can begin; whether this one is to be refused then. Whose place is given away
   * goes at once.
   */
  async #atTheDoor(channel: Channel, signal: AbortSignal): Promise<boolean> {
    const waiting = this.#opened.then(() => this.#pending.shouldRefuse(channel.remote.address));
    try {
      return await orAborted(waiting, signal);
    } catch (error) {
      turnAway(channel);
      throw error;
    }
  }

  /** A connection did not get through its handshake, or not even to one. */
  refused(address: string, error: Error): void {
    this.#parts.status.publish({ type: "refused", address, code: codeOf(error), error });
  }

  // ── AcceptPolicy ──────────────────────────────────────────────────────────────────────────────

  isAllowed(name: string): boolean {
    try {
      return this.#options.allowList.allowsIncoming(parseNodeName(name));
    } catch {
      // A host, of a node that asks for a name; or nonsense, and the handshake says so itself.
      return this.#options.allowList.allowsNameless(name);
    }
  }

  claimProblem(name: string, { channel }: Attempt): Error | undefined {
    return channel.claimProblem?.(name);
  }

  claim(name: string, attempt: Attempt): Claim {
    attempt.claimed = name;
    this.#parts.netKernel.claims.begin(name, attempt);
    const { nodes, identity } = this.#parts;
    const node = existingAtom(name);
    const peer = node === undefined ? undefined : nodes.get(node);
    if (peer === undefined) {
      return nodes.size >= this.#options.connections ? "not_allowed" : "ok";
    }
    if (peer.state !== "pending") return "alive";
    // Both dial: the node with the greater name wins (protocol HS-27, HS-28).
    return identity.node.text > name ? "nok" : "ok_simultaneous";
  }

  cookieFor(name: string): Cookie {
    return this.#options.auth.cookieFor(name);
  }

  nameFor(host: string, attempt: Attempt): NameLease | undefined {
    if (this.#parts.nodes.size >= this.#options.connections) return undefined;
    attempt.lease = this.#dynamicNames.lease(host);
    return attempt.lease;
  }

  async replaceLive(name: string): Promise<void> {
    await this.#parts.netKernel.replace(atom(name));
  }

  authenticated(peer: AgreedPeer, attempt: Attempt): boolean {
    const node = atom(peer.name);
    if (!this.#parts.netKernel.reserve(node)) return false;
    attempt.reserved = node;
    return true;
  }
}

/** Closes a channel that nobody handles. */
function turnAway(channel: Channel): void {
  channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
  channel.destroy();
}
