import { ByteReader } from "../bytes/byte-reader.ts";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { DUMP_REQ, NAMES_REQ } from "./codes.ts";
import { EpmdError } from "./errors.ts";
import { frame } from "./frame.ts";
import { nameFault } from "./node-info.ts";
import { printable } from "./printable.ts";

/** A node in a listing. */
export interface NameAndPort {
  readonly name: string;
  readonly port: number;
}

/** Asks for the names of all live nodes: `110`. */
export function namesRequest(): Uint8Array {
  return frame(Uint8Array.of(NAMES_REQ));
}

/** Asks for all that epmd knows, for people to read: `100`. */
export function dumpRequest(): Uint8Array {
  return frame(Uint8Array.of(DUMP_REQ));
}

/** One line of the answer to NAMES_REQ. */
export function namesLine(node: NameAndPort): string {
  return `name ${node.name} at port ${node.port}\n`;
}

/**
 * Answers NAMES_REQ; the end of the connection ends it. Newest registration first.
 *
 *     +----------+--------------------------------------+
 *     | EpmdPort | "name " Name " at port " Port LF  …  |
 *     +----------+--------------------------------------+
 *         4 B      text, a line for each node
 */
export function namesReply(epmdPort: number, nodes: Iterable<NameAndPort>): Uint8Array {
  let text = "";
  for (const node of nodes) text += namesLine(node);
  return new ByteWriter().u32(epmdPort).text(text).finish();
}

/** What is in an answer to NAMES_REQ. */
export interface NamesReply {
  /** The port epmd believes it listens on. */
  readonly epmdPort: number;
  readonly nodes: readonly NameAndPort[];
  /** Lines that name no node a name can be trusted of, made printable. */
  readonly unreadable: readonly string[];
}

const NAMES_LINE = /^name (.+) at port (\d{1,5})$/su;
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads what {@link namesReply} writes, all of it.
 * @throws EpmdError when not even the port has come.
 */
export function parseNamesReply(bytes: Uint8Array): NamesReply {
  if (bytes.length < 4) {
    throw new EpmdError(
      "ERR_EPMD_BAD_REPLY",
      `expected the answer to NAMES_REQ, 4 bytes at least, found ${bytes.length}`,
      { request: "NAMES_REQ", offset: bytes.length },
    );
  }
  const reader = new ByteReader(bytes);
  const epmdPort = reader.u32();
  const nodes: NameAndPort[] = [];
  const unreadable: string[] = [];
  for (const line of lenient.decode(reader.rest()).split("\n")) {
    if (line === "") continue;
    const [, name, port] = NAMES_LINE.exec(line) ?? [];
    const found = { name: name ?? "", port: Number(port) };
    if (isTrustworthy(found)) nodes.push(found);
    else unreadable.push(printable(line));
  }
  return { epmdPort, nodes, unreadable };
}

function isTrustworthy({ name, port }: NameAndPort): boolean {
  return port > 0 && port <= 0xffff && nameFault(name) === undefined && !name.includes("\ufffd");
}

/** A node as DUMP_REQ tells it. */
export interface DumpEntry extends NameAndPort {
  /** A small number for the connection of the registration. */
  readonly connection: number;
}

/**
 * Answers DUMP_REQ. Each record ends with LF and a zero byte.
 *
 *     +----------+----------------------------------------------------------------+
 *     | EpmdPort | "active name     <" Name "> at port " Port ", fd = " Fd LF 0 … |
 *     |          | "old/unused name <" Name ">, port = " Port ", fd = " Fd " " LF 0 … |
 *     +----------+----------------------------------------------------------------+
 *         4 B      text
 */
export function dumpReply(
  epmdPort: number,
  live: Iterable<DumpEntry>,
  released: Iterable<DumpEntry>,
): Uint8Array {
  let text = "";
  for (const { name, port, connection } of live) {
    text += `active name     <${name}> at port ${port}, fd = ${connection}\n\0`;
  }
  for (const { name, port, connection } of released) {
    text += `old/unused name <${name}>, port = ${port}, fd = ${connection} \n\0`;
  }
  return new ByteWriter().u32(epmdPort).text(text).finish();
}
