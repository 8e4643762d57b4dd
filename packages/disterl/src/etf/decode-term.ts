import type { Atom } from "../term/atom.ts";
import { Binary } from "../term/binary.ts";
import { OpaqueFun } from "../term/fun.ts";
import { ImproperList } from "../term/list.ts";
import { NativeRecord } from "../term/native-record.ts";
import type { Term } from "../term/term.ts";
import { TermMap } from "../term/term-map.ts";
import { TupleArray } from "../term/tuple.ts";
import { utf8Text } from "./atom-of-text.ts";
import { type DecodeOptions, LeafReader } from "./leaf-reader.ts";
import { asPropertyName, objectOfMap } from "./plain-values.ts";
import { tagName } from "./tags.ts";
import { LONGEST_KEPT, TextTable } from "./text-table.ts";

/** Levels decoded by recursion; what is deeper by {@link TermDecoder} with a stack of its own. */
const FAST_LEVELS = 200;
const KEYS_KEPT = 512;
const NOTHING: Term[] = [];
/** Maps of more keys are not remembered: up to here OTP keeps the keys in order. */
const LARGEST_SHAPE = 32;

/** A container the stack machine has not read to its end. */
interface Open {
  readonly tag: number;
  readonly offset: number;
  /** Where the container must have ended. */
  readonly end: number;
  /** How many items are announced; grows where the tail of a list is a list. */
  count: number;
  filled: number;
  /** Elements, the items of a list, the keys of a map, the values of a record. */
  readonly items: Term[];
  /** The values of a map. */
  readonly values: Term[];
  readonly head: FunHead | RecordHead | undefined;
  tail: "unread" | "nil" | "next" | "read";
  tailValue: Term;
}

type FunHead = Omit<OpaqueFun, "freeVariables">;

interface RecordHead {
  readonly module: Atom | boolean;
  readonly name: Atom | boolean;
  readonly exported: boolean;
  readonly names: readonly (Atom | boolean)[];
}

/**
 * Makes terms of bytes. One decoder serves one connection: it is reused for every message, and the
 * atoms it may introduce are counted over its whole life.
 *
 * Every announced number is compared with the bytes that are left, less the one byte that each
 * element announced around it still needs; so all that is allocated ahead is in proportion to the
 * bytes that are there.
 */
export class TermDecoder extends LeafReader {
  private readonly objects: boolean;
  private readonly levels: number;
  private readonly sharesKeys: boolean;
  private keyTable: TextTable<Term> | undefined = undefined;
  /** By their number: the keys of the last map that had so many. */
  private readonly shapes: (Term[] | undefined)[] = new Array(LARGEST_SHAPE + 1).fill(undefined);
  /** How many more elements may be announced in this term. */
  private nodes = 0;

  constructor(options: DecodeOptions = {}) {
    super(options);
    this.objects = options.maps === "object";
    this.sharesKeys = this.binariesAsText || this.binariesLazy;
    this.levels = Math.min(FAST_LEVELS, this.limits.depth);
  }

  /**
   * The term, without a leading 131, that begins at `start`; {@link position} tells where it ends.
   *
   * @param end the first byte that is not to be read.
   * @param refs the atoms that ATOM_CACHE_REF stands for; without them that tag is an error.
   * @param retain true when the memory of `bytes` is not reused: large binaries may be views of it.
   * @throws EtfError for bytes that are not a term, or one above the limits.
   */
  decode(
    bytes: Uint8Array,
    start: number,
    end: number,
    refs: readonly (Atom | boolean)[] | undefined,
    retain: boolean,
  ): Term {
    this.begin(bytes, start, end);
    this.refs = refs;
    this.retain = retain;
    this.nodes = this.limits.nodes;
    const term = this.term(this.base + end, 0);
    this.position = this.at - this.base;
    return term;
  }

  // ---- The tags -------------------------------------------------------------------------------

