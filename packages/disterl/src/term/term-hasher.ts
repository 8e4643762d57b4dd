import type { Atom } from "./atom.ts";
import { Binary } from "./binary.ts";
import type { BitString } from "./bitstring.ts";
import { Float } from "./float.ts";
import type { ExternalFun, OpaqueFun } from "./fun.ts";
import type { ImproperList } from "./list.ts";
import type { MapEntries } from "./map-entries.ts";
import type { NativeRecord } from "./native-record.ts";
import type { Pid } from "./pid.ts";
import type { Port } from "./port.ts";
import type { Reference } from "./reference.ts";
import type { Term } from "./term.ts";
import { isLeaf, Kind, kindOf } from "./term-kind.ts";

const utf8 = new TextEncoder();
const float64 = new Float64Array(1);
const float64Words = new Uint32Array(float64.buffer);

/** A container half hashed. A map's contents are summed, so that their order does not count. */
interface Frame {
  readonly items: readonly Term[];
  next: number;
  /** Set for maps: `items` are key, value, key, value, … */
  readonly map: MapEntries | undefined;
  sum: number;
  /** The hash before the map. */
  readonly before: number;
}

/**
 * A structural hash of terms: terms that are `=:=` have the same. Four constants key it, so that one
 * with secret constants cannot be provoked to collide. Walks with a stack of its own.
 * @internal
 */
export class TermHasher {
  readonly #seed: number;
  readonly #add: number;
  readonly #spread: number;
  readonly #mix: number;
  /** Only the maps' hasher keeps what it has computed (see `MapEntries.hash`, `Atom.hash`). */
  readonly #memoize: boolean;
  /** Hashes kept in maps in an earlier pass do not count: what is in the map may have been changed. */
  pass = 1;

  constructor(keys: Uint32Array, memoize: boolean) {
    this.#seed = keys[0] as number;
    this.#add = keys[1] as number;
    this.#spread = (keys[2] as number) | 1;
    this.#mix = (keys[3] as number) | 1;
    this.#memoize = memoize;
  }

  /** The hash of a term, a signed integer of 32 bits. */
  hash(term: Term): number {
    const kind = kindOf(term);
    // What is a key most often does not need the stack.
    if (isLeaf(kind) && kind !== Kind.externalFun)
      return finish(this.#leaf(this.#seed, kind, term));
    const frames: Frame[] = [];
    let h = this.#visit(this.#seed, term, frames);
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      if (frame.map === undefined) {
        h = this.#elements(h, frame, frames);
      } else {
        h = this.#pairs(h, frame, frames);
      }
    }
    return finish(h);
  }

