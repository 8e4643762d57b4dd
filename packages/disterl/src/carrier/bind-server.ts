import { promises as dns, V4MAPPED } from "node:dns";
import * as net from "node:net";
import type { Listener, ListenOptions, NetAddress, SocketOptions } from "./carrier.ts";
import { CarrierError, listenError } from "./errors.ts";

/**
 * Takes the first free port of the range, on an address of the family; a host's first one.
 * @throws CarrierError
 */
export async function bindServer(
  server: net.Server,
  host: string,
  { port = 0, lastPort = port, backlog = 511, socket }: ListenOptions,
  ipv6: boolean,
): Promise<void> {
  const ipv6Only = ipv6 && (socket?.ipv6Only ?? true);
  const at = `${host} port ${port === lastPort ? port : `${port} to ${lastPort}`}`;
  const address = await addressOf(host, ipv6, at);
  for (let candidate = port; ; candidate++) {
    const options = { host: address, port: candidate, backlog, ipv6Only, exclusive: true };
    const failure = await listen(server, options);
    if (failure === undefined) return;
    const isTaken = "code" in failure && failure.code === "EADDRINUSE";
    if (!isTaken || candidate >= lastPort) throw listenError(at, failure, candidate - port + 1);
  }
}

/** Listens there; why not, otherwise. */
function listen(server: net.Server, options: net.ListenOptions): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const settle = (failure?: Error): void => {
      server.off("error", settle).off("listening", settle);
      resolve(failure);
    };
    server.once("error", settle).once("listening", settle).listen(options);
  });
}

/** Left to itself the system would take an address of either family. */
async function addressOf(host: string, ipv6: boolean, at: string): Promise<string> {
  const family = net.isIP(host);
  if (family === (ipv6 ? 6 : 4)) return host;
  if (family !== 0) {
    const why = `it is an address of IPv${family}, and the carrier is of IPv${ipv6 ? 6 : 4}`;
    throw new CarrierError("ERR_CARRIER_ADDRESS", `carrier: cannot listen on ${at}: ${why}`);
  }
  try {
    return (await dns.lookup(host, { family: ipv6 ? 6 : 4 })).address;
  } catch (error) {
    throw listenError(at, error as Error);
  }
}

/** How the host of a dial becomes an address; a host with IPv4 addresses only has `::ffff:127.0.0.1`. */
export function lookupSettings(family: "inet" | "inet6"): {
  readonly family: 4 | 6;
  readonly hints: number;
} {
  return family === "inet" ? { family: 4, hints: 0 } : { family: 6, hints: V4MAPPED };
}

/** Settings that Node.js has for the sockets of a server and for one that dials. */
export function socketSettings({ socket = {} }: { readonly socket?: SocketOptions | undefined }): {
  readonly noDelay: boolean;
  readonly keepAlive: boolean;
} {
  return { noDelay: socket.noDelay ?? true, keepAlive: socket.keepAlive ?? false };
}

/** A `net.Server` that is bound. */
export class ServerListener implements Listener {
  readonly address: NetAddress;
  readonly #server: net.Server;
  #closing: Promise<void> | undefined;

  constructor(server: net.Server, address: NetAddress) {
    this.#server = server;
    this.address = address;
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#server.close();
      // Not its callback: that one may wait for the channels to end, too.
      setImmediate(resolve);
    });
    return this.#closing;
  }
}