  private term(end: number, depth: number): Term {
    const at = this.at;
    if (at >= end) throw this.cut(at, at, 1, end);
    switch (this.bytes[at]) {
      case 97: // SMALL_INTEGER_EXT
        this.need(at, 2, end);
        this.at = at + 2;
        return this.integer(this.bytes[at + 1] as number);
      case 98: // INTEGER_EXT
        this.need(at, 5, end);
        this.at = at + 5;
        return this.integer(this.view.getInt32(at + 1));
      case 119: // SMALL_ATOM_UTF8_EXT
        return this.smallAtom(at, end);
      case 82: // ATOM_CACHE_REF
        return this.atomRef(at, end);
      case 104: // SMALL_TUPLE_EXT
        this.need(at, 2, end);
        return this.tuple(at, at + 2, this.bytes[at + 1] as number, end, depth);
      case 105: // LARGE_TUPLE_EXT
        this.need(at, 5, end);
        return this.tuple(at, at + 5, this.largeArity(at), end, depth);
      case 106: // NIL_EXT
        this.at = at + 1;
        return [];
      case 107: // STRING_EXT
        return this.string(at, end);
      case 108: // LIST_EXT
        return this.list(at, end, depth);
      case 109: // BINARY_EXT
        return this.binary(at, end);
      case 70: // NEW_FLOAT_EXT
        return this.float(at, end);
      case 116: // MAP_EXT
        return this.map(at, end, depth);
      case 88: // NEW_PID_EXT
      case 103: // PID_EXT
        return this.pid(at, end);
      case 90: // NEWER_REFERENCE_EXT
      case 114: // NEW_REFERENCE_EXT
        return this.reference(at, end);
      case 110: // SMALL_BIG_EXT
        this.need(at, 3, end);
        return this.big(at, this.bytes[at + 1] as number, at + 2, end);
      default:
        return this.rareTerm(at, end, depth);
    }
  }

  private rareTerm(at: number, end: number, depth: number): Term {
    const tag = this.bytes[at] as number;
    switch (tag) {
      case 67: // RECORD_EXT
      case 112: // NEW_FUN_EXT
        return depth >= this.levels ? this.deep(end) : this.headed(end, depth);
      case 77: // BIT_BINARY_EXT
        return this.bitString(at, end);
      case 89: // NEW_PORT_EXT
      case 102: // PORT_EXT
      case 120: // V4_PORT_EXT
        return this.port(at, end);
      case 99: // FLOAT_EXT
        return this.oldFloat(at, end);
      case 100: // ATOM_EXT
      case 115: // SMALL_ATOM_EXT
      case 118: // ATOM_UTF8_EXT
        return this.name(end);
      case 101: // REFERENCE_EXT
        return this.oldReference(at, end);
      case 111: // LARGE_BIG_EXT
        this.need(at, 6, end);
        return this.big(at, this.view.getUint32(at + 1), at + 5, end);
      case 113: // EXPORT_EXT
        return this.externalFun(at, end);
      case 80: // compressed
        throw this.bad("ERR_ETF_TAG", at, "a compressed term stands only right after the byte 131");
      case 117: // FUN_EXT
        throw this.bad("ERR_ETF_TAG", at, "FUN_EXT is not read since OTP 23; send NEW_FUN_EXT");
      case 121: // LOCAL_EXT
        throw this.bad("ERR_ETF_TAG", at, "LOCAL_EXT is private to the node that made it");
      default:
        throw this.bad("ERR_ETF_TAG", at, `there is no ${tagName(tag)}`);
    }
  }

  // ---- Containers, by recursion ---------------------------------------------------------------

  /** `count` elements of at least `each` bytes follow at `from`: are they in the bytes, and allowed? */
  private announce(at: number, from: number, count: number, each: number, end: number): void {
    if (from + count * each > end) throw this.cut(at, from, count * each, end);
    this.nodes -= count;
    if (this.nodes < 0) throw this.over(at, "nodes", this.limits.nodes - this.nodes);
    this.at = from;
  }

  private tuple(at: number, from: number, arity: number, end: number, depth: number): Term {
    if (depth >= this.levels) return this.deep(end);
    this.announce(at, from, arity, 1, end);
    const elements = new TupleArray(arity);
    // An object first: V8 then keeps every tuple in one form, whatever numbers it begins with.
    if (arity > 0) elements[0] = NOTHING;
    for (let i = 0; i < arity; i++) {
      elements[i] = this.term(end - arity + i + 1, depth + 1);
    }
    return elements;
  }

  private largeArity(at: number): number {
    const arity = this.view.getUint32(at + 1);
    if (arity <= 0xffffff) return arity;
    throw this.bad("ERR_ETF_VALUE", at, `a tuple has at most 16777215 elements, not ${arity}`);
  }

