import type { Clock } from "../carrier/clock.ts";
import type { Atom } from "../term/atom.ts";
import { ConnectError } from "./errors.ts";

/** Options of `node.connect` and `node.ping`. */
export interface ConnectOptions {
  /** Milliseconds; the limits of the handshake hold in any case. */
  readonly timeout?: number | undefined;
  /** Stops waiting. The dial goes on, since others may wait for it. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits for a connection that others may wait for, too: giving up is ours alone.
 * @throws ConnectError `ERR_CONNECT_TIMEOUT`; the signal's reason on abort. @internal
 */
export async function within(
  connecting: Promise<unknown>,
  clock: Clock,
  node: Atom,
  { timeout, signal }: ConnectOptions,
): Promise<void> {
  const waits: Promise<unknown>[] = [connecting];
  let abort: (() => void) | undefined;
  let timer: { cancel(): void } | undefined;
  if (signal !== undefined) {
    waits.push(
      new Promise((_, reject) => {
        abort = () => reject(signal.reason as Error);
        signal.addEventListener("abort", abort, { once: true });
      }),
    );
  }
  if (timeout !== undefined && Number.isFinite(timeout)) {
    waits.push(
      new Promise((_, reject) => {
        timer = clock.after(timeout, () => {
          const text = `no connection to ${node.text} within ${timeout} ms`;
          reject(new ConnectError("ERR_CONNECT_TIMEOUT", "carrier", node.text, text));
        });
      }),
    );
  }
  try {
    await Promise.race(waits);
  } finally {
    timer?.cancel();
    if (abort !== undefined) signal?.removeEventListener("abort", abort);
  }
}
