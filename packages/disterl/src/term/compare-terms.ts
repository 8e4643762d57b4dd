import type { BitString } from "./bitstring.ts";
import {
  compareBits,
  compareKeyNumbers,
  compareLeaves,
  compareNumberTerms,
} from "./compare-leaves.ts";
import { OpaqueFun } from "./fun.ts";
import { ImproperList, type List } from "./list.ts";
import { HOLE, MapEntries } from "./map-entries.ts";
import { NativeRecord } from "./native-record.ts";
import type { Term } from "./term.ts";
import { opaqueFunParts, recordParts } from "./term-hasher.ts";
import { Kind, kindOf } from "./term-kind.ts";

/** Two sequences to be compared element by element, and what follows their common length. */
interface Frame {
  readonly left: readonly Term[];
  readonly right: readonly Term[];
  /** What a list ends with: `[]`, or the tail of an improper one. */
  readonly leftTail: Term;
  readonly rightTail: Term;
  next: number;
  /** Among the keys of maps, where integers come before floats. */
  readonly inKey: boolean;
}

/** A map in the order of its keys. */
interface SortedMap {
  readonly keys: readonly Term[];
  readonly values: readonly Term[];
}

/** What one comparison keeps: maps are sorted once, inner ones first. */
type SortedMaps = Map<MapEntries, SortedMap>;

/**
 * Erlang's order of terms, as `sort` wants it: negative when `a` comes first, positive when `b` does,
 * 0 when they are `==`.
 *
 *     number < atom < reference < fun < port < pid < tuple < record < map < [] < list < bit string
 *
 * Integers and floats compare by value, exactly; tuples and maps by size first; maps then by their keys
 * in order (integers before floats there), then by the values in that order. Of any depth.
 * Source: protocol TO-1 to TO-8.
 *
 * @throws TypeError when it meets a value that is no term.
 */
export function compareTerms(a: Term, b: Term): number {
  return compare(a, b, false, new Map());
}

/** The order of keys in a map: as {@link compareTerms}, but integers before floats. @internal */
export function compareKeys(a: Term, b: Term): number {
  return compare(a, b, true, new Map());
}

function compare(a: Term, b: Term, inKey: boolean, sorted: SortedMaps): number {
  const frames: Frame[] = [];
  const first = step(a, b, inKey, frames, sorted);
  if (first !== 0) return Math.sign(first);
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const verdict = proceed(frame, frames, sorted);
    if (verdict !== 0) return Math.sign(verdict);
  }
  return 0;
}

/** Goes on with two sequences until they differ, end, or an element has to be entered. */
function proceed(frame: Frame, frames: Frame[], sorted: SortedMaps): number {
  const { left, right, inKey } = frame;
  const common = Math.min(left.length, right.length);
  const depth = frames.length;
  while (frame.next < common) {
    const at = frame.next++;
    const verdict = step(left[at] as Term, right[at] as Term, inKey, frames, sorted);
    if (verdict !== 0 || frames.length !== depth) return verdict;
  }
  frames.pop();
  if (left.length === right.length) {
    return step(frame.leftTail, frame.rightTail, inKey, frames, sorted);
  }
  // One list goes on where the other has its tail, which is never a list.
  const [kind, sign] =
    left.length < right.length ? [kindOf(frame.leftTail), 1] : [kindOf(frame.rightTail), -1];
  return (rank(kind) - rank(Kind.list)) * sign;
}

/** Where a kind stands in the order; kinds that are compared by content have one rank. */
function rank(kind: Kind): number {
  switch (kind) {
    case Kind.float:
      return Kind.integer;
    case Kind.improperList:
      return Kind.list;
    case Kind.bitString:
      return Kind.binary;
    default:
      return kind;
  }
}