  /** `108 Len:32 items… Tail`. */
  private list(at: number, end: number, depth: number): Term {
    if (depth >= this.levels) return this.deep(end);
    this.need(at, 6, end);
    const count = this.view.getUint32(at + 1);
    this.announce(at, at + 5, count, 1, end - 1);
    const items = new Array<Term>(count);
    let i = this.bigints ? 0 : this.integers(items, end - count);
    for (; i < count; i++) items[i] = this.term(end - count + i, depth + 1);
    if (this.bytes[this.at] === 106) {
      this.at += 1;
      return items;
    }
    return this.tail(items, end, depth);
  }

  /** Reads the integers a list begins with, the `i`-th up to `room + i`; how many there were. */
  private integers(items: Term[], room: number): number {
    const bytes = this.bytes;
    const view = this.view;
    let at = this.at;
    let i = 0;
    for (; i < items.length; i++) {
      const tag = bytes[at];
      if (tag === 97 && at + 2 <= room + i) {
        items[i] = bytes[at + 1] as number;
        at += 2;
      } else if (tag === 98 && at + 5 <= room + i) {
        items[i] = view.getInt32(at + 1);
        at += 5;
      } else {
        break;
      }
    }
    this.at = at;
    return i;
  }

  /** What follows the items of a list that NIL_EXT does not end. A list there is more of this list. */
  private tail(items: Term[], end: number, depth: number): Term {
    for (;;) {
      const more = this.tailItems(items, end);
      if (more === 0) return items;
      if (more === -1) break;
      for (let i = more; i > 0; i--) items.push(this.term(end - i, depth + 1));
    }
    const tail = this.term(end, depth + 1);
    return items.length === 0 ? tail : new ImproperList(items, tail);
  }

  /**
   * In the place of a tail: -1, a term that is no list; 0, the list is complete; else a LIST_EXT,
   * and so many of its items follow.
   */
  private tailItems(items: Term[], end: number): number {
    for (;;) {
      const at = this.at;
      if (at >= end) throw this.cut(at, at, 1, end);
      const tag = this.bytes[at];
      if (tag === 106) {
        this.at = at + 1;
        return 0;
      }
      if (tag === 107) {
        for (const item of this.string(at, end)) items.push(item);
        return 0;
      }
      if (tag !== 108) return -1;
      this.need(at, 6, end);
      const count = this.view.getUint32(at + 1);
      this.announce(at, at + 5, count, 1, end - 1);
      if (count > 0) return count;
    }
  }

  /** `107 Len:16 bytes`: a list of the bytes. */
  private string(at: number, end: number): (number | bigint)[] {
    this.need(at, 3, end);
    const count = this.view.getUint16(at + 1);
    this.announce(at, at + 3, count, 1, end);
    const bytes = this.bytes;
    const items = new Array<number | bigint>(count);
    if (this.bigints) {
      for (let i = 0; i < count; i++) items[i] = BigInt(bytes[at + 3 + i] as number);
    } else {
      for (let i = 0; i < count; i++) items[i] = bytes[at + 3 + i] as number;
    }
    this.at = at + 3 + count;
    return items;
  }

  /** `116 Pairs:32 K1 V1 …`. */
  private map(at: number, end: number, depth: number): Term {
    if (depth >= this.levels) return this.deep(end);
    this.need(at, 5, end);
    const count = this.view.getUint32(at + 1);
    this.announce(at, at + 5, count, 2, end);
    const keys = new Array<Term>(count);
    const values = new Array<Term>(count);
    const shared = this.sharesKeys;
    let room = end - 2 * count + 1;
    for (let i = 0; i < count; i++) {
      keys[i] = shared ? this.key(room, depth + 1) : this.term(room, depth + 1);
      values[i] = this.term(room + 1, depth + 1);
      room += 2;
    }
    return this.mapOf(at, keys, values);
  }

  /**
   * True when a map with these very keys has been made before, so that they are known to differ. The
   * keys of a map differ whatever has been done to it since: a key is compared with those it has now.
   */
  private sameKeysAsBefore(keys: Term[]): boolean {
    const count = keys.length;
    const known = count > LARGEST_SHAPE ? undefined : this.shapes[count];
    if (known === undefined || known.length !== count) return false;
    for (let i = 0; i < count; i++) if (keys[i] !== known[i]) return false;
    return true;
  }

