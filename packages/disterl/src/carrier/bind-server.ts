import { V4MAPPED } from "node:dns";
import type * as net from "node:net";
import type { Listener, ListenOptions, NetAddress, SocketOptions } from "./carrier.ts";
import { listenError } from "./errors.ts";

/** Takes the first free port of the range. */
export async function bindServer(
  server: net.Server,
  host: string,
  { port = 0, lastPort = port, backlog = 511, socket }: ListenOptions,
  ipv6: boolean,
): Promise<void> {
  const ipv6Only = ipv6 && (socket?.ipv6Only ?? true);
  for (let candidate = port; ; candidate++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host, port: candidate, backlog, ipv6Only, exclusive: true }, () => {
          server.off("error", reject);
          resolve();
        });
      });
      return;
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      const taken = "code" in cause && cause.code === "EADDRINUSE";
      if (taken && candidate < lastPort) continue;
      const ports = port === lastPort ? `${port}` : `${port} to ${lastPort}`;
      throw listenError(`${host} port ${ports}`, cause);
    }
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
