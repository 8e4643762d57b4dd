import type { Socket } from "node:net";

/** The parts of a socket that are used here and that `@types/node` leaves out. */
interface Inner {
  readonly _handle?: { readonly fd?: unknown } | null;
  _destroy(error: Error | null, callback: (error?: Error | null) => void): void;
}

/**
 * The system's number for a connected socket; `undefined` where it has none (Windows), or where a
 * runtime keeps it to itself: it is not part of what Node.js documents.
 */
export function descriptorOf(socket: Socket): number | undefined {
  const fd = (socket as unknown as Inner)._handle?.fd;
  return typeof fd === "number" && fd > 2 ? fd : undefined;
}

/**
 * Calls back once, before the descriptor is closed. A stream closes what it holds in `_destroy`, and
 * nowhere else.
 */
export function beforeDestroy(socket: Socket, callback: () => void): void {
  const inner = socket as unknown as Inner;
  const destroy = inner._destroy.bind(socket);
  inner._destroy = (error, done) => {
    callback();
    destroy(error, done);
  };
}