  /**
   * A key of a map. Binaries as keys are few and come again and again: they are remembered by their
   * bytes and shared, unless they are `Uint8Array`s, which a program may write to.
   */
  private key(end: number, depth: number): Term {
    const at = this.at;
    if (this.bytes[at] !== 109 || at + 5 > end) return this.term(end, depth);
    const length = this.view.getUint32(at + 1);
    const from = at + 5;
    if (length > LONGEST_KEPT || from + length > end) return this.term(end, depth);
    this.at = from + length;
    return this.keyTable?.find(this.view, from, length) ?? this.newKey(from, length);
  }

  private newKey(from: number, length: number): Term {
    const made = this.sharedKey(from, length);
    // The table is made with the first key: most decoders of one term never need it.
    this.keyTable ??= new TextTable(KEYS_KEPT);
    if (!(made instanceof Uint8Array)) this.keyTable.keep(this.view, from, length, made);
    return made;
  }

  private sharedKey(from: number, length: number): Term {
    const end = from + length;
    const text = this.binariesAsText ? utf8Text(this.bytes, this.view, from, end) : undefined;
    if (text !== undefined) return asPropertyName(text);
    return this.binariesLazy
      ? new Binary(this.bytes.slice(from, end), 0, length)
      : this.bytes.slice(from, end);
  }

  private mapOf(at: number, keys: Term[], values: Term[]): Term {
    if (this.objects) {
      const object = objectOfMap(keys, values);
      // Asked for: whoever decodes with `maps: "object"` gets what no `Term` is.
      if (object !== undefined) return object as unknown as Term;
    }
    if (this.sameKeysAsBefore(keys)) return TermMap.fromDistinct(keys, values);
    const map = TermMap.fromDecoded(keys, values);
    if (map === undefined) throw this.bad("ERR_ETF_VALUE", at, "a map has the same key twice");
    if (keys.length <= LARGEST_SHAPE) this.shapes[keys.length] = keys;
    return map;
  }

  /** A fun or a record: a head, then items. */
  private headed(end: number, depth: number): Term {
    const open = this.open(end);
    const { count, items } = open;
    for (let i = 0; i < count; i++) items[i] = this.term(end - count + i + 1, depth + 1);
    return this.close(open);
  }

  // ---- Containers, with a stack of our own ----------------------------------------------------

  /** The container at the position, however deep it nests. */
  private deep(end: number): Term {
    const stack: Open[] = [];
    let top = this.pushed(stack, end);
    for (;;) {
      const room = this.roomOfNext(top);
      let value: Term;
      if (room === -1) {
        value = this.close(top);
        stack.pop();
        const parent = stack[stack.length - 1];
        if (parent === undefined) return value;
        top = parent;
      } else if (isContainer(this.bytes[this.at])) {
        top = this.pushed(stack, room);
        continue;
      } else {
        // No container, hence no recursion.
        value = this.term(room, this.levels);
      }
      store(top, value);
    }
  }

  private pushed(stack: Open[], end: number): Open {
    if (this.levels + stack.length >= this.limits.depth) {
      throw this.over(this.at, "depth", this.levels + stack.length + 1);
    }
    const open = this.open(end);
    stack.push(open);
    return open;
  }

  /** Where the next item must have ended; -1 when there is none. */
  private roomOfNext(open: Open): number {
    const left = open.count - open.filled;
    if (open.tag !== 108) return left === 0 ? -1 : open.end - left + 1;
    if (left > 0) return open.end - left;
    if (open.tail !== "unread") return -1;
    const more = this.tailItems(open.items, open.end);
    if (more === 0) {
      open.tail = "nil";
      return -1;
    }
    if (more === -1) {
      open.tail = "next";
      return open.end;
    }
    open.count += more;
    return open.end - more;
  }

  /** Reads the head of the container at the position. */
  private open(end: number): Open {
    const at = this.at;
    this.need(at, 1, end);
    const bytes = this.bytes;
    const tag = bytes[at] as number;
    this.need(at, tag === 104 ? 2 : 5, end);
    const announced = tag === 104 ? (bytes[at + 1] as number) : this.view.getUint32(at + 1);
    if (tag === 105) this.largeArity(at);
    let count = announced;
    let head: FunHead | RecordHead | undefined;
    if (tag === 112) {
      [head, count] = this.funHead(at, end);
    } else if (tag === 67) {
      head = this.recordHead(at, announced, end);
    } else if (tag === 104 || tag === 105) {
      this.announce(at, tag === 104 ? at + 2 : at + 5, announced, 1, end);
    } else if (tag === 116) {
      this.announce(at, at + 5, announced, 2, end);
      count = 2 * announced;
    } else {
      this.announce(at, at + 5, announced, 1, end - 1);
    }
    const items = tag === 104 || tag === 105 ? new TupleArray(count) : [];
    return {
      tag,
      offset: at,
      end,
      count,
      filled: 0,
      items,
      values: tag === 116 ? [] : NOTHING,
      head,
      tail: "unread",
      tailValue: 0,
    };
  }

