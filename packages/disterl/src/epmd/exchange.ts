import type { Socket } from "node:net";
import type { Clock } from "../carrier/clock.ts";
import { EpmdError, type EpmdErrorFacts } from "./errors.ts";

/** One request and how its reply is read. */
export interface Exchange<T> {
  /** `NAMES_REQ`, …: for errors. */
  readonly requestName: string;
  readonly request: Uint8Array;
  /** The longest reply that is read. */
  readonly maxReplyBytes: number;
  /**
   * Reads the reply from the bytes so far; `ended` when no more will come.
   * Returns `undefined` while something is missing.
   */
  readonly parse: (bytes: Uint8Array, ended: boolean) => T | undefined;
}

/** When an answer is too late, and who may end the wait for it. */
export interface Wait {
  readonly clock: Clock;
  /** Of the clock. */
  readonly deadline: number;
  /** What it fails with then. */
  readonly late: () => EpmdError;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads the reply to a request that is on its way. The socket stays open and without listeners of ours
 * when the reply was good, and is destroyed otherwise.
 * @throws EpmdError ERR_EPMD_CLOSED, ERR_EPMD_REPLY_TOO_LARGE, or what `parse` throws; the error `late`
 *   makes; the reason of the signal when that is aborted.
 */
export function exchange<T>(
  socket: Socket,
  { requestName, maxReplyBytes, parse }: Exchange<T>,
  facts: EpmdErrorFacts,
  { clock, deadline, late, signal }: Wait,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    let cause: Error | undefined;
    const finish = (settle: () => void): void => {
      timer.cancel();
      socket.off("data", onData);
      socket.off("error", onError);
      socket.off("close", onClose);
      signal?.removeEventListener("abort", onAbort);
      settle();
    };
    const fail = (error: unknown): void =>
      finish(() => {
        socket.on("error", () => {});
        socket.destroy();
        reject(error);
      });
    const tryParse = (ended: boolean): void => {
      let value: T | undefined;
      try {
        value = parse(bytes, ended);
      } catch (error) {
        fail(error);
        return;
      }
      if (value !== undefined) finish(() => resolve(value));
      else if (ended) fail(closedEarly(requestName, facts, bytes.length, cause));
    };
    const onData = (chunk: Buffer): void => {
      if (bytes.length + chunk.length > maxReplyBytes) {
        const message = `the answer to ${requestName} is longer than ${maxReplyBytes} bytes`;
        fail(new EpmdError("ERR_EPMD_REPLY_TOO_LARGE", message, facts));
        return;
      }
      bytes = appended(bytes, chunk);
      tryParse(false);
    };
    const onError = (error: Error): void => {
      cause = error;
    };
    const onClose = (): void => tryParse(true);
    const onAbort = (): void => fail(signal?.reason);
    const timer = clock.after(Math.max(0, deadline - clock.now()), () => fail(late()));
    if (signal?.aborted === true) return onAbort();
    socket.on("data", onData);
    socket.on("error", onError);
    socket.on("close", onClose);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Grows by doubling: `bytes` may be a view of the first part of a longer memory. */
function appended(bytes: Buffer, chunk: Buffer): Buffer<ArrayBuffer> {
  const length = bytes.length + chunk.length;
  const room = bytes.buffer.byteLength;
  if (bytes.byteOffset === 0 && room >= length && bytes.length > 0) {
    const whole = Buffer.from(bytes.buffer as ArrayBuffer, 0, length);
    chunk.copy(whole, bytes.length);
    return whole;
  }
  const grown = Buffer.from(new ArrayBuffer(Math.max(length * 2, 256)), 0, length);
  bytes.copy(grown);
  chunk.copy(grown, bytes.length);
  return grown;
}

function closedEarly(
  requestName: string,
  facts: EpmdErrorFacts,
  received: number,
  cause: Error | undefined,
): EpmdError {
  return new EpmdError(
    "ERR_EPMD_CLOSED",
    `the connection was closed ${received === 0 ? "before" : "in the middle of"} the answer to ${requestName}`,
    { ...facts, request: requestName, offset: received },
    { cause },
  );
}