/** What can be told of two terms at once; when 0, the rest is in the new frames. */
function step(a: Term, b: Term, inKey: boolean, frames: Frame[], sorted: SortedMaps): number {
  if (a === b) return 0;
  const kind = kindOf(a);
  const other = kindOf(b);
  const byRank = rank(kind) - rank(other);
  if (byRank !== 0) return byRank;
  switch (kind) {
    case Kind.integer:
    case Kind.float:
      return inKey
        ? compareKeyNumbers(a as number, kind, b as number, other)
        : compareNumberTerms(a as number, b as number);
    case Kind.tuple:
      return enterTuples(a as readonly Term[], b as readonly Term[], inKey, frames);
    case Kind.record:
      return enter(recordParts(a as NativeRecord), recordParts(b as NativeRecord), inKey, frames);
    case Kind.opaqueFun:
      return enter(opaqueFunParts(a as OpaqueFun), opaqueFunParts(b as OpaqueFun), inKey, frames);
    case Kind.list:
    case Kind.improperList:
      return enterLists(a as List | ImproperList, b as List | ImproperList, inKey, frames);
    case Kind.map:
      return enterMaps(
        a as unknown as MapEntries,
        b as unknown as MapEntries,
        inKey,
        frames,
        sorted,
      );
    case Kind.binary:
    case Kind.bitString:
      return compareBits(a as BitString, b as BitString);
    default:
      return compareLeaves(kind, a, b);
  }
}

function enter(
  left: readonly Term[],
  right: readonly Term[],
  inKey: boolean,
  frames: Frame[],
): number {
  frames.push({ left, right, leftTail: [], rightTail: [], next: 0, inKey });
  return 0;
}

function enterTuples(
  left: readonly Term[],
  right: readonly Term[],
  inKey: boolean,
  frames: Frame[],
): number {
  return left.length - right.length || enter(left, right, inKey, frames);
}

function enterLists(
  a: List | ImproperList,
  b: List | ImproperList,
  inKey: boolean,
  frames: Frame[],
): number {
  const [left, leftTail] = a instanceof ImproperList ? [a.items, a.tail] : [a, []];
  const [right, rightTail] = b instanceof ImproperList ? [b.items, b.tail] : [b, []];
  frames.push({ left, right, leftTail, rightTail, next: 0, inKey });
  return 0;
}

/** All keys come before all values. */
function enterMaps(
  a: MapEntries,
  b: MapEntries,
  inKey: boolean,
  frames: Frame[],
  sorted: SortedMaps,
): number {
  if (a.size !== b.size) return a.size - b.size;
  const left = sortedMap(a, sorted);
  const right = sortedMap(b, sorted);
  enter(left.values, right.values, inKey, frames);
  return enter(left.keys, right.keys, true, frames);
}

function sortedMap(map: MapEntries, sorted: SortedMaps): SortedMap {
  if (map.keyArray.length < 2) return sortOne(map, sorted);
  const known = sorted.get(map);
  if (known !== undefined) return known;
  const keys = map.keyArray.filter((key) => key !== HOLE);
  // To compare keys, the maps within them must be sorted: innermost first, so that nothing recurses.
  if (keys.length > 1) for (const inner of mapsWithin(keys)) sortOne(inner, sorted);
  return sortOne(map, sorted);
}

function sortOne(map: MapEntries, sorted: SortedMaps): SortedMap {
  if (map.keyArray.length < 2) return { keys: map.keyArray, values: map.valueArray };
  const known = sorted.get(map);
  if (known !== undefined) return known;
  const positions = [...map.keyArray.keys()].filter((at) => map.keyArray[at] !== HOLE);
  const key = (at: number) => map.keyArray[at] as Term;
  if (positions.length > 1) positions.sort((x, y) => compare(key(x), key(y), true, sorted));
  const made = {
    keys: positions.map(key),
    values: positions.map((at) => map.valueArray[at] as Term),
  };
  sorted.set(map, made);
  return made;
}

/** The maps anywhere within terms, each after those within itself. */
function mapsWithin(terms: readonly Term[]): MapEntries[] {
  const found = new Set<MapEntries>();
  const pending = terms.filter(isContainer);
  for (let term = pending.pop(); term !== undefined; term = pending.pop()) {
    for (const part of partsOf(term, found)) if (isContainer(part)) pending.push(part);
  }
  return [...found].reverse();
}

function isContainer(term: Term): boolean {
  return typeof term === "object" && kindOf(term) >= Kind.opaqueFun;
}

/** What a term is made of. A map is entered once, and noted. */
function partsOf(term: Term, found: Set<MapEntries>): readonly Term[] {
  if (Array.isArray(term)) return term;
  if (term instanceof ImproperList) return [...term.items, term.tail];
  if (term instanceof NativeRecord) return recordParts(term);
  if (term instanceof OpaqueFun) return term.freeVariables;
  if (!(term instanceof MapEntries) || found.has(term)) return [];
  found.add(term);
  return term.flat();
}
