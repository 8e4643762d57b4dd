import { isLoopback } from "../bytes/ip-address.ts";
import type { Carrier, NetAddress, SocketOptions } from "../carrier/carrier.ts";
import { dialFault } from "../node/address-for-carrier.ts";
import { NodeError } from "../node/errors.ts";
import { isInSubnets, ownSubnets } from "../node/own-subnets.ts";
import type { DialFrom, DistributionOptions, ListenAt } from "./distribution-options.ts";

const LISTEN: Readonly<Record<keyof ListenAt, true>> = {
  host: true,
  port: true,
  lastPort: true,
  backlog: true,
  socket: true,
  checkIp: true,
};
const SOCKET: Readonly<Record<keyof SocketOptions, "boolean" | "string">> = {
  noDelay: "boolean",
  keepAlive: "boolean",
  ipv6Only: "boolean",
  localAddress: "string",
};
const EPMD: Readonly<Record<keyof NonNullable<DistributionOptions["epmd"]>, true>> = {
  port: true,
  start: true,
  nodePort: true,
};
/** What `listen(2)` takes. */
const MAX_BACKLOG = 2 ** 31 - 1;

/** @throws TypeError for what cannot be listened with. @internal */
export function checkListen(listen: ListenAt): void {
  for (const name of Object.keys(listen)) {
    if (!Object.hasOwn(LISTEN, name)) throw new TypeError(`listen has no option "${name}"`);
  }
  integer("listen.port", listen.port, 0, 0xffff);
  integer("listen.lastPort", listen.lastPort, 0, 0xffff);
  integer("listen.backlog", listen.backlog, 1, MAX_BACKLOG);
  const { host, port = 0, lastPort = port } = listen;
  if (host !== undefined && (typeof host !== "string" || host === "")) {
    throw new TypeError(`listen.host is an address or a host, not ${JSON.stringify(host)}`);
  }
  if (port === 0 && lastPort !== 0) {
    throw new TypeError("listen.lastPort needs listen.port, the first port of the range");
  }
  if (lastPort < port) {
    throw new TypeError(`listen.lastPort is ${lastPort}, less than listen.port, which is ${port}`);
  }
  if (listen.checkIp !== undefined && typeof listen.checkIp !== "boolean") {
    throw new TypeError("listen.checkIp is true or false");
  }
  checkSocket("listen.socket", listen.socket);
  if (listen.socket !== undefined && "localAddress" in listen.socket) {
    throw new TypeError("listen.socket.localAddress: where to listen is listen.host");
  }
}

/** @throws TypeError for what cannot be dialled with. @internal */
export function checkConnect(connect: DialFrom, carriers: readonly Carrier[]): void {
  for (const name of Object.keys(connect)) {
    if (name !== "socket") throw new TypeError(`connect has no option "${name}"`);
  }
  const { socket } = connect;
  checkSocket("connect.socket", socket);
  if (socket !== undefined && "ipv6Only" in socket) {
    throw new TypeError("connect.socket.ipv6Only: it is about listeners, listen.socket");
  }
  if (socket?.localAddress === undefined) return;
  const fault = dialFault(carriers, socket.localAddress);
  if (fault !== undefined) throw new TypeError(`connect.socket.localAddress is ${fault}`);
}

/** @throws TypeError for what epmd cannot be asked with. @internal */
export function checkEpmd(epmd: NonNullable<DistributionOptions["epmd"]>): void {
  for (const name of Object.keys(epmd)) {
    if (!Object.hasOwn(EPMD, name)) throw new TypeError(`epmd has no option "${name}"`);
  }
  integer("epmd.port", epmd.port, 1, 0xffff);
  integer("epmd.nodePort", epmd.nodePort, 1, 0xffff);
  if (epmd.start !== undefined && typeof epmd.start !== "boolean") {
    throw new TypeError("epmd.start is true or false");
  }
}

function checkSocket(what: string, socket: SocketOptions | undefined): void {
  for (const [name, value] of Object.entries(socket ?? {}) as [string, unknown][]) {
    const type = Object.hasOwn(SOCKET, name) ? SOCKET[name as keyof SocketOptions] : undefined;
    if (type === undefined) throw new TypeError(`${what} has no option "${name}"`);
    if (value !== undefined && typeof value !== type) {
      throw new TypeError(`${what}.${name} is a ${type}, not ${typeof value}`);
    }
  }
}

function integer(name: string, value: unknown, least: number, most: number): void {
  if (value === undefined) return;
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
    throw new TypeError(`${name} is an integer from ${least} to ${most}, not ${shown(value)}`);
  }
}

/**
 * What is to be said of a listener that others than this machine can reach, and where all can be read
 * that goes over it; undefined when that is not so.
 */
export function exposure(carrier: Carrier, { family, address }: NetAddress): string | undefined {
  if (carrier.encrypted === true || (family !== "inet" && family !== "inet6")) return undefined;
  if (isLoopback(address)) return undefined;
  const all = address === "0.0.0.0" || address === "::";
  const where = all ? "on all interfaces" : `on ${address}`;
  const loopback = family === "inet" ? "{127,0,0,1}" : "{0,0,0,0,0,0,0,1}";
  return (
    `the node listens ${where} over ${carrier.name}, which encrypts nothing: whoever is between two ` +
    "nodes reads and changes what they say, and the cookie is all that keeps others out; use TLS " +
    "(tls of startNode, -proto_dist inet_tls), or listen where only this machine can connect " +
    `(listen.host, -kernel inet_dist_use_interface '${loopback}')`
  );
}

/** Why a peer may not connect where only those of our own subnets may (`check_ip`). */
export function disallowedIp(listen: ListenAt, remote: NetAddress): NodeError | undefined {
  if (listen.checkIp !== true || (remote.family !== "inet" && remote.family !== "inet6")) {
    return undefined;
  }
  if (isInSubnets(remote.address, ownSubnets())) return undefined;
  const text = `the peer is in no subnet of this machine, and check_ip lets in no others`;
  return new NodeError("ERR_NODE_DISALLOWED_IP", text);
}

function shown(value: unknown): string {
  return typeof value === "number" ? String(value) : typeof value;
}
