import { createServer, isIPv6, type Server, type Socket } from "node:net";
import { EpmdError } from "./errors.ts";
import type { ListenAddress } from "./listen-addresses.ts";
import type { EpmdEvent } from "./server-event.ts";

const BACKLOG = 4096;
/** How often a free port is tried that must be free for both families. */
const PORT_TRIES = 20;

/** What the listeners do with connections and failures. */
export interface ListenerOwner {
  onConnection(socket: Socket): void;
  onEvent(event: EpmdEvent): void;
}

/** Sockets that accept, all on one port. */
export interface Listeners {
  readonly port: number;
  readonly servers: readonly Server[];
}

/**
 * Binds all addresses to one port. When one fails that counts, those already bound are closed.
 * @throws EpmdError ERR_EPMD_ADDRESS_IN_USE or ERR_EPMD_LISTEN.
 */
export async function listenAll(
  addresses: readonly ListenAddress[],
  port: number,
  owner: ListenerOwner,
): Promise<Listeners> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listenOnce(addresses, port, owner);
    } catch (error) {
      const taken = error instanceof EpmdError && error.code === "ERR_EPMD_ADDRESS_IN_USE";
      if (port !== 0 || !taken || attempt === PORT_TRIES) throw error;
    }
  }
}

async function listenOnce(
  addresses: readonly ListenAddress[],
  wantedPort: number,
  owner: ListenerOwner,
): Promise<Listeners> {
  const servers: Server[] = [];
  let port = wantedPort;
  try {
    for (const { address, wanted } of addresses) {
      const server = newServer(owner);
      try {
        port = await listenOn(server, { host: address, port, ipv6Only: isIPv6(address) });
      } catch (cause) {
        const error = listenError(cause, address, port);
        if (wanted || error.code === "ERR_EPMD_ADDRESS_IN_USE") throw error;
        owner.onEvent({ type: "address_skipped", address, error });
        continue;
      }
      servers.push(server);
      owner.onEvent({ type: "listening", address, port });
    }
    if (servers.length === 0) {
      throw new EpmdError("ERR_EPMD_LISTEN", "none of the addresses can be bound", { port });
    }
    return { port, servers };
  } catch (error) {
    await Promise.all(servers.map(closeServer));
    throw error;
  }
}

/**
 * Takes over sockets that listen already.
 * @throws EpmdError ERR_EPMD_LISTEN when a descriptor is no such socket.
 */
export async function listenOnDescriptors(
  descriptors: readonly number[],
  owner: ListenerOwner,
): Promise<Listeners> {
  const servers: Server[] = [];
  let port = 0;
  try {
    for (const fd of descriptors) {
      const server = newServer(owner);
      try {
        port = await listenOn(server, { fd });
      } catch (cause) {
        throw listenError(cause, `descriptor ${fd}`, port);
      }
      servers.push(server);
      owner.onEvent({ type: "listening", address: `descriptor ${fd}`, port });
    }
    return { port, servers };
  } catch (error) {
    await Promise.all(servers.map(closeServer));
    throw error;
  }
}

function newServer(owner: ListenerOwner): Server {
  return createServer({ allowHalfOpen: true }, (socket) => owner.onConnection(socket));
}

type ListenTarget =
  | { readonly host: string; readonly port: number; readonly ipv6Only: boolean }
  | { readonly fd: number };

function listenOn(server: Server, target: ListenTarget): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...target, exclusive: true, backlog: BACKLOG }, () => {
      server.off("error", reject);
      const bound = server.address();
      resolve(bound !== null && typeof bound === "object" ? bound.port : 0);
    });
  });
}

function listenError(cause: unknown, address: string, port: number): EpmdError {
  const system = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const facts = { address, port };
  if (system === "EADDRINUSE") {
    const message = `port ${port} is in use on ${address}; an epmd is running there already, as a rule`;
    return new EpmdError("ERR_EPMD_ADDRESS_IN_USE", message, facts, { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EpmdError("ERR_EPMD_LISTEN", `cannot listen on ${address}: ${reason}`, facts, {
    cause,
  });
}

/** Resolves when nobody is accepted there any more. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
