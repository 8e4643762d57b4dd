/**
 * Every packet of the epmd protocol: for each, the function that builds it and the one that reads it.
 *
 * Spec: erl_dist_protocol, "EPMD Protocol". A connection carries one request; all replies but that
 * to ALIVE2_REQ end with the connection.
 */
import { type AliveRequest, parseAliveRequest } from "./alive-packets.ts";
import { ALIVE2_REQ, DUMP_REQ, KILL_REQ, NAMES_REQ, PORT_PLEASE2_REQ, STOP_REQ } from "./codes.ts";
import { parseStopRequest, type StopRequest } from "./command-packets.ts";
import { EpmdError } from "./errors.ts";
import { type PortRequest, parsePortRequest } from "./port-packets.ts";

export * from "./alive-packets.ts";
export * from "./command-packets.ts";
export { frame } from "./frame.ts";
export * from "./listing-packets.ts";
export * from "./port-packets.ts";

/** Any request, read. */
export type EpmdRequest =
  | AliveRequest
  | PortRequest
  | StopRequest
  | { readonly kind: "names" }
  | { readonly kind: "dump" }
  | { readonly kind: "kill" };

/**
 * Reads the body of a request, without its length.
 * @throws EpmdError when it is none.
 */
export function parseRequest(body: Uint8Array): EpmdRequest {
  switch (body[0]) {
    case ALIVE2_REQ:
      return parseAliveRequest(body);
    case PORT_PLEASE2_REQ:
      return parsePortRequest(body);
    case NAMES_REQ:
      return { kind: "names" };
    case DUMP_REQ:
      return { kind: "dump" };
    case KILL_REQ:
      return { kind: "kill" };
    case STOP_REQ:
      return parseStopRequest(body);
    default:
      throw new EpmdError("ERR_EPMD_BAD_REQUEST", `no request begins with ${body[0]}`, {
        offset: 0,
      });
  }
}
