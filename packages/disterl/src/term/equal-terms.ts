import { equalLeaves, equalNumbers } from "./equal-leaves.ts";
import type { OpaqueFun } from "./fun.ts";
import { KeyIndex } from "./key-index.ts";
import type { ImproperList } from "./list.ts";
import { HOLE, type MapEntries } from "./map-entries.ts";
import type { NativeRecord } from "./native-record.ts";
import type { Term } from "./term.ts";
import { keyHasher, opaqueFunParts, recordParts } from "./term-hasher.ts";
import { isLeaf, Kind, kindOf } from "./term-kind.ts";

/** Up to so many keys are compared one by one; above, an index is made. */
const SCANNED_KEYS = 8;

/** Two sequences of the same length whose elements are still to be compared. */
interface Frame {
  readonly left: readonly Term[];
  readonly right: readonly Term[];
  next: number;
  readonly exact: boolean;
}

/**
 * Whether two terms are the same: Erlang's `=:=` as of OTP 27. `1` and `1.0` differ, `0.0` and `-0.0`
 * differ, `1n` and `1` do not; binaries compare by their bytes, whatever holds them. Any depth.
 *
 * @throws TypeError when it meets a value that is no term.
 */
export function equalTerms(a: Term, b: Term): boolean {
  keyHasher.pass += 1;
  return equal(a, b, true);
}

/**
 * Whether two terms compare equal: Erlang's `==`. As {@link equalTerms}, but `1 == 1.0` and
 * `0.0 == -0.0`, also inside tuples, lists and the values of maps (not in their keys).
 *
 * @throws TypeError when it meets a value that is no term.
 */
export function equalTermsLoosely(a: Term, b: Term): boolean {
  keyHasher.pass += 1;
  return equal(a, b, false);
}

/** As {@link equalTerms}, within the pass of whoever asks. @internal */
export function equal(a: Term, b: Term, exact: boolean): boolean {
  const frames: Frame[] = [];
  if (!step(a, b, exact, frames)) return false;
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const { left, right } = frame;
    const depth = frames.length;
    while (frames.length === depth && frame.next < left.length) {
      const at = frame.next++;
      if (!step(left[at] as Term, right[at] as Term, frame.exact, frames)) return false;
    }
    if (frames.length === depth) frames.pop();
  }
  return true;
}

/** False when the two differ at once; otherwise what is left to compare is in the new frames. */
function step(a: Term, b: Term, exact: boolean, frames: Frame[]): boolean {
  if (a === b) return true;
  const kind = kindOf(a);
  const other = kindOf(b);
  if (kind !== other) {
    if (exact || kind > Kind.float || other > Kind.float) return false;
    return equalNumbers(a as number, b as number);
  }
  switch (kind) {
    case Kind.tuple:
    case Kind.list:
      return enter(a as readonly Term[], b as readonly Term[], exact, frames);
    case Kind.improperList: {
      const [left, right] = [a as ImproperList, b as ImproperList];
      enter([left.tail], [right.tail], exact, frames);
      return enter(left.items, right.items, exact, frames);
    }
    case Kind.map:
      return enterMaps(a as unknown as MapEntries, b as unknown as MapEntries, exact, frames);
    case Kind.record:
      return enter(recordParts(a as NativeRecord), recordParts(b as NativeRecord), exact, frames);
    case Kind.opaqueFun:
      return enter(opaqueFunParts(a as OpaqueFun), opaqueFunParts(b as OpaqueFun), exact, frames);
    default:
      return equalLeaves(kind, a, b, exact);
  }
}

function enter(
  left: readonly Term[],
  right: readonly Term[],
  exact: boolean,
  frames: Frame[],
): boolean {
  if (left.length !== right.length) return false;
  frames.push({ left, right, next: 0, exact });
  return true;
}

