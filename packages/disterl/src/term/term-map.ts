import { Atom, atomOrBoolean, nextMark } from "./atom.ts";
import { Binary, text } from "./binary.ts";
import { numericValue } from "./equal-leaves.ts";
import { fewDistinct, findKey, probe } from "./equal-terms.ts";
import { Float } from "./float.ts";
import { KeyIndex } from "./key-index.ts";
import { HOLE, MapEntries } from "./map-entries.ts";
import type { Term } from "./term.ts";
import { keyHasher } from "./term-hasher.ts";
import { Kind, kindOf } from "./term-kind.ts";

/** Where the entries of a map went when it was packed: iterators under way follow. */
const packedInto = new WeakMap<readonly Term[], readonly Term[]>();

/**
 * An Erlang map: the interface of JavaScript's `Map`, in which keys are the same when they are `=:=`
 * in Erlang, whatever they are made of.
 *
 *     const map = new TermMap<Term, Term>([[t(atom("user"), 1), "Ada"]]);
 *     map.get(t(atom("user"), 1));    // "Ada"
 *     map.get(t(atom("user"), float(1)));    // undefined: 1.0 is another key
 *
 * `1` and `1n` are one key, as are a string, a `Uint8Array` and a `Binary` with the same bytes. Entries
 * come in the order they were added or arrived in; Erlang maps have none. Do not change a term while it
 * is a key. A value that is no term is a `TypeError` wherever a key is asked for.
 */
export class TermMap<K extends Term = Term, V extends Term = Term>
  extends MapEntries<K, V>
  implements Map<K, V>
{
  constructor(entries?: Iterable<readonly [K, V]> | null) {
    super();
    if (entries !== undefined && entries !== null) {
      for (const [key, value] of entries) this.set(key, value);
    }
  }

  /**
   * A map of the keys and values a decoder read; it takes the arrays over. Undefined when a key occurs
   * twice. Atoms, and neighbours in ascending order, cost no hashing.
   * @internal
   */
  static fromDecoded(keys: Term[], values: Term[]): TermMap | undefined {
    const map = new TermMap();
    map.keyArray = keys;
    map.valueArray = values;
    if (keys.length < 2) return map;
    const rest = obviouslyDistinct(keys);
    return rest === "no" || (rest === "unknown" && !indexDistinct(map)) ? undefined : map;
  }

  /** As {@link fromDecoded}, of keys that are known to differ. @internal */
  static fromDistinct(keys: Term[], values: Term[]): TermMap {
    const map = new TermMap();
    map.keyArray = keys;
    map.valueArray = values;
    return map;
  }

  /**
   * A map of an object's own enumerable properties. Their names become binaries; with
   * `{ keys: "atom" }` atoms (`true` and `false` the booleans).
   */
  static fromObject<V extends Term>(
    object: Readonly<Record<string, V>>,
    options?: { readonly keys?: "binary" },
  ): TermMap<string, V>;
  static fromObject<V extends Term>(
    object: Readonly<Record<string, V>>,
    options: { readonly keys: "atom" },
  ): TermMap<Atom | boolean, V>;
  static fromObject(
    object: Readonly<Record<string, Term>>,
    options?: { readonly keys?: "binary" | "atom" },
  ): TermMap {
    const map = new TermMap();
    for (const [name, value] of Object.entries(object)) {
      map.set(options?.keys === "atom" ? atomOrBoolean(name) : name, value);
    }
    return map;
  }

  get(key: K): V | undefined {
    keyHasher.pass += 1;
    const at = findKey(this, key);
    return at === -1 ? undefined : this.valueArray[at];
  }

  has(key: K): boolean {
    keyHasher.pass += 1;
    return findKey(this, key) !== -1;
  }

  set(key: K, value: V): this {
    keyHasher.pass += 1;
    const at = findKey(this, key);
    this.hashPass = 0;
    if (at !== -1) {
      this.valueArray[at] = value;
      return this;
    }
    if (this.holes * 2 > this.keyArray.length) this.pack();
    this.index?.add(keyHasher.hash(key), this.keyArray.length);
    this.keyArray.push(key);
    this.valueArray.push(value);
    return this;
  }

  /** True when the key was there. */
  delete(key: K): boolean {
    keyHasher.pass += 1;
    const at = findKey(this, key);
    if (at === -1) return false;
    this.hashPass = 0;
    this.index?.remove(keyHasher.hash(key), at);
    this.keyArray[at] = HOLE as K;
    this.valueArray[at] = HOLE as V;
    this.holes += 1;
    return true;
  }

  clear(): void {
    this.keyArray.fill(HOLE as K);
    this.holes = this.keyArray.length;
    this.pack();
  }

  forEach(callback: (value: V, key: K, map: TermMap<K, V>) => void, thisArg?: unknown): void {
    for (const [key, value] of this) callback.call(thisArg, value, key, this);
  }

  entries(): MapIterator<[K, V]> {
    return this.#walk((at): [K, V] => [this.keyArray[at] as K, this.valueArray[at] as V]);
  }

  keys(): MapIterator<K> {
    return this.#walk((at) => this.keyArray[at] as K);
  }

  values(): MapIterator<V> {
    return this.#walk((at) => this.valueArray[at] as V);
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }

  get [Symbol.toStringTag](): string {
    return "TermMap";
  }

  /**
   * The map as an object without a prototype. Keys that are atoms or binaries give the names.
   * @throws TypeError when another key is met, a binary is not UTF-8, or two keys give one name.
   */
  toObject(): Record<string, V> {
    const object = Object.create(null) as Record<string, V>;
    for (const [key, value] of this) {
      const name = nameOf(key);
      if (name === undefined) throw new TypeError("a key is neither an atom nor a binary");
      if (name in object) {
        throw new TypeError(`two keys have the name ${JSON.stringify(name)}`);
      }
      object[name] = value;
    }
    return object;
  }

  /** For people: an object where {@link toObject} gives one, an array of pairs elsewhere. */
  toJSON(): Record<string, V> | [K, V][] {
    try {
      return this.toObject();
    } catch {
      return [...this];
    }
  }

  [Symbol.for("nodejs.util.inspect.custom")](
    _depth: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ): string {
    return `Term${inspect(new Map(this), options)}`;
  }

  /** Closes the holes that deletion left, so that the two arrays hold the entries and no more. @internal */
  pack(): this {
    if (this.holes === 0) return this;
    const old = this.keyArray;
    this.valueArray = this.valueArray.filter((_, at) => old[at] !== HOLE);
    this.keyArray = old.filter((key) => key !== HOLE);
    this.holes = 0;
    this.index = undefined;
    packedInto.set(old, this.keyArray);
    return this;
  }

  /** Visits the entries, including those added on the way, whatever is deleted on the way. */
  *#walk<T>(pick: (at: number) => T): Generator<T, undefined> {
    let keys: readonly Term[] = this.keyArray;
    for (let at = 0; ; at++) {
      while (keys !== this.keyArray) {
        at = keys.slice(0, at).filter((key) => key !== HOLE).length;
        keys = packedInto.get(keys) ?? this.keyArray;
      }
      if (at >= keys.length) return undefined;
      if (keys[at] !== HOLE) yield pick(at);
    }
  }
}

