import type { Carrier, SocketOptions } from "../carrier/carrier.ts";
import type { Clock } from "../carrier/clock.ts";
import { abortAfter } from "../epmd/deadline.ts";
import type { Discovery } from "../epmd/discovery.ts";
import type { OutstandingChallenges } from "../handshake/digest.ts";
import { type Identity, NONODE } from "../process/identity.ts";
import type { Atom } from "../term/atom.ts";
import { DFLAG_PUBLISHED } from "../wire/flags.ts";
import type { AllowList } from "./allow-list.ts";
import type { Auth } from "./auth.ts";
import { dial, type Established } from "./dial.ts";
import { ConnectError } from "./errors.ts";
import { checkDialName, type NameDomain, type NodeName } from "./node-name.ts";

export interface DialerOptions {
  readonly carriers: readonly Carrier[];
  readonly clock: Clock;
  readonly discovery: Discovery;
  readonly auth: Auth;
  readonly allowList: AllowList;
  /** What we announce in handshakes. */
  readonly flags: bigint;
  readonly nameDomain: NameDomain;
  /** Our host, with which a nameless node asks for a name; undefined when we have a name. */
  readonly dynamicHost: string | undefined;
  readonly setupTimeMs: number;
  /** Settings of the sockets that are dialled with. */
  readonly dialSocket?: SocketOptions | undefined;
  /** 32 random bits, unsigned. */
  readonly random: () => number;
}

/** Dials nodes by name: with our name and cookies, where policy lets us, within the time there is. */
export class Dialer {
  readonly #options: DialerOptions;
  readonly #identity: Identity;
  readonly #outstanding: OutstandingChallenges;

  constructor(options: DialerOptions, identity: Identity, outstanding: OutstandingChallenges) {
    this.#options = options;
    this.#identity = identity;
    this.#outstanding = outstanding;
  }

  /**
   * `abort` is aborted when there is no more time, and ends the dial whoever aborts it. `hidden`: as a
   * hidden node.
   * @throws ConnectError; the reason of `abort`.
   */
  async dial(node: Atom, abort: AbortController, hidden = false): Promise<Established> {
    const { clock, setupTimeMs, dynamicHost, auth, random } = this.#options;
    const flags = hidden ? this.#options.flags & ~DFLAG_PUBLISHED : this.#options.flags;
    const name = this.#checkName(node);
    const nameless = this.#identity.node === NONODE;
    if (nameless && dynamicHost === undefined) {
      throw policyError(node, "this node has no name: it is not distributed");
    }
    const late = (): ConnectError => {
      const text = `no connection to ${node.text} within ${2 * setupTimeMs} ms`;
      return new ConnectError("ERR_CONNECT_TIMEOUT", "carrier", node.text, text);
    };
    const handshake = {
      ourName: nameless ? (dynamicHost ?? "") : this.#identity.node.text,
      ourCreation: this.#identity.creation,
      flags,
      peer: node.text,
      cookie: auth.cookieFor(node.text),
      askForName: nameless,
      outstanding: this.#outstanding,
      isStillWanted: () => !abort.signal.aborted,
      random,
    };
    // A discovery or a carrier that does not look at its signal must not hold a dial open.
    return abortAfter(clock, 2 * setupTimeMs, abort, late, async (signal) => {
      const established = await dial(name, handshake, this.#options, signal);
      if (signal.aborted) established.channel.destroy();
      return established;
    });
  }

  #checkName(node: Atom): NodeName {
    if (!this.#options.allowList.allowsOutgoing(node.text)) {
      throw policyError(node, "the node is not on our allow list");
    }
    try {
      return checkDialName(node.text, this.#options.nameDomain);
    } catch (error) {
      const { message } = error as Error;
      throw new ConnectError("ERR_CONNECT_NAME", "name", node.text, message, error);
    }
  }
}

export function policyError(node: Atom, why: string): ConnectError {
  const text = `cannot connect to ${node.text}: ${why}`;
  return new ConnectError("ERR_CONNECT_POLICY", "policy", node.text, text);
}
