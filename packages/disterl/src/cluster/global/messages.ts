import { Atom, atom } from "../../term/atom.ts";
import { isList } from "../../term/list.ts";
import { Pid } from "../../term/pid.ts";
import type { Term } from "../../term/term.ts";
import { type AnyTuple, isTuple } from "../../term/tuple.ts";
import type { ExternalName, GlobalName } from "./name-table.ts";

/** The version of the protocol between name servers that OTP 25 and later speak. */
export const PROTOCOL_VERSION = 8;
/** The oldest that is spoken with. */
const OLDEST_VERSION = 5;

/** A node and the version that it speaks; 0: not known. */
export type KnownNode = readonly [node: Atom, version: number];

/** What a merge changes. */
export type Operation =
  | { readonly type: "insert"; readonly entry: GlobalName }
  | { readonly type: "delete"; readonly name: Term };

/**
 * What name servers send each other, read and checked: `{'$gen_cast', ...}` and plain messages alike.
 * Tags are terms that only their maker understands.
 */
export type PeerMessage =
  | {
      readonly type: "init_connect";
      readonly node: Atom;
      readonly version: number;
      readonly hisTag: Term;
      readonly locker: Pid;
    }
  | {
      readonly type: "init_connect_ack";
      readonly node: Atom;
      readonly myTag: Term;
      readonly hisTag: Term;
    }
  | { readonly type: "cancel_connect"; readonly node: Atom; readonly myTag: Term }
  | {
      readonly type: "exchange";
      readonly node: Atom;
      readonly names: readonly GlobalName[];
      readonly myTag: Term;
    }
  | ({ readonly type: "resolved"; readonly myTag: Term } & Resolved)
  | ({ readonly type: "new_nodes"; readonly requester: Term | undefined } & Resolved)
  | { readonly type: "in_sync"; readonly node: Atom }
  | {
      readonly type: "lock_set";
      readonly locker: Pid;
      readonly set: boolean;
      readonly myTag: Term | undefined;
    }
  | {
      readonly type: "lost_connection";
      readonly node: Atom;
      readonly creation: number | bigint;
      readonly operation: number | bigint;
      readonly lost: Atom;
    }
  | { readonly type: "remove_connection"; readonly node: Atom };

/** What a merge came to, on one side of it. */
export interface Resolved {
  readonly node: Atom;
  readonly operations: readonly Operation[];
  readonly external: readonly ExternalName[];
  readonly nodes: readonly KnownNode[];
}

type Reader = (elements: AnyTuple) => PeerMessage | undefined;

/** By tag and arity; the tag counts. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["init_connect/4", readInitConnect],
  ["init_connect_ack/4", readInitConnectAck],
  ["cancel_connect/3", readCancelConnect],
  ["exchange/5", readExchange],
  ["resolved/7", readResolved],
  ["new_nodes/6", readNewNodes],
  ["in_sync/3", readInSync],
  ["lock_set/4", readLockSet],
  ["lock_set/5", readLockSet],
  ["lost_connection/5", readLostConnection],
  ["remove_connection/2", readRemoveConnection],
]);

const LOCKER = atom("locker");
const INSERT = atom("insert");
const DELETE = atom("delete");
const LOCK = atom("lock");
const GLOBAL = atom("global");

/** Reads a message; undefined when it is none of them, or its shape is wrong. */
export function readPeerMessage(message: Term): PeerMessage | undefined {
  if (!isTuple(message)) return undefined;
  const tag = message[0];
  if (!(tag instanceof Atom)) return undefined;
  return READERS.get(`${tag.text}/${message.length}`)?.(message);
}

/** `{init_connect, {Version, Tag}, Node, {locker, _, _, LockerPid}}`; a later version may say more. */
function readInitConnect([, version, node, locker]: AnyTuple): PeerMessage | undefined {
  if (!isTuple(version) || !(node instanceof Atom) || !isTuple(locker, 4)) return undefined;
  const [number, hisTag] = version;
  if (typeof number !== "number" || !Number.isInteger(number) || hisTag === undefined) {
    return undefined;
  }
  if (number < OLDEST_VERSION || locker[0] !== LOCKER) return undefined;
  const pid = locker[3];
  if (!(pid instanceof Pid) || pid.node !== node) return undefined;
  return { type: "init_connect", node, version: number, hisTag, locker: pid };
}

function readInitConnectAck([, node, myTag, hisTag]: AnyTuple): PeerMessage | undefined {
  if (!(node instanceof Atom) || myTag === undefined || hisTag === undefined) return undefined;
  return { type: "init_connect_ack", node, myTag, hisTag };
}

