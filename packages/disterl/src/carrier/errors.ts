import { DistError } from "../errors.ts";

/**
 * - `REFUSED`: nobody listens there.
 * - `UNREACHABLE`: no way to that host, or no answer from it.
 * - `RESOLVE`: the host name has no address of this family.
 * - `ADDRESS_IN_USE`: somebody listens there already.
 * - `ADDRESS`: the address is not ours, the port is not for us to take, or the path of a unix socket or
 *   its directory cannot be used.
 * - `CLOSED`: a connection that was up failed: the peer reset it, or the network did, or its TLS carried
 *   next to no data.
 * - `NO_TICKS`: the tick worker cannot run, or not with this channel.
 * - `TLS_CONFIG`: certificates, keys or CAs cannot be used as they are.
 * - `TLS_HANDSHAKE`: no TLS came about: the other end speaks none, or nothing that suits both, or is
 *   silent.
 * - `TLS_CERTIFICATE`: we refuse the peer for its certificate.
 * - `TLS_REFUSED`: the peer refuses us.
 */
export type CarrierErrorCode =
  | "ERR_CARRIER_REFUSED"
  | "ERR_CARRIER_UNREACHABLE"
  | "ERR_CARRIER_RESOLVE"
  | "ERR_CARRIER_ADDRESS_IN_USE"
  | "ERR_CARRIER_ADDRESS"
  | "ERR_CARRIER_CLOSED"
  | "ERR_CARRIER_NO_TICKS"
  | "ERR_CARRIER_TLS_CONFIG"
  | "ERR_CARRIER_TLS_HANDSHAKE"
  | "ERR_CARRIER_TLS_CERTIFICATE"
  | "ERR_CARRIER_TLS_REFUSED";

/** A connection or a listener could not be had, or was lost. `cause` is the system's error. */
export class CarrierError extends DistError<CarrierErrorCode> {}

const dialCodes: Record<string, CarrierErrorCode> = {
  ECONNREFUSED: "ERR_CARRIER_REFUSED",
  ENOENT: "ERR_CARRIER_REFUSED",
  ENOTFOUND: "ERR_CARRIER_RESOLVE",
  EAI_AGAIN: "ERR_CARRIER_RESOLVE",
  EAI_FAIL: "ERR_CARRIER_RESOLVE",
  EADDRNOTAVAIL: "ERR_CARRIER_ADDRESS",
};

const listenCodes: Record<string, CarrierErrorCode> = {
  EADDRINUSE: "ERR_CARRIER_ADDRESS_IN_USE",
  ENOTFOUND: "ERR_CARRIER_RESOLVE",
  EAI_AGAIN: "ERR_CARRIER_RESOLVE",
  EAI_FAIL: "ERR_CARRIER_RESOLVE",
};

const advice: Partial<Record<CarrierErrorCode, string>> = {
  ERR_CARRIER_REFUSED:
    "nobody listens there; is the node running, is this its port, and does it listen on this " +
    "address (listen.host, inet_dist_use_interface) and not on 127.0.0.1 only?",
  ERR_CARRIER_UNREACHABLE: "the host does not answer; check network, firewall and address",
  ERR_CARRIER_RESOLVE: "the host name has no address; check the name and /etc/hosts or DNS",
  ERR_CARRIER_ADDRESS_IN_USE: "somebody listens there; choose another port, or a range",
  ERR_CARRIER_ADDRESS: "the address is not of this host, or the port needs more rights",
  ERR_CARRIER_CLOSED: "the peer ended abruptly, or something between broke the connection",
  ERR_CARRIER_NO_TICKS:
    "peers give this node up when its event loop is busy for longer than they wait",
};

const listenAdvice: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: "the address is not of this host; take one that it has, or 0.0.0.0 or :: for all",
  EACCES: "the port needs more rights than this user has; take one from 1024 up",
};

function systemCode(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

function carrierError(
  code: CarrierErrorCode,
  what: string,
  cause: Error,
  remedy = advice[code],
): CarrierError {
  const reason = systemCode(cause) || cause.message;
  return new CarrierError(code, `carrier: ${what}: ${reason}; ${remedy}`, { cause });
}

/** The error for a dial that failed. */
export function dialError(to: string, cause: Error): CarrierError {
  const code = dialCodes[systemCode(cause)] ?? "ERR_CARRIER_UNREACHABLE";
  return carrierError(code, `cannot connect to ${to}`, cause);
}

/** The error for an address that cannot be listened on. `ports`: how many were tried, one after the other. */
export function listenError(at: string, cause: Error, ports = 1): CarrierError {
  const ours = listenCodes[systemCode(cause)] ?? "ERR_CARRIER_ADDRESS";
  const remedy =
    ports > 1 && ours === "ERR_CARRIER_ADDRESS_IN_USE"
      ? `the range is used up: somebody listens on each of its ${ports} ports; take a wider one ` +
        "(listen.lastPort, inet_dist_listen_max), or stop a node that uses one of them"
      : listenAdvice[systemCode(cause)];
  return carrierError(ours, `cannot listen on ${at}`, cause, remedy);
}

/** The error for a connection that was up and failed. */
export function lostError(peer: string, cause: Error): CarrierError {
  return carrierError("ERR_CARRIER_CLOSED", `the connection with ${peer} was lost`, cause);
}

/** The error for ticks that only the event loop can send. */
export function noTicksError(why: string, cause?: Error): CarrierError {
  const code = "ERR_CARRIER_NO_TICKS";
  const reason = cause === undefined ? "" : `: ${systemCode(cause) || cause.message}`;
  const text = `carrier: the tick worker is of no use here: ${why}${reason}; ${advice[code]}`;
  return new CarrierError(code, text, cause === undefined ? {} : { cause });
}
