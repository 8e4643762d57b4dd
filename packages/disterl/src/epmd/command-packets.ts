import { ByteWriter } from "../bytes/byte-writer.ts";
import { KILL_REQ, STOP_REQ } from "./codes.ts";
import { EpmdError } from "./errors.ts";
import { frame } from "./frame.ts";
import { decodeName } from "./node-info.ts";

/** Asks epmd to end: `107`. */
export function killRequest(): Uint8Array {
  return frame(Uint8Array.of(KILL_REQ));
}

/** Asks epmd to forget a node: `115`, then the name. */
export function stopRequest(name: string): Uint8Array {
  return frame(new ByteWriter().u8(STOP_REQ).text(name).finish());
}

/** A request to forget a node. */
export interface StopRequest {
  readonly kind: "stop";
  readonly name: string;
}

/**
 * Reads what {@link stopRequest} writes; the name ends at the first zero byte.
 * @throws EpmdError when there is no name.
 */
export function parseStopRequest(body: Uint8Array): StopRequest {
  const zero = body.indexOf(0, 1);
  const name = decodeName(body.subarray(1, zero < 0 ? body.length : zero));
  if (name === undefined || name === "") {
    throw new EpmdError("ERR_EPMD_BAD_REQUEST", "STOP_REQ is broken: it holds no readable name", {
      request: "STOP_REQ",
      offset: 1,
    });
  }
  return { kind: "stop", name };
}

/** Answers to KILL_REQ: epmd ends now, or nodes are alive and it stays. */
export const KILL_OK = "OK";
/** The answer to a KILL that is not allowed. */
export const KILL_REFUSED = "NO";

/** Answers to STOP_REQ: the node is forgotten, or there was none of that name. */
export const STOP_DONE = "STOPPED";
/** The answer to a STOP of a name that nobody has. */
export const STOP_UNKNOWN = "NOEXIST";
