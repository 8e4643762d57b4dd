import * as net from "node:net";
import * as tls from "node:tls";
import { once, type TlsScene } from "./hostile-tls-setup.ts";
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

/** Nothing more comes. */
export function silence(socket: net.Socket): void {
  socket.resume();
}

/** The same, and silence. */
export const ENDS: readonly End[] = [silence, ...Object.values(HANGUPS)];

/** In groups: many handshakes at once take less time than one after the other. */
export function inGroups<T>(all: readonly T[], size: number): T[][] {
  const groups = Math.ceil(all.length / size);
  return Array.from({ length: groups }, (_, group) => all.slice(size * group, size * (group + 1)));
}

/** Resolves when the socket is closed. */
export function closed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once("close", () => resolve());
  });
}

/**
 * A client of `node:tls` whose bytes are cut. Resolves when they are, with what is left of the
 * connection; or when it is over before. To be connected one by one: who is reset before the node has
 * taken it from the system was never there.
 */
export async function cutClient(
  socket: net.Socket,
  how: tls.ConnectionOptions,
  at: number,
  end: End,
): Promise<net.Socket> {
  if (at === 0) {
    end(socket);
    return socket;
  }
  const cut = new Promise<void>((resolve) => {
    const tap = new Tap(socket, at, (raw) => {
      end(raw);
      resolve();
    });
    connectOver(tap, how, resolve);
  });
  await Promise.race([cut, closed(socket)]);
  return socket;
}

/** The same for a client with one bit turned over. */
export async function bentClient(
  socket: net.Socket,
  how: tls.ConnectionOptions,
  bit: number,
): Promise<net.Socket> {
  const bent = new Promise<void>((resolve) => {
    const tap = new Tap(socket);
    tap.bend = turned(bit, resolve);
    connectOver(tap, how, resolve);
  });
  await Promise.race([bent, closed(socket)]);
  return socket;
}

/** A client that has said all it has to say is waited for no longer, whatever was to become of it. */
function connectOver(tap: Tap, how: tls.ConnectionOptions, onDone: () => void): void {
  const client = tls.connect({ socket: tap, ...how }).on("error", () => {});
  client.once("secureConnect", () => setImmediate(onDone));
}

/** Turns over one bit of all that goes out. */
function turned(bit: number, onTurned: () => void): Tap["bend"] {
  return (chunk, at) => {
    const byte = Math.floor(bit / 8) - at;
    if (byte < 0 || byte >= chunk.length) return chunk;
    const copy = Buffer.from(chunk);
    copy[byte] = (copy[byte] ?? 0) ^ (1 << (bit % 8));
    onTurned();
    return copy;
  };
}

/** What is done to the bytes of a server that we dial. */
export type Harm = { readonly at: number; readonly end: End } | { readonly bit: number };

/**
 * The node dials servers of `node:tls` that have their bytes cut or bent, all at once, and fails. Gives
 * the errors. Without `timePasses` it has to notice by itself.
 */
export async function harmedDials(
  scene: TlsScene,
  upstream: tls.Server,
  harms: readonly Harm[],
  timePasses: boolean,
): Promise<Error[]> {
  const dials: Promise<Error>[] = [];
  const done: Promise<unknown>[] = [];
  for (const [index, harm] of harms.entries()) {
    const name = `harm${index}@localhost`;
    const isDone = once<void>();
    const port = await scene.listen((socket) => {
      upstream.emit("connection", harmed(socket, harm, isDone.resolve));
    });
    scene.ports.set(name, port);
    const dial = scene.node.connect(name).then(
      () => new Error("it was connected"),
      (error: unknown) => error as Error,
    );
    dials.push(dial);
    done.push(Promise.race([isDone.promise, dial]));
  }
  const all = Promise.all(dials);
  if (!timePasses) {
    // Nobody hangs here when one does not: it fails by its own time, with another error.
    await Promise.race([all, after(10_000)]);
    return scene.clock.runUntil(all);
  }
  await Promise.race([Promise.all(done), after(10_000)]);
  await Promise.race([all, after(50)]);
  return scene.clock.runUntil(all);
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}

function harmed(socket: net.Socket, harm: Harm, onDone: () => void): Tap {
  if ("bit" in harm) {
    const tap = new Tap(socket);
    tap.bend = turned(harm.bit, onDone);
    return tap;
  }
  const end = (raw: net.Socket): void => {
    harm.end(raw);
    onDone();
  };
  if (harm.at === 0) end(socket);
  return new Tap(socket, harm.at, end);
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
  const raw = net.connect(portOf(upstream), "127.0.0.1");
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

/** A server of `node:tls` for connections that are given to it; on a port of its own, too. */
export async function serverOf(options: tls.TlsOptions): Promise<tls.Server> {
  const server = tls.createServer(options, (socket) => void socket.on("error", () => {}).resume());
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

export function portOf(server: net.Server): number {
  return (server.address() as net.AddressInfo).port;
}
