import { ByteReader } from "../bytes/byte-reader.ts";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { MAX_EXTRA_BYTES, MAX_NAME_BYTES, PORT2_RESP, PORT_PLEASE2_REQ } from "./codes.ts";
import { EpmdError } from "./errors.ts";
import { frame } from "./frame.ts";
import { decodeName, type NodeInfo, tooManyChars } from "./node-info.ts";

/** A question for the port of a node. */
export interface PortRequest {
  readonly kind: "port2";
  readonly name: string;
}

/**
 * Asks where a node listens.
 *
 *     +-----+------+
 *     | 122 | Name |
 *     +-----+------+
 *       1 B   rest
 */
export function portRequest(name: string): Uint8Array {
  return frame(new ByteWriter().u8(PORT_PLEASE2_REQ).text(name).finish());
}

/**
 * Reads what {@link portRequest} writes; one zero byte at the end is ignored, as by epmd.
 * @throws EpmdError when the name is empty, too long, not UTF-8 or holds a zero byte.
 */
export function parsePortRequest(body: Uint8Array): PortRequest {
  const end = body[body.length - 1] === 0 ? body.length - 1 : body.length;
  const bytes = body.subarray(1, end);
  if (bytes.length === 0) throw brokenRequest("the name is empty");
  if (bytes.includes(0)) throw brokenRequest("the name holds a zero byte");
  const name = bytes.length > MAX_NAME_BYTES ? undefined : decodeName(bytes);
  if (name === undefined || tooManyChars(name)) {
    throw brokenRequest("the name is too long or not UTF-8");
  }
  return { kind: "port2", name };
}

function brokenRequest(what: string): EpmdError {
  return new EpmdError("ERR_EPMD_BAD_REQUEST", `PORT_PLEASE2_REQ is broken: ${what}`, {
    request: "PORT_PLEASE2_REQ",
    offset: 1,
  });
}

/** Found a node, or did not. */
export type PortReply =
  | { readonly result: 0; readonly node: NodeInfo }
  /** 1 as a rule: no such node. */
  | { readonly result: number; readonly node: undefined };

/**
 * Answers PORT_PLEASE2_REQ: two bytes with a result other than 0 when there is no such node, else
 *
 *     +-----+---+------+------+-------+---------+---------+------+------+------+-------+
 *     | 119 | 0 | Port | Node | Proto | Highest | Lowest  | Nlen | Name | Elen | Extra |
 *     |     |   |      | Type |  col  | Version | Version |      |      |      |       |
 *     +-----+---+------+------+-------+---------+---------+------+------+------+-------+
 *       1 B  1 B  2 B    1 B    1 B      2 B       2 B      2 B    Nlen   2 B    Elen
 */
export function portReply(node: NodeInfo | undefined): Uint8Array {
  const writer = new ByteWriter().u8(PORT2_RESP);
  if (node === undefined) return writer.u8(1).finish();
  const name = Buffer.from(node.name);
  return writer
    .u8(0)
    .u16(node.port)
    .u8(node.nodeType)
    .u8(node.protocol)
    .u16(node.highest)
    .u16(node.lowest)
    .u16(name.length)
    .bytes(name)
    .u16(node.extra.length)
    .bytes(node.extra)
    .finish();
}

/** Bytes before the name. */
const PORT_REPLY_HEAD = 12;
/** The longest answer there can be. */
export const MAX_PORT_REPLY_BYTES = PORT_REPLY_HEAD + MAX_NAME_BYTES + 2 + MAX_EXTRA_BYTES;

/**
 * Reads what {@link portReply} writes, from the bytes that have come so far; what follows is ignored.
 * @returns `undefined` while bytes are missing.
 * @throws EpmdError when this is no such answer.
 */
export function parsePortReply(bytes: Uint8Array): PortReply | undefined {
  if (bytes.length > 0 && bytes[0] !== PORT2_RESP) {
    throw brokenReply(`expected 119, found ${bytes[0]}; is another program on epmd's port?`, 0);
  }
  if (bytes.length < 2) return undefined;
  const reader = new ByteReader(bytes, 1);
  const result = reader.u8();
  if (result !== 0) return { result, node: undefined };
  if (bytes.length < PORT_REPLY_HEAD) return undefined;
  const head = {
    port: reader.u16(),
    nodeType: reader.u8(),
    protocol: reader.u8(),
    highest: reader.u16(),
    lowest: reader.u16(),
  };
  const nameLength = reader.u16();
  if (head.port === 0) throw brokenReply("the port is 0", 2);
  if (nameLength > MAX_NAME_BYTES) throw brokenReply(`a name of ${nameLength} bytes`, 10);
  if (reader.left < nameLength + 2) return undefined;
  const name = decodeName(reader.take(nameLength));
  if (name === undefined) throw brokenReply("the name is not UTF-8", PORT_REPLY_HEAD);
  const extraLength = reader.u16();
  if (extraLength > MAX_EXTRA_BYTES) {
    throw brokenReply(`an extra field of ${extraLength} bytes`, reader.offset - 2);
  }
  if (reader.left < extraLength) return undefined;
  return { result: 0, node: { name, ...head, extra: new Uint8Array(reader.take(extraLength)) } };
}

function brokenReply(what: string, offset: number): EpmdError {
  return new EpmdError("ERR_EPMD_BAD_REPLY", `the answer to PORT_PLEASE2_REQ is broken: ${what}`, {
    request: "PORT_PLEASE2_REQ",
    offset,
  });
}
