import { ByteReader } from "../bytes/byte-reader.ts";
import { ByteWriter } from "../bytes/byte-writer.ts";
import {
  ALIVE2_REQ,
  ALIVE2_RESP,
  ALIVE2_X_RESP,
  DIST_VERSION_HIGH,
  MAX_NAME_BYTES,
  REFUSED_CREATION,
} from "./codes.ts";
import { EpmdError } from "./errors.ts";
import { frame } from "./frame.ts";
import { decodeName, type NodeInfo, nodeFault } from "./node-info.ts";

/** A request to register a node. */
export interface AliveRequest {
  readonly kind: "alive2";
  readonly node: NodeInfo;
  /** Why the node must be refused although the packet is well formed; `undefined` when it is fine. */
  readonly fault: string | undefined;
}

/**
 * Asks epmd to register a node, for as long as the connection stays open.
 *
 *     +-----+------+------+-------+---------+--------+------+------+------+-------+
 *     | 120 | Port | Node | Proto | Highest | Lowest | Nlen | Name | Elen | Extra |
 *     |     |      | Type |  col  | Version | Version|      |      |      |       |
 *     +-----+------+------+-------+---------+--------+------+------+------+-------+
 *       1 B   2 B    1 B    1 B      2 B       2 B     2 B    Nlen   2 B    Elen
 */
export function aliveRequest(node: NodeInfo): Uint8Array {
  const name = Buffer.from(node.name);
  return frame(
    new ByteWriter()
      .u8(ALIVE2_REQ)
      .u16(node.port)
      .u8(node.nodeType)
      .u8(node.protocol)
      .u16(node.highest)
      .u16(node.lowest)
      .u16(name.length)
      .bytes(name)
      .u16(node.extra.length)
      .bytes(node.extra)
      .finish(),
  );
}

/** Bytes of the request when name and extra are empty: less than one more cannot be a node. */
const EMPTY_ALIVE_BYTES = 13;

/**
 * Reads what {@link aliveRequest} writes. Bytes after Extra are ignored, as by epmd.
 * @throws EpmdError when a length points past the end or the name holds a zero byte.
 */
export function parseAliveRequest(body: Uint8Array): AliveRequest {
  if (body.length <= EMPTY_ALIVE_BYTES) throw broken("it is too short to hold a node", body.length);
  const reader = new ByteReader(body, 1);
  const port = reader.u16();
  const nodeType = reader.u8();
  const protocol = reader.u8();
  const highest = reader.u16();
  const lowest = reader.u16();
  const nameLength = reader.u16();
  if (nameLength + 2 > reader.left) throw broken("the name runs past its end", reader.offset);
  const nameBytes = reader.take(nameLength);
  const extraLength = reader.u16();
  if (extraLength > reader.left) throw broken("the extra field runs past its end", reader.offset);
  if (nameBytes.includes(0)) throw broken("the name holds a zero byte", 11);
  const extra = new Uint8Array(reader.take(extraLength));
  const name = nameLength > MAX_NAME_BYTES ? undefined : decodeName(nameBytes);
  const node = { name: name ?? "", port, nodeType, protocol, highest, lowest, extra };
  return { kind: "alive2", node, fault: requestFault(node, nameLength, name) };
}

function requestFault(
  node: NodeInfo,
  nameLength: number,
  name: string | undefined,
): string | undefined {
  if (nameLength > MAX_NAME_BYTES) return `the name has more than ${MAX_NAME_BYTES} bytes`;
  return name === undefined ? "the name is not UTF-8" : nodeFault(node);
}

function broken(what: string, offset: number): EpmdError {
  return new EpmdError("ERR_EPMD_BAD_REQUEST", `ALIVE2_REQ is broken: ${what}`, {
    request: "ALIVE2_REQ",
    offset,
  });
}

/** The answer to a registration. */
export interface AliveReply {
  /** 0: registered. Anything else: refused. */
  readonly result: number;
  /** Tells this life of the name from earlier ones. 99 in a refusal. */
  readonly creation: number;
}

/**
 * Answers ALIVE2_REQ: the long form to nodes of version 6 on, the short one to older nodes, whose
 * creation is 1, 2 or 3.
 *
 *     ALIVE2_X_RESP                          ALIVE2_RESP
 *     +-----+--------+----------+            +-----+--------+----------+
 *     | 118 | Result | Creation |            | 121 | Result | Creation |
 *     +-----+--------+----------+            +-----+--------+----------+
 *       1 B    1 B       4 B                   1 B    1 B       2 B
 */
export function aliveReply(reply: AliveReply, highest: number): Uint8Array {
  if (highest >= DIST_VERSION_HIGH) {
    return new ByteWriter().u8(ALIVE2_X_RESP).u8(reply.result).u32(reply.creation).finish();
  }
  const creation = reply.result === 0 ? (reply.creation % 3) + 1 : reply.creation;
  return new ByteWriter().u8(ALIVE2_RESP).u8(reply.result).u16(creation).finish();
}

/** The answer to a node that cannot be registered. */
export function aliveRefusal(highest: number): Uint8Array {
  return aliveReply({ result: 1, creation: REFUSED_CREATION }, highest);
}

/**
 * Reads what {@link aliveReply} writes, from the bytes that have come so far.
 * @returns `undefined` while bytes are missing.
 * @throws EpmdError when this is no such answer.
 */
export function parseAliveReply(bytes: Uint8Array): AliveReply | undefined {
  const reader = new ByteReader(bytes);
  if (reader.left === 0) return undefined;
  const code = reader.u8();
  if (code !== ALIVE2_X_RESP && code !== ALIVE2_RESP) {
    throw new EpmdError(
      "ERR_EPMD_BAD_REPLY",
      `expected the answer to ALIVE2_REQ (118 or 121), found ${code}; is another program on epmd's port?`,
      { request: "ALIVE2_REQ", offset: 0 },
    );
  }
  const length = code === ALIVE2_X_RESP ? 6 : 4;
  if (bytes.length < length) return undefined;
  const result = reader.u8();
  return { result, creation: code === ALIVE2_X_RESP ? reader.u32() : reader.u16() };
}
