import { isLimit } from "../bytes/is-limit.ts";
import type { MailboxLimits } from "../process/process-table.ts";
import { type WireLimits, wireLimits } from "../wire/limits.ts";

/** What peers and programs may make a node hold. Zero is a limit like any other, not "off". */
export interface NodeLimits extends MailboxLimits {
  /** Authenticated peers. Default 1024; beyond it handshakes are answered `not_allowed`. */
  readonly connections: number;
  /**
   * Handshakes of others going on at once; beyond it the oldest of the busiest source is dropped.
   * Default 128.
   */
  readonly pendingHandshakes: number;
  /**
   * The same for one address, or one /64 of IPv6; beyond it the newest is turned away. Default 16;
   * loopback may take all.
   */
  readonly pendingPerSource: number;
  /**
   * Wrong cookies of one address in a minute before it is made to wait, then refused. Default 10;
   * ten times that on loopback.
   */
  readonly authFailPerSource: number;
  /** Bytes waiting for one peer before `send` returns false (`+zdbbl`). Default 1 MiB. */
  readonly distBusyBytes: number;
  /**
   * Bytes waiting for one peer beyond which it is closed with `slow_peer`, once it has taken nothing
   * for a second; while it takes something, or the event loop has not run since, `send` throws.
   * Default 64 MiB; four times that for messages in fragments.
   */
  readonly distQueueBytes: number;
  /**
   * Signals held while a connection is being set up, or behind a message in fragments of their own
   * sender. Default 100,000.
   */
  readonly pendingSignals: number;
  /** No progress for so long while bytes wait closes the peer. Default twice the tick time, at least 30 s. */
  readonly stallMs: number | undefined;
  /**
   * Bytes of unfinished messages from all peers together; beyond it the connection that holds most is
   * closed. Default 1 GiB. `fragBytes` is the limit of one connection.
   */
  readonly nodeFragBytes: number;
  /** Monitors that one peer may hold on our processes. Default 262,144. */
  readonly monitorsPerConn: number;
  /** Links between one peer and our processes. Default 262,144. */
  readonly linksPerConn: number;
  /**
   * Exposed functions that may be running for one peer at once; beyond it spawns and calls are
   * answered `system_limit`. Default 10,000.
   */
  readonly spawnsPerConn: number;
  /** Names of `global`. Default 1,000,000; a node that registers more is disconnected from. */
  readonly globalNames: number;
  /** Shares of `global` locks that may be held here. Default 100,000; beyond it locks are refused. */
  readonly globalLocks: number;
}

/** The limits of a node that is given none. */
export const DEFAULT_NODE_LIMITS: NodeLimits = {
  connections: 1024,
  pendingHandshakes: 128,
  pendingPerSource: 16,
  authFailPerSource: 10,
  distBusyBytes: 1024 * 1024,
  distQueueBytes: 64 * 1024 * 1024,
  pendingSignals: 100_000,
  stallMs: undefined,
  nodeFragBytes: 2 ** 30,
  monitorsPerConn: 262_144,
  linksPerConn: 262_144,
  spawnsPerConn: 10_000,
  globalNames: 1_000_000,
  globalLocks: 100_000,
  mailboxBytes: 256 * 1024 * 1024,
  mailboxMessages: 1_000_000,
};

/**
 * Fills in the defaults. The limits of the wire may stand among them: they are checked here, and each
 * connection fills in its own.
 * @throws TypeError when a limit is unknown, or not a number from 0 up.
 */
export function nodeLimits(given: Partial<NodeLimits & WireLimits> = {}): NodeLimits {
  const known = { ...DEFAULT_NODE_LIMITS, ...wireLimits({}, true) };
  for (const [name, value] of Object.entries(given)) {
    if (!(name in known)) throw new TypeError(`there is no limit "${name}"`);
    if (value !== undefined && !isLimit(value)) {
      throw new TypeError(
        `limits.${name} must be a number from 0 up, not ${typeof value === "number" ? value : typeof value}`,
      );
    }
  }
  // One that is undefined is not given: it must not take the place of a default.
  const own = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...DEFAULT_NODE_LIMITS, ...Object.fromEntries(own) };
}
