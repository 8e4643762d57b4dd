import type { Clock, Timer } from "../carrier/clock.ts";
import type { NodedownReason } from "../connection/errors.ts";
import type { Atom } from "../term/atom.ts";
import { codeOf } from "./error-code.ts";
import type { NodeWatcher, WatchedNode } from "./node-watcher.ts";
import type { StatusFeed } from "./status.ts";

/** How a wanted node is dialled again. */
export interface KeepConnectedOptions {
  /** Milliseconds before the first dial after a loss or a failure. Default 500. */
  readonly minDelay?: number | undefined;
  /** Most milliseconds between two dials. Default 30,000. */
  readonly maxDelay?: number | undefined;
  /** By what the delay grows with each failure. Default 2. */
  readonly factor?: number | undefined;
  /**
   * The part of each delay that is left to chance, 0 to 1, so that nodes that lost the same peer do not
   * all come back at once. Default 0.5: between half of the delay and all of it.
   */
  readonly jitter?: number | undefined;
}

/** The wish to stay connected with a node: it holds until it is released, or the node stops. */
export interface KeptConnection extends Disposable {
  /** Full name. */
  readonly name: string;
  /** Whether the node is connected now. */
  readonly connected: boolean;
  /** Dials since it was connected last. */
  readonly attempts: number;
  /** The node is not dialled any more. A connection that is up stays up. */
  release(): void;
}

/** What is known of one wanted node. */
interface Wanted {
  policy: Policy;
  /** How many have asked for it. */
  holders: number;
  /** Dials that failed, and connections that were lost too soon, since it was connected last. */
  attempts: number;
  connectedAt: number | undefined;
  lastDelay: number;
  dialling: boolean;
  timer: Timer | undefined;
}

interface Policy {
  readonly minDelay: number;
  readonly maxDelay: number;
  readonly factor: number;
  readonly jitter: number;
}

export interface KeptConnectionsParts {
  readonly clock: Clock;
  /** 32 random bits, unsigned. */
  readonly random: () => number;
  readonly status: StatusFeed;
  connect(node: Atom): Promise<unknown>;
  isConnected(node: Atom): boolean;
  /** Whether dials can be made at all: distribution runs. */
  canDial(): boolean;
}

/**
 * Dials the nodes that the program wants to stay connected with, and dials again what was lost: after
 * a delay that grows with each failure and is partly left to chance. OTP has no such thing; a kept
 * node is dialled as by `net_kernel:connect_node/1`, whatever `dist_auto_connect` says.
 */
export class KeptConnections implements NodeWatcher {
  readonly #parts: KeptConnectionsParts;
  readonly #wanted = new Map<Atom, Wanted>();

  constructor(parts: KeptConnectionsParts) {
    this.#parts = parts;
  }

  /** Names of the wanted nodes. */
  nodes(): Iterable<Atom> {
    return this.#wanted.keys();
  }

