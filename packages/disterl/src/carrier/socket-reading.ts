import type * as net from "node:net";

/**
 * How bytes come out of a socket: into one buffer that every socket of this thread shares, instead
 * of a fresh 64 KB for each read. That is sound because libuv fills the buffer and calls back in one
 * go, and because a handler may look at a chunk during its call only. On Windows reads are begun
 * long before they complete, so there each socket has a buffer of its own.
 *
 * See docs/decisions, "One receive buffer for all sockets".
 */
const SHARED_BYTES = 256 * 1024;
const OWN_BYTES = 64 * 1024;

let shared: Buffer | undefined;

function receiveBuffer(): Buffer {
  if (process.platform === "win32") return Buffer.allocUnsafeSlow(OWN_BYTES);
  shared ??= Buffer.allocUnsafeSlow(SHARED_BYTES);
  return shared;
}

/** Called for each read. The chunk is valid during the call. */
export type OnChunk = (chunk: Uint8Array) => void;

/** The `onread` option of `net.connect`. */
export function onRead(onChunk: OnChunk): net.OnReadOpts {
  const buffer = receiveBuffer();
  return {
    buffer,
    callback: (length) => {
      onChunk(buffer.subarray(0, length));
      return true;
    },
  };
}

/**
 * Gives a socket that a server has accepted and that nobody has read from yet (`pauseOnConnect`), or a
 * TLS socket that is secured, the same kind of reading, and pauses it. `net.connect` and `tls.connect`
 * have an option for it, sockets of a server have not; so what the option does is done to them
 * afterwards. Where a runtime does it in another way, `data` events do.
 */
export function adopt(socket: net.Socket, onChunk: OnChunk): void {
  const symbols = Object.getOwnPropertySymbols(socket);
  const bufferKey = symbols.find(({ description }) => description === "kBuffer");
  const callbackKey = symbols.find(({ description }) => description === "kBufferCb");
  const inner = socket as unknown as SocketInside;
  if (
    bufferKey !== undefined &&
    callbackKey !== undefined &&
    inner[bufferKey] === null &&
    typeof inner._handle?.useUserBuffer === "function"
  ) {
    const buffer = receiveBuffer();
    inner[bufferKey] = buffer;
    inner[callbackKey] = (length: number) => onChunk(buffer.subarray(0, length));
    inner._handle.useUserBuffer(buffer);
  } else {
    socket.on("data", onChunk);
  }
  socket.pause();
}

/** What `net.Socket` keeps of the option `onread`, and what it does with it. */
interface SocketInside {
  [key: symbol]: unknown;
  readonly _handle?: { readonly useUserBuffer?: (buffer: Uint8Array) => void } | null;
}
