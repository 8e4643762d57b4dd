import type { ByteSink } from "../bytes/byte-sink.ts";
import { Atom, falseAtom, trueAtom } from "../term/atom.ts";
import { Binary } from "../term/binary.ts";
import { BitString } from "../term/bitstring.ts";
import { Float } from "../term/float.ts";
import { ExternalFun, OpaqueFun } from "../term/fun.ts";
import { ImproperList } from "../term/list.ts";
import { HOLE, MapEntries } from "../term/map-entries.ts";
import { NativeRecord } from "../term/native-record.ts";
import { Pid } from "../term/pid.ts";
import { Port } from "../term/port.ts";
import { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { TupleArray } from "../term/tuple.ts";
import { type AtomRefs, type EncoderOptions, LeafWriter } from "./leaf-writer.ts";
import { type Entries, sortedEntries } from "./map-order.ts";
import { encodeError, Unencodable } from "./unencodable.ts";

/** Levels encoded by recursion; what is deeper by {@link TermEncoder} with a stack of its own. */
const FAST_LEVELS = 200;
const MAX_ARITY = 0xff_ffff;
const NO_TAIL = Symbol("no tail");

/** A container that the stack machine has not written to its end. */
interface Open {
  readonly container: object;
  readonly items: readonly Term[];
  /** The values of a map, whose keys are the items. */
  readonly values: readonly Term[] | undefined;
  readonly count: number;
  done: number;
  /** What a list ends with. */
  readonly tail: Term | typeof NO_TAIL;
  readonly size: FunSize | undefined;
}

/** Where a fun's size is to be written, and how many bytes had been referenced there. */
interface FunSize {
  readonly at: number;
  readonly referenced: number;
}

/**
 * Makes bytes of terms. It keeps nothing between calls but its memory of where it was; one may serve
 * everything a process sends.
 */
export class TermEncoder extends LeafWriter {
  private readonly deterministic: boolean;

  constructor(options: EncoderOptions = {}) {
    super(options);
    this.deterministic = options.deterministic ?? false;
  }

  /**
   * Appends a term, without the byte 131. Binaries of 4 KB and more go in by reference: they must not
   * change until they are sent.
   *
   * @param refs the atoms of the message's header; without them every atom is written in full.
   * @throws TypeError for a value that is no term; it names the path to it, and nothing is appended.
   */
  encode(term: Term, sink: ByteSink, refs?: AtomRefs): void {
    const { length, referencedBytes } = sink;
    const references = sink.references.length;
    this.begin(sink, refs);
    try {
      sink.length = this.put(term, length, 0);
    } catch (error) {
      sink.length = length;
      sink.references.length = references;
      sink.referencedBytes = referencedBytes;
      throw error instanceof Unencodable ? encodeError(term, error) : error;
    }
  }

  // ---- Every term: written at `pos`, which comes back moved behind it --------------------------

  private put(term: Term, pos: number, depth: number): number {
    if (pos > this.room) this.grow(pos, 0);
    switch (typeof term) {
      case "number":
        return this.number(term, pos);
      case "object":
        // Arrays and views are told by their instance type, the others by their prototypes.
        if (Array.isArray(term)) {
          return term instanceof TupleArray
            ? this.tuple(term, pos, depth)
            : this.list(term as readonly Term[], pos, depth);
        }
        if (ArrayBuffer.isView(term)) return this.bytes(term, pos);
        if (term instanceof Atom) return this.atom(term, pos);
        return this.object(term, pos, depth);
      case "string":
        return this.string(term, pos);
      case "boolean":
        return this.atom(term ? trueAtom : falseAtom, pos);
      case "bigint":
        return this.bigint(term, pos);
      default:
        throw new Unencodable(term);
    }
  }

  private object(term: object, pos: number, depth: number): number {
    if (term instanceof Binary) return this.slice(term.source, term.start, term.length, pos);
    if (term instanceof MapEntries) return this.map(term, pos, depth);
    if (term instanceof Float) return this.float(term.value, pos);
    if (term instanceof Pid) return this.pid(term, pos);
    if (term instanceof Reference) return this.reference(term, pos);
    if (term instanceof ImproperList) return this.improper(term, pos, depth);
    if (term instanceof Port) return this.port(term, pos);
    if (term instanceof BitString) return this.bitString(term, pos);
    if (term instanceof ExternalFun) return this.externalFun(term, pos);
    if (term instanceof OpaqueFun) return this.fun(term, pos, depth);
    if (term instanceof NativeRecord) return this.record(term, pos, depth);
    throw new Unencodable(term);
  }

  // ---- Containers, by recursion ---------------------------------------------------------------

  private tuple(tuple: readonly Term[], pos: number, depth: number): number {
    if (depth >= FAST_LEVELS) return this.deep(tuple, pos);
    let at = this.tupleHead(tuple, pos);
    const arity = tuple.length;
    for (let i = 0; i < arity; i++) {
      const element = tuple[i] as Term;
      if (at > this.room) this.grow(at, 0);
      // Most tuples are made of these: without the detour over `put`.
      if (element instanceof Atom) at = this.atom(element, at);
      else if (typeof element === "number") at = this.number(element, at);
      else at = this.put(element, at, depth + 1);
    }
    return at;
  }

  private tupleHead(tuple: readonly Term[], pos: number): number {
    const arity = tuple.length;
    if (arity > 255) return this.largeTupleHead(tuple, pos);
    const buffer = this.buffer;
    buffer[pos] = 104; // SMALL_TUPLE_EXT
    buffer[pos + 1] = arity;
    return pos + 2;
  }

  private largeTupleHead(tuple: readonly Term[], pos: number): number {
    if (tuple.length > MAX_ARITY) {
      throw new Unencodable(tuple, "a tuple has at most 16777215 elements");
    }
    this.buffer[pos] = 105; // LARGE_TUPLE_EXT
    this.view.setUint32(pos + 1, tuple.length);
    return pos + 5;
  }

  private list(list: readonly Term[], pos: number, depth: number): number {
    const count = list.length;
    const after = this.shortList(list, pos);
    if (after !== -1) return after;
    if (depth >= FAST_LEVELS) return this.deep(list, pos);
    let at = this.listHead(count, pos);
    for (let i = 0; i < count; i++) {
      const item = list[i] as Term;
      if (at > this.room) this.grow(at, 0);
      at = typeof item === "number" ? this.number(item, at) : this.put(item, at, depth + 1);
    }
    if (at > this.room) this.grow(at, 0);
    this.buffer[at] = 106; // NIL_EXT
    return at + 1;
  }

  private listHead(count: number, pos: number): number {
    this.buffer[pos] = 108; // LIST_EXT
    this.view.setUint32(pos + 1, count);
    return pos + 5;
  }

  /** NIL_EXT or STRING_EXT, where the list can be either; -1 where it cannot. */
  private shortList(list: readonly Term[], pos: number): number {
    if (list.length === 0) {
      this.buffer[pos] = 106; // NIL_EXT
      return pos + 1;
    }
    const first = typeof list[0];
    return first === "number" || first === "bigint" ? this.byteList(list, pos) : -1;
  }

  /** STRING_EXT, where all items are integers of 0 to 255; -1 where they are not. */
  private byteList(list: readonly Term[], pos: number): number {
    const count = list.length;
    if (count > 0xffff) return -1;
    this.ensure(pos, count + 3);
    const buffer = this.buffer;
    const at = pos + 3;
    for (let i = 0; i < count; i++) {
      let item = list[i];
      if (typeof item === "bigint" && item >= 0n && item <= 255n) item = Number(item);
      if (typeof item !== "number" || (item & 255) !== item) return -1;
      buffer[at + i] = item;
    }
    buffer[pos] = 107; // STRING_EXT
    this.view.setUint16(pos + 1, count);
    return at + count;
  }

  private improper(list: ImproperList, pos: number, depth: number): number {
    if (depth >= FAST_LEVELS) return this.deep(list, pos);
    const { items } = list;
    let at = this.listHead(items.length, pos);
    for (let i = 0; i < items.length; i++) at = this.put(items[i] as Term, at, depth + 1);
    return this.put(list.tail, at, depth + 1);
  }

  private map(map: MapEntries, pos: number, depth: number): number {
    if (depth >= FAST_LEVELS) return this.deep(map, pos);
    const { keyArray, valueArray } = this.entriesOf(map);
    let at = this.mapHead(map, pos);
    for (let i = 0; i < keyArray.length; i++) {
      const key = keyArray[i] as Term;
      if (key === HOLE) continue;
      at = this.put(key, at, depth + 1);
      at = this.put(valueArray[i] as Term, at, depth + 1);
    }
    return at;
  }

  private mapHead(map: MapEntries, pos: number): number {
    this.buffer[pos] = 116; // MAP_EXT
    this.view.setUint32(pos + 1, map.size);
    return pos + 5;
  }

  private entriesOf(map: MapEntries): Entries {
    return this.deterministic ? sortedEntries(map) : map;
  }

  /**
   *     112 | Size:32 | Arity:8 | Uniq:16 bytes | Index:32 | NumFree:32
   *         | Module | OldIndex | OldUniq | Pid | NumFree terms
   */
  private fun(fun: OpaqueFun, pos: number, depth: number): number {
    if (depth >= FAST_LEVELS) return this.deep(fun, pos);
    const size = { at: pos + 1, referenced: (this.sink as ByteSink).referencedBytes };
    let at = this.funHead(fun, pos);
    for (const free of fun.freeVariables) at = this.put(free, at, depth + 1);
    this.patchSize(size, at);
    return at;
  }

  private funHead(fun: OpaqueFun, pos: number): number {
    const { arity, uniq, index, freeVariables } = fun;
    if ((arity & 255) !== arity || index >>> 0 !== index || uniq.length !== 16) {
      throw new Unencodable(
        fun,
        "a fun has an arity up to 255, an index of 32 bits, 16 bytes uniq",
      );
    }
    if (freeVariables.length > 255) {
      throw new Unencodable(fun, "a fun has at most 255 free variables");
    }
    this.buffer[pos] = 112;
    this.buffer[pos + 5] = arity;
    this.buffer.set(uniq, pos + 6);
    this.view.setUint32(pos + 22, index);
    this.view.setUint32(pos + 26, freeVariables.length);
    let at = this.name(fun.module, pos + 30, fun);
    at = this.put(fun.oldIndex, at, 0);
    at = this.put(fun.oldUniq, at, 0);
    return this.put(fun.pid, at, 0);
  }

  private patchSize(size: FunSize, pos: number): void {
    const referenced = (this.sink as ByteSink).referencedBytes - size.referenced;
    this.view.setUint32(size.at, pos - size.at + referenced);
  }

  private record(record: NativeRecord, pos: number, depth: number): number {
    if (depth >= FAST_LEVELS) return this.deep(record, pos);
    let at = this.recordHead(record, pos);
    for (const [, value] of record.fields) at = this.put(value, at, depth + 1);
    return at;
  }

  /** `67 Fields:32 Flags:8 Module Name`, field names; the values follow. */
  private recordHead(record: NativeRecord, pos: number): number {
    const { fields } = record;
    if (new Set(fields.map(([name]) => name)).size !== fields.length) {
      throw new Unencodable(record, "a record has the same field twice");
    }
    this.buffer[pos] = 67;
    this.view.setUint32(pos + 1, fields.length);
    this.buffer[pos + 5] = record.exported ? 1 : 0;
    let at = this.name(record.name, this.name(record.module, pos + 6, record), record);
    for (const [name] of fields) at = this.name(name, at, record);
    return at;
  }

  // ---- Containers, with a stack of our own ----------------------------------------------------

  /** A container, however deep it nests. */
  private deep(container: object, pos: number): number {
    const stack: Open[] = [];
    let at = this.open(container, pos, stack);
    let checkAt = 1024;
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = nextOf(top);
      if (next === NO_TAIL) {
        if (top.size !== undefined) this.patchSize(top.size, at);
        stack.pop();
      } else if (typeof next === "object" && isContainer(next)) {
        at = this.open(next, at, stack);
        if (stack.length < checkAt) continue;
        refuseCycle(stack);
        checkAt *= 2;
      } else {
        // No container, hence no recursion.
        at = this.put(next, at, FAST_LEVELS);
      }
    }
    return at;
  }

  /** Writes the head of a container and puts it on the stack; a list of bytes is written whole. */
  private open(container: object, pos: number, stack: Open[]): number {
    if (pos > this.room) this.grow(pos, 0);
    if (container instanceof TupleArray) {
      stack.push(opened(container, container, NO_TAIL));
      return this.tupleHead(container, pos);
    }
    if (Array.isArray(container)) return this.openList(container as readonly Term[], pos, stack);
    if (container instanceof ImproperList) {
      stack.push(opened(container, container.items, container.tail));
      return this.listHead(container.items.length, pos);
    }
    if (container instanceof MapEntries) {
      const { keyArray, valueArray } = packed(this.entriesOf(container));
      stack.push(opened(container, keyArray, NO_TAIL, valueArray));
      return this.mapHead(container, pos);
    }
    if (container instanceof OpaqueFun) {
      const size = { at: pos + 1, referenced: (this.sink as ByteSink).referencedBytes };
      stack.push(opened(container, container.freeVariables, NO_TAIL, undefined, size));
      return this.funHead(container, pos);
    }
    const record = container as NativeRecord;
    const values = record.fields.map(([, value]) => value);
    stack.push(opened(record, values, NO_TAIL));
    return this.recordHead(record, pos);
  }

  private openList(list: readonly Term[], pos: number, stack: Open[]): number {
    const after = this.shortList(list, pos);
    if (after !== -1) return after;
    stack.push(opened(list, list, []));
    return this.listHead(list.length, pos);
  }
}

