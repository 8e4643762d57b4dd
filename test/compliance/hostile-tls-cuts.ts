import * as net from "node:net";
import * as tls from "node:tls";
import type { TlsScene } from "./hostile-tls-setup.ts";
import { Tap } from "./tls-records.ts";

/** TLS handshakes that end early, on either side. */

export const VERSIONS = ["TLSv1.3", "TLSv1.2"] as const;
export type Version = (typeof VERSIONS)[number];

/** How a connection is left. */
export type End = (socket: net.Socket) => void;

/** All the ways to hang up. */
export const HANGUPS: Readonly<Record<string, End>> = {
  "end of stream": (socket) => void socket.end(),
  closing: (socket) => void socket.destroy(),
  reset: (socket) => void socket.resetAndDestroy(),
};

/** The same, and silence. */
export const ENDS: readonly End[] = [(socket) => void socket.resume(), ...Object.values(HANGUPS)];

/** Resolves when the socket is closed. */
export function closed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}

/**
 * A client of `node:tls` whose bytes are cut. Resolves when they are, with what is left of the
 * connection; or when it is over before.
 */
export async function cutClient(
  scene: TlsScene,
  how: tls.ConnectionOptions,
  at: number,
  end: End,
): Promise<net.Socket> {
  const socket = await scene.connect();
  if (at === 0) {
    end(socket);
    return socket;
  }
  const cut = new Promise<void>((resolve) => {
    const tap = new Tap(socket, at, (raw) => {
      end(raw);
      resolve();
    });
    tls.connect({ socket: tap, ...how }).on("error", () => {});
  });
  await Promise.race([cut, closed(socket)]);
  return socket;
}

/** What each side of a handshake sends until the client is done, flight by flight. */
export interface Flights {
  readonly client: readonly Buffer[];
  readonly server: readonly Buffer[];
}

/** A handshake between two of `node:tls`, written down. */
export async function flightsOf(
  client: tls.ConnectionOptions,
  server: tls.TlsOptions,
): Promise<Flights> {
  const upstream = await serverOf(server);
  const raw = net.connect(upstream.port, "127.0.0.1");
  const received: Buffer[] = [];
  raw.on("data", (chunk) => received.push(chunk));
  const tap = new Tap(raw);
  const socket = tls.connect({ socket: tap, ...client, rejectUnauthorized: false });
  const flights = await new Promise<Flights>((resolve, reject) => {
    socket.on("error", reject).once("secureConnect", () => {
      const soFar = [...received];
      setImmediate(() => resolve({ client: [...tap.sent], server: soFar }));
    });
  });
  socket.destroy();
  raw.destroy();
  upstream.close();
  return flights;
}

/** A server of `node:tls` on a port of its own. */
export async function serverOf(
  options: tls.TlsOptions,
): Promise<{ readonly port: number; close(): void }> {
  const server = tls.createServer(options, (socket) => void socket.on("error", () => {}).resume());
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as net.AddressInfo).port, close: () => server.close() };
}