  /** The term of a container that is complete. */
  private close(open: Open): Term {
    const { tag, items } = open;
    if (tag === 104 || tag === 105) return items;
    if (tag === 116) return this.mapOf(open.offset, items, open.values);
    if (tag === 112) return new OpaqueFun({ ...(open.head as FunHead), freeVariables: items });
    if (tag === 67) {
      const { module, name, exported, names } = open.head as RecordHead;
      const fields = names.map((field, i) => [field, items[i] as Term] as const);
      return new NativeRecord(module, name, exported, fields);
    }
    if (open.tail === "nil") return items;
    return items.length === 0 ? open.tailValue : new ImproperList(items, open.tailValue);
  }

  /**
   *     112 | Size:32 | Arity:8 | Uniq:16 bytes | Index:32 | NumFree:32
   *         | Module | OldIndex | OldUniq | Pid | NumFree terms
   *
   * Size counts itself and all that follows; like OTP we do not use it.
   */
  private funHead(at: number, end: number): [FunHead, number] {
    this.need(at, 30, end);
    const view = this.view;
    const free = view.getUint32(at + 26);
    if (free > 255) {
      throw this.bad("ERR_ETF_VALUE", at, `a fun has at most 255 free variables, not ${free}`);
    }
    this.at = at + 30;
    const module = this.name(end);
    const oldIndex = this.integerTerm(end);
    const oldUniq = this.integerTerm(end);
    const pidAt = this.at;
    this.need(pidAt, 1, end);
    const tag = this.bytes[pidAt] as number;
    if (tag !== 88 && tag !== 103) {
      throw this.bad("ERR_ETF_VALUE", pidAt, `a pid was expected here, not ${tagName(tag)}`);
    }
    const pid = this.pid(pidAt, end);
    this.announce(at, this.at, free, 1, end);
    const uniq = this.bytes.slice(at + 6, at + 22);
    const arity = this.bytes[at + 5] as number;
    const index = view.getUint32(at + 22);
    return [{ module, arity, uniq, index, oldIndex, oldUniq, pid }, free];
  }

  private integerTerm(end: number): number | bigint {
    const at = this.at;
    this.need(at, 1, end);
    const tag = this.bytes[at] as number;
    if (tag !== 97 && tag !== 98 && tag !== 110) {
      throw this.bad("ERR_ETF_VALUE", at, `an integer was expected here, not ${tagName(tag)}`);
    }
    return this.term(end, 0) as number | bigint;
  }

  /** `67 Fields:32 Flags:8 Module Name`, field names, then field values. */
  private recordHead(at: number, count: number, end: number): RecordHead {
    this.need(at, 6, end);
    const flags = this.bytes[at + 5] as number;
    if (flags > 1) throw this.bad("ERR_ETF_VALUE", at, `unknown flags of a record: ${flags}`);
    // Two atoms of at least two bytes come first; a field is a name of two bytes and a value of one.
    if (at + 10 + 3 * count > end) throw this.cut(at, at + 6, 4 + 3 * count, end);
    this.announce(at, at + 6, count, 1, end);
    const module = this.name(end);
    const name = this.name(end);
    const names: (Atom | boolean)[] = [];
    for (let i = 0; i < count; i++) names.push(this.name(end - 2 * (count - i - 1) - count));
    if (new Set(names).size !== count) {
      throw this.bad("ERR_ETF_VALUE", at, "a record has the same field twice");
    }
    this.need(this.at, count, end);
    return { module, name, exported: flags === 1, names };
  }
}

function isContainer(tag: number | undefined): boolean {
  return tag === 104 || tag === 108 || tag === 116 || tag === 105 || tag === 112 || tag === 67;
}

function store(open: Open, value: Term): void {
  const at = open.filled;
  if (open.tail === "next") {
    open.tail = "read";
    open.tailValue = value;
    return;
  }
  open.filled = at + 1;
  if (open.tag !== 116) open.items[at] = value;
  else if ((at & 1) === 0) open.items.push(value);
  else open.values.push(value);
}