  /** Goes on with a tuple or list, until one of its elements is a container itself. */
  #elements(before: number, frame: Frame, frames: Frame[]): number {
    const depth = frames.length;
    let h = before;
    while (frame.next < frame.items.length) {
      h = this.#visit(h, frame.items[frame.next++] as Term, frames);
      if (frames.length !== depth) return h;
    }
    frames.pop();
    return h;
  }

  /** Goes on with a map: `h` is the hash of the key (and value) visited so far of the pair at hand. */
  #pairs(soFar: number, frame: Frame, frames: Frame[]): number {
    const depth = frames.length;
    let h = soFar;
    while (frame.next < frame.items.length) {
      if (frame.next % 2 === 0) {
        if (frame.next > 0) frame.sum = (frame.sum + finish(h)) | 0;
        h = this.#seed;
      }
      h = this.#visit(h, frame.items[frame.next++] as Term, frames);
      if (frames.length !== depth) return h;
    }
    frames.pop();
    const sum = (frame.sum + finish(h)) | 0;
    const map = frame.map as MapEntries;
    if (this.#memoize) {
      map.hash = sum;
      map.hashPass = this.pass;
    }
    return this.#word(frame.before, sum);
  }

  /** Adds a term, or for a container its head, leaving the rest to a new frame. */
  #visit(h: number, term: Term, frames: Frame[]): number {
    const kind = kindOf(term);
    switch (kind) {
      case Kind.tuple:
      case Kind.list:
        return this.#enter(h, kind, term as readonly Term[], frames);
      case Kind.improperList: {
        const list = term as ImproperList;
        return this.#enter(h, kind, [...list.items, list.tail], frames);
      }
      case Kind.map:
        return this.#enterMap(h, term as unknown as MapEntries, frames);
      case Kind.record:
        return this.#enter(h, kind, recordParts(term as NativeRecord), frames);
      case Kind.opaqueFun:
        return this.#enter(h, kind, opaqueFunParts(term as OpaqueFun), frames);
      case Kind.externalFun: {
        const fun = term as ExternalFun;
        return this.#enter(h, kind, [fun.module, fun.name, fun.arity], frames);
      }
      default:
        return this.#leaf(h, kind, term);
    }
  }

  #enter(h: number, kind: Kind, items: readonly Term[], frames: Frame[]): number {
    frames.push({ items, next: 0, map: undefined, sum: 0, before: 0 });
    return this.#word(h, (items.length << 4) | kind);
  }

  #enterMap(h: number, map: MapEntries, frames: Frame[]): number {
    const before = this.#word(h, (map.size << 4) | Kind.map);
    if (this.#memoize && map.hashPass === this.pass) return this.#word(before, map.hash);
    if (map.size === 0) return before;
    frames.push({ items: map.flat(), next: 0, map, sum: 0, before });
    return before;
  }

  #leaf(before: number, kind: Kind, term: Term): number {
    let h = this.#word(before, kind);
    switch (kind) {
      case Kind.integer:
        return this.#integer(h, term as number | bigint);
      case Kind.float:
        float64[0] = term instanceof Float ? term.value : (term as number);
        h = this.#word(h, float64Words[0] as number);
        return this.#word(h, float64Words[1] as number);
      case Kind.atom:
        return this.#atom(h, term as Atom | boolean);
      case Kind.binary:
        return this.#binary(h, term as string | Uint8Array | Binary);
      case Kind.bitString: {
        const bits = term as BitString;
        return this.#bytes(this.#word(h, bits.lastBits), bits.bytes, 0, bits.bytes.length);
      }
      case Kind.nil:
        return h;
      default:
        return this.#identifier(h, term as Pid | Port | Reference);
    }
  }

  #identifier(before: number, term: Pid | Port | Reference): number {
    let h = this.#word(this.#atom(before, term.node), term.creation);
    if ("words" in term) {
      for (const word of term.words) h = this.#word(h, word);
      return h;
    }
    return "serial" in term
      ? this.#word(this.#word(h, term.id), term.serial)
      : this.#integer(h, term.id);
  }

  #atom(h: number, atom: Atom | boolean): number {
    if (typeof atom === "boolean") return this.#word(h, atom ? 1 : 2);
    if (!this.#memoize) return this.#word(h, this.#text(this.#seed, atom.text));
    if (atom.hash === 0) atom.hash = this.#text(this.#seed, atom.text) || 1;
    return this.#word(h, atom.hash);
  }

  #integer(h: number, value: number | bigint): number {
    if (typeof value === "number") {
      if (!Number.isSafeInteger(value)) return this.#text(h, BigInt(value).toString(16));
      return this.#word(this.#word(h, value | 0), Math.floor(value / 0x1_0000_0000) | 0);
    }
    const small = Number(value);
    // Radix 16 takes linear time, radix 10 does not.
    return Number.isSafeInteger(small)
      ? this.#integer(h, small)
      : this.#text(h, value.toString(16));
  }

  #binary(h: number, binary: string | Uint8Array | Binary): number {
    if (typeof binary === "string") return this.#text(h, binary);
    return binary instanceof Binary
      ? this.#bytes(h, binary.source, binary.start, binary.start + binary.length)
      : this.#bytes(h, binary, 0, binary.length);
  }

  /** As {@link #bytes} of the UTF-8. */
  #text(before: number, text: string): number {
    let h = before;
    let word = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        const bytes = utf8.encode(text);
        return this.#bytes(before, bytes, 0, bytes.length);
      }
      word = (word << 8) | code;
      if ((i & 3) === 3) {
        h = this.#word(h, word);
        word = 0;
      }
    }
    return this.#word(this.#word(h, word), text.length);
  }

  #bytes(before: number, bytes: Uint8Array, start: number, end: number): number {
    let h = before;
    let word = 0;
    for (let i = start; i < end; i++) {
      word = (word << 8) | (bytes[i] as number);
      if (((i - start) & 3) === 3) {
        h = this.#word(h, word);
        word = 0;
      }
    }
    return this.#word(this.#word(h, word), end - start);
  }

  #word(h: number, word: number): number {
    const x = h ^ Math.imul(word + this.#add, this.#spread);
    return (Math.imul((x << 13) | (x >>> 19), this.#mix) + this.#add) | 0;
  }
}

/** Spreads every bit over all others. */
function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x7feb352d);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 16);
}

/** The parts of a native record that count for equality, in Erlang's order of comparison. @internal */
export function recordParts(record: NativeRecord): Term[] {
  const parts: Term[] = [record.module, record.name, record.exported, record.fields.length];
  for (const [name] of record.fields) parts.push(name);
  for (const [, value] of record.fields) parts.push(value);
  return parts;
}

/** The parts of a fun made elsewhere that count for equality, in Erlang's order of comparison. @internal */
export function opaqueFunParts(fun: OpaqueFun): Term[] {
  const { module, index, uniq, oldIndex, oldUniq, arity, freeVariables } = fun;
  return [module, oldIndex, oldUniq, index, uniq, arity, freeVariables.length, ...freeVariables];
}

const random = crypto.getRandomValues(new Uint32Array(4));

/** What the indexes of maps use: peers choose the keys, so nobody may know the constants. @internal */
export const keyHasher = new TermHasher(random, true);
