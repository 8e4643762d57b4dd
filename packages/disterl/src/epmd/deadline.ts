import type { Clock } from "../carrier/clock.ts";

/**
 * Runs something with a signal that is aborted when the time is over (with the error `late` makes)
 * or when `outer` is (with its reason), and rejects with that reason at that very moment.
 */
export async function withDeadline<T>(
  clock: Clock,
  milliseconds: number,
  outer: AbortSignal | undefined,
  late: () => Error,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted();
  const controller = new AbortController();
  const onOuter = (): void => controller.abort(outer?.reason);
  outer?.addEventListener("abort", onOuter, { once: true });
  try {
    return await abortAfter(clock, milliseconds, controller, late, run);
  } finally {
    outer?.removeEventListener("abort", onOuter);
  }
}

/**
 * Runs something with the signal of `controller`, which is aborted when the time is over (with the
 * error `late` makes), and rejects with the signal's reason at the very moment it is aborted.
 */
export async function abortAfter<T>(
  clock: Clock,
  milliseconds: number,
  controller: AbortController,
  late: () => Error,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timer = clock.after(milliseconds, () => controller.abort(late()));
  try {
    return await orAborted(run(controller.signal), controller.signal);
  } finally {
    timer.cancel();
  }
}

/** What `promise` comes to, unless the signal is aborted first. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    promise.then(
      (value) => {
        signal.removeEventListener("abort", onAbort);
        resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener("abort", onAbort);
        reject(error);
      },
    );
  });
}

/** Waits; rejects with the signal's reason when it is aborted. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => {
      timer.cancel();
      reject(signal.reason);
    };
    const timer = clock.after(milliseconds, () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