/** A map of an object's own enumerable properties, their names as atoms: `#{name => Value}`. */
export function mapOf<V extends Term>(
  object: Readonly<Record<string, V>>,
): TermMap<Atom | boolean, V> {
  return TermMap.fromObject(object, { keys: "atom" });
}

function nameOf(key: Term): string | undefined {
  switch (kindOf(key)) {
    case Kind.atom:
      return typeof key === "boolean" ? String(key) : (key as Atom).text;
    case Kind.binary:
      return typeof key === "string" ? key : text(key);
    default:
      return undefined;
  }
}

/**
 * What can be told of keys being distinct without hashing: atoms are marked, of numbers and of binaries
 * it is enough that they ascend, of all other kinds together that there is one.
 */
function obviouslyDistinct(keys: readonly Term[]): "yes" | "no" | "unknown" {
  const mark = nextMark();
  let greatest: number | bigint = Number.NEGATIVE_INFINITY;
  let last: Term | undefined;
  let booleans = 0;
  let others = 0;
  let ascend = true;
  for (const key of keys) {
    if (key instanceof Atom) {
      if (key.mark === mark) return "no";
      key.mark = mark;
    } else if (typeof key === "number" || typeof key === "bigint" || key instanceof Float) {
      const value = numericValue(key);
      ascend &&= value > greatest;
      greatest = value;
    } else if (typeof key === "boolean") {
      const bit = key ? 2 : 1;
      if ((booleans & bit) !== 0) return "no";
      booleans |= bit;
    } else if (typeof key === "string" || key instanceof Uint8Array || key instanceof Binary) {
      ascend &&= last === undefined || ascendingBinaries(last, key);
      last = key;
    } else {
      others += 1;
    }
  }
  return ascend && others < 2 ? "yes" : "unknown";
}

/** Whether two binaries of one form are in a fixed strict order. */
function ascendingBinaries(a: Term, b: string | Uint8Array | Binary): boolean {
  if (typeof a === "string" || typeof b === "string") return typeof a === typeof b && a < b;
  const [x, xStart] = a instanceof Binary ? [a.source, a.start] : [a as Uint8Array, 0];
  const [y, yStart] = b instanceof Binary ? [b.source, b.start] : [b, 0];
  const [xLength, yLength] = [(a as Uint8Array).length, b.length];
  for (let i = 0; i < xLength && i < yLength; i++) {
    if (x[xStart + i] !== y[yStart + i]) {
      return (x[xStart + i] as number) < (y[yStart + i] as number);
    }
  }
  return xLength < yLength;
}

/** False when a key occurs twice. Makes the index, where it takes one to know. */
function indexDistinct(map: TermMap): boolean {
  const keys = map.keyArray;
  const few = fewDistinct(keys);
  if (few !== undefined) return few;
  const index = new KeyIndex(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as Term;
    const hash = keyHasher.hash(key);
    if (probe(map, index, key, hash) !== -1) return false;
    index.add(hash, i);
  }
  map.index = index;
  return true;
}