function readCancelConnect([, node, myTag]: AnyTuple): PeerMessage | undefined {
  if (!(node instanceof Atom) || myTag === undefined) return undefined;
  return { type: "cancel_connect", node, myTag };
}

/** `{exchange, Node, [{Name, Pid, Method}], _, Tag}` */
function readExchange([, node, names, , myTag]: AnyTuple): PeerMessage | undefined {
  if (!(node instanceof Atom) || myTag === undefined) return undefined;
  return { type: "exchange", node, names: readAll(names, readName), myTag };
}

/** `{resolved, Node, Operations, Known, _, External, Tag}` */
function readResolved(elements: AnyTuple): PeerMessage | undefined {
  const [, node, operations, nodes, , external, myTag] = elements;
  if (!(node instanceof Atom) || myTag === undefined) return undefined;
  return { type: "resolved", node, ...readParts(operations, external, nodes), myTag };
}

/** `{new_nodes, Node, Operations, External, Known, [{vsn, Version}, {lock, {global, Requester}}]}` */
function readNewNodes([, node, operations, external, nodes, info]: AnyTuple):
  | PeerMessage
  | undefined {
  if (!(node instanceof Atom)) return undefined;
  const lock = isList(info) ? info.find((item) => isTuple(item, 2) && item[0] === LOCK) : undefined;
  const id = isTuple(lock, 2) ? lock[1] : undefined;
  const requester = isTuple(id, 2) && id[0] === GLOBAL ? id[1] : undefined;
  return { type: "new_nodes", node, ...readParts(operations, external, nodes), requester };
}

function readParts(
  operations: Term | undefined,
  external: Term | undefined,
  nodes: Term | undefined,
): Omit<Resolved, "node"> {
  return {
    operations: readAll(operations, readOperation),
    external: readAll(external, readExternalName),
    nodes: readAll(nodes, readKnownNode),
  };
}

function readInSync([, node]: AnyTuple): PeerMessage | undefined {
  return node instanceof Atom ? { type: "in_sync", node } : undefined;
}

/** `{lock_set, LockerPid, Set, Known, Tag}`, before version 8 without a tag. */
function readLockSet([, locker, set, , myTag]: AnyTuple): PeerMessage | undefined {
  if (!(locker instanceof Pid) || typeof set !== "boolean") return undefined;
  return { type: "lock_set", locker, set, myTag };
}

/** `{lost_connection, Node, ExtendedCreation, Operation, LostNode}` */
function readLostConnection([, node, creation, operation, lost]: AnyTuple):
  | PeerMessage
  | undefined {
  if (!(node instanceof Atom && lost instanceof Atom)) return undefined;
  if (!isInteger(creation) || !isInteger(operation)) return undefined;
  return { type: "lost_connection", node, creation, operation, lost };
}

function readRemoveConnection([, node]: AnyTuple): PeerMessage | undefined {
  return node instanceof Atom ? { type: "remove_connection", node } : undefined;
}

/** The items of a list that are what they should be. */
function readAll<Item>(list: Term | undefined, read: (item: Term) => Item | undefined): Item[] {
  if (!isList(list)) return [];
  const items: Item[] = [];
  for (const item of list) {
    const value = read(item);
    if (value !== undefined) items.push(value);
  }
  return items;
}

function readName(item: Term): GlobalName | undefined {
  if (!isTuple(item, 3)) return undefined;
  const [name, pid, method] = item;
  return pid instanceof Pid ? { name, pid, method } : undefined;
}

function readExternalName(item: Term): ExternalName | undefined {
  if (!isTuple(item, 3)) return undefined;
  const [name, pid, registrar] = item;
  return pid instanceof Pid && registrar instanceof Atom ? { name, pid, registrar } : undefined;
}

function readOperation(item: Term): Operation | undefined {
  if (!isTuple(item, 2)) return undefined;
  const [what, argument] = item;
  if (what === DELETE) return { type: "delete", name: argument };
  const entry = what === INSERT ? readName(argument) : undefined;
  return entry === undefined ? undefined : { type: "insert", entry };
}

function readKnownNode(item: Term): KnownNode | undefined {
  if (item instanceof Atom) return [item, 0];
  if (!isTuple(item, 2)) return undefined;
  const [node, version] = item;
  return node instanceof Atom && typeof version === "number" ? [node, version] : undefined;
}

function isInteger(term: Term | undefined): term is number | bigint {
  return typeof term === "bigint" || (typeof term === "number" && Number.isInteger(term));
}