function opened(
  container: object,
  items: readonly Term[],
  tail: Term | typeof NO_TAIL,
  values?: readonly Term[],
  size?: FunSize,
): Open {
  const count = values === undefined ? items.length : 2 * items.length;
  return { container, items, values, count, done: 0, tail, size };
}

/** What contains itself nests without end; so it is enough to look whenever the depth has doubled. */
function refuseCycle(stack: readonly Open[]): void {
  const seen = new Set<object>();
  for (const { container } of stack) {
    if (seen.has(container)) {
      throw new Unencodable(container, "a term cannot contain itself", true);
    }
    seen.add(container);
  }
}

function isContainer(term: object): boolean {
  return (
    (Array.isArray(term) && (term.length > 0 || term instanceof TupleArray)) ||
    term instanceof MapEntries ||
    term instanceof ImproperList ||
    term instanceof OpaqueFun ||
    term instanceof NativeRecord
  );
}

function packed(entries: Entries): Entries {
  const { keyArray, valueArray } = entries;
  if (!keyArray.includes(HOLE)) return entries;
  return {
    keyArray: keyArray.filter((key) => key !== HOLE),
    valueArray: valueArray.filter((value) => value !== HOLE),
  };
}

/** The next term to write inside a container; NO_TAIL when it is complete. */
function nextOf(open: Open): Term | typeof NO_TAIL {
  const at = open.done;
  open.done = at + 1;
  if (at < open.count) {
    if (open.values === undefined) return open.items[at] as Term;
    return ((at & 1) === 0 ? open.items : open.values)[at >> 1] as Term;
  }
  return at === open.count ? open.tail : NO_TAIL;
}
