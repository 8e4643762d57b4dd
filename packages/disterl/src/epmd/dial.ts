import { V4MAPPED } from "node:dns";
import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import type { Clock } from "../carrier/clock.ts";
import { EpmdError } from "./errors.ts";

/** IP addresses of a host, in the order in which they are tried. */
export type ResolveHost = (host: string, family: 0 | 4 | 6) => Promise<readonly string[]>;

/**
 * The system's resolver, IPv4 first. `family` 0: both; 6: a host that has IPv4 addresses only is reached
 * by those, as `::ffff:127.0.0.1`.
 */
export const systemResolve: ResolveHost = async (host, family) => {
  const hints = family === 6 ? V4MAPPED : 0;
  const found = await lookup(host, { all: true, family, hints, verbatim: false });
  return found.map(({ address }) => address);
};

const LOCALHOST = {
  0: ["127.0.0.1", "::1"],
  4: ["127.0.0.1"],
  6: ["::1", "::ffff:127.0.0.1"],
} as const;

/** What the resolver knows of a host. @throws EpmdError ERR_EPMD_HOST_UNKNOWN */
export async function addressesOf(
  host: string,
  family: 0 | 4 | 6,
  resolve: ResolveHost,
): Promise<readonly string[]> {
  try {
    const addresses = await resolve(host, family);
    if (addresses.length > 0) return addresses;
  } catch (cause) {
    throw hostUnknown(host, cause);
  }
  throw hostUnknown(host, undefined);
}

function hostUnknown(host: string, cause: unknown): EpmdError {
  const message = `the resolver does not know the host ${host}; check its spelling, DNS and the hosts file`;
  return new EpmdError("ERR_EPMD_HOST_UNKNOWN", message, { host }, { cause });
}

/**
 * The addresses of a host that the system need not be asked for. `localhost` is this machine whatever
 * the system's tables say (RFC 6761, 6.3); its resolver runs in another thread, and to wait for that
 * takes as long as epmd's answer. Another resolver than the system's is asked for it, too.
 */
export function knownAddresses(
  host: string,
  family: 0 | 4 | 6,
  resolve: ResolveHost,
): readonly string[] | undefined {
  if (isIP(host) !== 0) return [host];
  return host === "localhost" && resolve === systemResolve ? LOCALHOST[family] : undefined;
}

/** A connection, and to which of the addresses it is. */
export interface Dialled {
  readonly socket: Socket;
  readonly address: string;
}

/** What connections are made with. */
export interface DialOptions {
  readonly clock: Clock;
  readonly deadline: number;
  /** What it fails with when the deadline has passed. Default: as when nobody answers. */
  readonly late?: (() => EpmdError) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** What goes out as soon as there is a connection. */
  readonly request?: Uint8Array | undefined;
}

/**
 * Connects to the first address that answers. Each gets a fair share of the time left, so that one
 * that swallows packets does not use up all of it.
 * @throws EpmdError ERR_EPMD_UNREACHABLE when none answers; the signal's reason when aborted.
 */
export async function dialFirst(
  addresses: readonly string[],
  port: number,
  options: DialOptions,
): Promise<Dialled> {
  const { clock, deadline, late, signal } = options;
  let cause: unknown;
  for (const [index, address] of addresses.entries()) {
    const share = Math.max(deadline - clock.now(), 0) / (addresses.length - index);
    const isLast = index === addresses.length - 1;
    const silence = {
      milliseconds: share,
      error: (): Error =>
        (isLast ? late?.() : undefined) ??
        new Error(`no answer from ${address} within ${Math.ceil(share)} ms`),
    };
    try {
      return { socket: await dial(address, port, silence, options), address };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof EpmdError) throw error; // too late
      cause = error;
    }
  }
  throw unreachable(addresses, port, cause);
}

function unreachable(addresses: readonly string[], port: number, cause: unknown): EpmdError {
  const where = addresses.join(", ");
  return new EpmdError(
    "ERR_EPMD_UNREACHABLE",
    `no epmd answers at ${where} port ${port}; is one running there, and do firewalls let it through?`,
    { address: where, port },
    { cause },
  );
}

function dial(
  address: string,
  port: number,
  silence: { readonly milliseconds: number; readonly error: () => Error },
  { clock, signal, request }: DialOptions,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const socket = connect({ host: address, port, noDelay: true });
    // The socket keeps it until it is connected: no turn of ours lies between.
    if (request !== undefined) socket.write(request);
    const timer = clock.after(silence.milliseconds, () => fail(silence.error()));
    const finish = (settle: () => void): void => {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
      socket.off("error", onError);
      socket.off("connect", onConnect);
      settle();
    };
    const fail = (error: unknown): void =>
      finish(() => {
        socket.on("error", () => {});
        socket.destroy();
        reject(error);
      });
    const onError = (error: Error): void => fail(error);
    const onAbort = (): void => fail(signal?.reason);
    const onConnect = (): void => finish(() => resolve(socket));
    socket.once("error", onError);
    socket.once("connect", onConnect);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