  /**
   * A node is wanted from now on. Of several wishes for one node the last policy counts.
   * @throws TypeError when an option is unknown or out of its range.
   */
  keep(node: Atom, options: KeepConnectedOptions = {}): KeptConnection {
    const policy = policyOf(options);
    const wanted = this.#wanted.get(node) ?? newlyWanted(policy);
    wanted.policy = policy;
    wanted.holders++;
    this.#wanted.set(node, wanted);
    if (wanted.holders === 1) {
      if (this.#parts.isConnected(node)) wanted.connectedAt = this.#parts.clock.now();
      else this.#dial(node, wanted);
    }
    return this.#handle(node, wanted);
  }

  #handle(node: Atom, wanted: Wanted): KeptConnection {
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      if (--wanted.holders > 0) return;
      wanted.timer?.cancel();
      this.#wanted.delete(node);
    };
    const parts = this.#parts;
    return {
      name: node.text,
      get connected() {
        return parts.isConnected(node);
      },
      get attempts() {
        return wanted.attempts;
      },
      release,
      [Symbol.dispose]: release,
    };
  }

  /** Distribution has begun: what is wanted is dialled, now. */
  start(): void {
    for (const [node, wanted] of this.#wanted) {
      wanted.attempts = 0;
      if (!this.#parts.isConnected(node)) this.#dial(node, wanted);
    }
  }

  /** Distribution has ended: the wishes hold, but nobody is dialled. */
  pause(): void {
    for (const wanted of this.#wanted.values()) {
      wanted.timer?.cancel();
      wanted.timer = undefined;
    }
  }

  nodeUp({ node }: WatchedNode): void {
    const wanted = this.#wanted.get(node);
    if (wanted === undefined) return;
    wanted.timer?.cancel();
    wanted.timer = undefined;
    wanted.connectedAt = this.#parts.clock.now();
  }

  nodeDown({ node }: WatchedNode, reason: NodedownReason): void {
    const wanted = this.#wanted.get(node);
    if (wanted === undefined) return;
    // One that ends at once again and again is no success.
    const lasted = this.#parts.clock.now() - (wanted.connectedAt ?? 0);
    if (wanted.connectedAt !== undefined && lasted >= wanted.lastDelay) wanted.attempts = 0;
    wanted.connectedAt = undefined;
    this.#later(node, wanted, reason);
  }

  #dial(node: Atom, wanted: Wanted): void {
    if (wanted.dialling || !this.#parts.canDial()) return;
    wanted.dialling = true;
    this.#parts.connect(node).then(
      () => {
        wanted.dialling = false;
        // It may be lost again by the time that we hear of it.
        if (!this.#parts.isConnected(node)) this.#later(node, wanted, undefined);
      },
      (error: unknown) => {
        wanted.dialling = false;
        if (!this.#parts.isConnected(node)) this.#later(node, wanted, codeOf(error));
      },
    );
  }

  #later(node: Atom, wanted: Wanted, code: string | undefined): void {
    const { clock, random, status } = this.#parts;
    if (this.#wanted.get(node) !== wanted || wanted.timer !== undefined) return;
    if (wanted.dialling || !this.#parts.canDial()) return;
    const { minDelay, maxDelay, factor, jitter } = wanted.policy;
    const attempt = ++wanted.attempts;
    const longest = Math.min(maxDelay, minDelay * factor ** (attempt - 1));
    const delayMs = Math.round(longest * (1 - (jitter * random()) / 2 ** 32));
    wanted.lastDelay = delayMs;
    status.publish({ type: "reconnecting", node: node.text, attempt, delayMs, code });
    wanted.timer = clock.after(delayMs, () => {
      wanted.timer = undefined;
      if (!this.#parts.isConnected(node)) this.#dial(node, wanted);
    });
  }
}

function newlyWanted(policy: Policy): Wanted {
  return {
    policy,
    holders: 0,
    attempts: 0,
    connectedAt: undefined,
    lastDelay: 0,
    dialling: false,
    timer: undefined,
  };
}

/** Least, most, default. */
const RANGES: Readonly<Record<keyof Policy, readonly [number, number, number]>> = {
  minDelay: [1, 2 ** 31 - 1, 500],
  maxDelay: [1, 2 ** 31 - 1, 30_000],
  factor: [1, 100, 2],
  jitter: [0, 1, 0.5],
};

function policyOf(options: KeepConnectedOptions): Policy {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(RANGES, name)) throw new TypeError(`keepConnected has no option "${name}"`);
  }
  const read = (name: keyof Policy): number => {
    const [least, most, usual] = RANGES[name];
    const value = options[name] ?? usual;
    if (typeof value === "number" && value >= least && value <= most) return value;
    throw new TypeError(`${name} is a number from ${least} to ${most}, not ${String(value)}`);
  };
  const policy = {
    minDelay: read("minDelay"),
    maxDelay: read("maxDelay"),
    factor: read("factor"),
    jitter: read("jitter"),
  };
  if (policy.minDelay > policy.maxDelay) {
    const text = `minDelay (${policy.minDelay}) is more than maxDelay (${policy.maxDelay})`;
    throw new TypeError(text);
  }
  return policy;
}