/** Finds every key of `a` in `b`, and leaves their values (and keys that hold terms) to be compared. */
function enterMaps(a: MapEntries, b: MapEntries, exact: boolean, frames: Frame[]): boolean {
  if (a.size !== b.size) return false;
  const left: Term[] = [];
  const right: Term[] = [];
  for (let i = 0; i < a.keyArray.length; i++) {
    const key = a.keyArray[i] as Term;
    if (key === HOLE) continue;
    // Maps made alike have their keys in the same places.
    const at = key === b.keyArray[i] ? i : matchKey(b, key, frames);
    if (at === -1) return false;
    left.push(a.valueArray[i] as Term);
    right.push(b.valueArray[at] as Term);
  }
  return enter(left, right, exact, frames);
}

/**
 * The position of a key. When the key holds other terms and just one key of the map is possible, that
 * one must be equal to it for the maps to be equal: left to be compared, so that nothing recurses.
 */
function matchKey(map: MapEntries, key: Term, frames: Frame[]): number {
  const kind = kindOf(key);
  if (isLeaf(kind)) return findLeaf(map, key, kind);
  if (map.keyArray.length === 1) {
    frames.push({ left: [key], right: map.keyArray, next: 0, exact: true });
    return 0;
  }
  const index = indexOf(map);
  const hash = keyHasher.hash(key);
  const first = index.next(hash);
  if (first === -1) return -1;
  if (index.next(hash, first) !== -1) return probe(map, index, key, hash);
  const at = index.position(first);
  frames.push({ left: [key], right: [map.keyArray[at] as Term], next: 0, exact: true });
  return at;
}

/** The position of a key in a map, or -1. @internal */
export function findKey(map: MapEntries, key: Term): number {
  const kind = kindOf(key);
  if (isLeaf(kind)) return findLeaf(map, key, kind);
  const keys = map.keyArray;
  if (map.index !== undefined || keys.length > SCANNED_KEYS) {
    return probe(map, indexOf(map), key, keyHasher.hash(key));
  }
  for (let i = 0; i < keys.length; i++) {
    if (keys[i] !== HOLE && equal(keys[i] as Term, key, true)) return i;
  }
  return -1;
}

function findLeaf(map: MapEntries, key: Term, kind: Kind): number {
  const keys = map.keyArray;
  if (keys.length > SCANNED_KEYS) {
    const index = indexOf(map);
    const hash = keyHasher.hash(key);
    for (let slot = index.next(hash); slot !== -1; slot = index.next(hash, slot)) {
      const at = index.position(slot);
      if (sameLeaf(keys[at] as Term, key, kind)) return at;
    }
    return -1;
  }
  const identical = keys.indexOf(key);
  if (identical !== -1 || kind === Kind.atom) return identical;
  for (let i = 0; i < keys.length; i++) {
    if (keys[i] !== HOLE && sameLeaf(keys[i] as Term, key, kind)) return i;
  }
  return -1;
}

function sameLeaf(a: Term, b: Term, kind: Kind): boolean {
  return a === b || (kindOf(a) === kind && equalLeaves(kind, a, b, true));
}

/**
 * Whether no key occurs twice, of a few keys that hold no other terms; undefined for others, which
 * take an index.
 * @internal
 */
export function fewDistinct(keys: readonly Term[]): boolean | undefined {
  if (keys.length > SCANNED_KEYS) return undefined;
  const kinds = keys.map(kindOf);
  if (!kinds.every(isLeaf)) return undefined;
  for (let i = 1; i < keys.length; i++) {
    for (let j = 0; j < i; j++) {
      if (sameLeaf(keys[j] as Term, keys[i] as Term, kinds[i] as Kind)) return false;
    }
  }
  return true;
}

/** The position, among those with a hash, of a key. @internal */
export function probe(map: MapEntries, index: KeyIndex, key: Term, hash: number): number {
  for (let slot = index.next(hash); slot !== -1; slot = index.next(hash, slot)) {
    const at = index.position(slot);
    if (equal(map.keyArray[at] as Term, key, true)) return at;
  }
  return -1;
}

function indexOf(map: MapEntries): KeyIndex {
  if (map.index !== undefined) return map.index;
  const keys = map.keyArray;
  const index = new KeyIndex(keys.length);
  for (let i = 0; i < keys.length; i++) {
    if (keys[i] !== HOLE) index.add(keyHasher.hash(keys[i] as Term), i);
  }
  map.index = index;
  return index;
}
