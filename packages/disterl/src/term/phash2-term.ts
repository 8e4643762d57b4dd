import type { Atom } from "./atom.ts";
import type { Binary } from "./binary.ts";
import type { BitString } from "./bitstring.ts";
import { binaryBytes, numericValue } from "./equal-leaves.ts";
import type { Float } from "./float.ts";
import type { ExternalFun, OpaqueFun } from "./fun.ts";
import { goldenRatio, JenkinsHash, multipleOfGoldenRatio } from "./jenkins-hash.ts";
import type { ImproperList } from "./list.ts";
import type { MapEntries } from "./map-entries.ts";
import type { Pid } from "./pid.ts";
import type { Port } from "./port.ts";
import type { Reference } from "./reference.ts";
import type { Term } from "./term.ts";
import { Kind, kindOf } from "./term-kind.ts";

/** What `[]` alone hashes to, and what stands for it inside other terms. */
const NIL_ALONE = 3468870702;
const NIL = 2;

/** Which multiple of the golden ratio each kind of content is mixed with. */
const salt = multipleOfGoldenRatio;

interface Frame {
  readonly kind: "list" | "elements" | "pairs";
  readonly items: readonly Term[];
  next: number;
  /** Of a list. */
  readonly tail: Term;
  /** Of a map: the hash before it, and what its pairs make so far. */
  readonly before: number;
  pairs: number;
}

/**
 * The hash `erlang:phash2/1,2` gives for a term: the same in every release of Erlang/OTP, so that a
 * program here and one there agree on a shard.
 *
 * @param range 1 to 2^32; the result is from 0 to `range - 1`. Default 2^27.
 * @throws RangeError when the range is not one.
 * @throws TypeError when the term holds a native record, whose hash differs from one emulator to the
 *   next, or a value that is no term.
 */
export function phash2Term(term: Term, range = 2 ** 27): number {
  if (!Number.isInteger(range) || range < 1 || range > 2 ** 32) {
    throw new RangeError(`the range of phash2 is 1 to 2^32, not ${range}`);
  }
  return hashWhole(term) % range;
}

function hashWhole(term: Term): number {
  const jenkins = new JenkinsHash();
  const frames: Frame[] = [];
  visit(jenkins, term, frames);
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    if (frame.kind === "list") proceedInList(jenkins, frame, frames);
    else proceed(jenkins, frame, frames);
  }
  return jenkins.hash >>> 0;
}

/** Goes on with a list: bytes next to each other count four by four. */
function proceedInList(jenkins: JenkinsHash, frame: Frame, frames: Frame[]): void {
  const { items } = frame;
  let word = 0;
  let bytes = 0;
  while (frame.next < items.length && isByte(items[frame.next] as Term)) {
    word = (word << 8) | (Number(items[frame.next++]) & 0xff);
    bytes = (bytes + 1) % 4;
    if (bytes === 0) {
      jenkins.word(word, salt(4));
      word = 0;
    }
  }
  if (bytes > 0) jenkins.word(word, salt(4));
  if (frame.next < items.length) {
    visit(jenkins, items[frame.next++] as Term, frames);
  } else {
    frames.pop();
    visit(jenkins, frame.tail, frames);
  }
}

function isByte(term: Term): boolean {
  return (
    (typeof term === "number" && Number.isInteger(term) && term >= 0 && term <= 255) ||
    (typeof term === "bigint" && term >= 0n && term <= 255n)
  );
}

/** Goes on with a tuple, a fun's variables or a map, until an element is a container itself. */
function proceed(jenkins: JenkinsHash, frame: Frame, frames: Frame[]): void {
  const depth = frames.length;
  while (frame.next < frame.items.length) {
    if (frame.kind === "pairs" && frame.next % 2 === 0) closePair(jenkins, frame);
    visit(jenkins, frame.items[frame.next++] as Term, frames);
    if (frames.length !== depth) return;
  }
  frames.pop();
  if (frame.kind === "pairs") {
    closePair(jenkins, frame);
    jenkins.hash = frame.before;
    jenkins.word(frame.pairs, salt(19));
  }
}

/** Pairs hash alone and are put together by exclusive or: their order does not count. */
function closePair(jenkins: JenkinsHash, frame: Frame): void {
  if (frame.next > 0) frame.pairs ^= jenkins.hash;
  jenkins.hash = 0;
}

function visit(jenkins: JenkinsHash, term: Term, frames: Frame[]): void {
  const kind = kindOf(term);
  switch (kind) {
    case Kind.tuple: {
      const tuple = term as readonly Term[];
      jenkins.word(tuple.length, salt(9));
      return push(frames, "elements", tuple, []);
    }
    case Kind.list:
      return push(frames, "list", term as readonly Term[], []);
    case Kind.improperList: {
      const list = term as ImproperList;
      return push(frames, "list", list.items, list.tail);
    }
    case Kind.map:
      return enterMap(jenkins, term as unknown as MapEntries, frames);
    case Kind.opaqueFun: {
      const fun = term as OpaqueFun;
      jenkins.words(fun.freeVariables.length, hashOfAtom(fun.module), goldenRatio);
      jenkins.words(fun.index, Number(fun.oldUniq), goldenRatio);
      return push(frames, "elements", fun.freeVariables, []);
    }
    case Kind.record:
      throw new TypeError("the phash2 of a native record differs from one emulator to the next");
    default:
      return leaf(jenkins, kind, term);
  }
}

function push(
  frames: Frame[],
  kind: "list" | "elements",
  items: readonly Term[],
  tail: Term,
): void {
  frames.push({ kind, items, next: 0, tail, before: 0, pairs: 0 });
}

function enterMap(jenkins: JenkinsHash, map: MapEntries, frames: Frame[]): void {
  jenkins.word(map.size, salt(16));
  if (map.size === 0) return;
  const items = map.flat();
  frames.push({ kind: "pairs", items, next: 0, tail: [], before: jenkins.hash, pairs: 0 });
}

function leaf(jenkins: JenkinsHash, kind: Kind, term: Term): void {
  switch (kind) {
    case Kind.integer:
      return integer(jenkins, term as number | bigint);
    case Kind.float:
      return float(jenkins, Number(numericValue(term as Float | number)));
    case Kind.atom: {
      const hash = hashOfAtom(term as Atom | boolean);
      if (jenkins.hash === 0) jenkins.hash = hash;
      else jenkins.word(hash, salt(3));
      return;
    }
    case Kind.nil:
      if (jenkins.hash === 0) jenkins.hash = NIL_ALONE | 0;
      else jenkins.word(NIL, salt(2));
      return;
    case Kind.binary:
      jenkins.bytes(binaryBytes(term as string | Uint8Array | Binary), false);
      return;
    case Kind.bitString: {
      const { bytes, lastBits } = term as BitString;
      jenkins.bytes(bytes.subarray(0, -1), true);
      jenkins.words(lastBits, (bytes.at(-1) as number) >>> (8 - lastBits), salt(15));
      return;
    }
    case Kind.externalFun: {
      const fun = term as ExternalFun;
      jenkins.words(fun.arity, hashOfAtom(fun.module), goldenRatio);
      jenkins.word(hashOfAtom(fun.name), salt(14));
      return;
    }
    case Kind.pid:
      return jenkins.word((term as Pid).id, salt(5));
    case Kind.reference:
      return jenkins.word((term as Reference).words[0] as number, salt(7));
    default: {
      const id = BigInt((term as Port).id);
      return jenkins.words(Number(id & 0xffffffffn), Number(id >> 32n), salt(6));
    }
  }
}

function integer(jenkins: JenkinsHash, value: number | bigint): void {
  if (value >= -(2 ** 27) && value < 2 ** 27) {
    const small = Number(value);
    if (small < 0) jenkins.word(-small, goldenRatio);
    jenkins.word(small, goldenRatio);
    return;
  }
  const negative = value < 0;
  const hex = BigInt(value)
    .toString(16)
    .slice(negative ? 1 : 0);
  // Digits of 64 bits, least significant first.
  for (let end = hex.length; end > 0; end -= 16) {
    const low = Number.parseInt(hex.slice(Math.max(end - 8, 0), end), 16);
    const high = end > 8 ? Number.parseInt(hex.slice(Math.max(end - 16, 0), end - 8), 16) : 0;
    jenkins.words(low, high, salt(negative ? 10 : 11));
  }
}

const view = new DataView(new ArrayBuffer(8));

function float(jenkins: JenkinsHash, value: number): void {
  // 0.0 and -0.0 hash alike.
  view.setFloat64(0, value === 0 ? 0 : value);
  jenkins.words(view.getUint32(0), view.getUint32(4), salt(12));
}

/** The hash of an atom's name: PJW over its UTF-8, where characters up to U+00FF count as one byte. */
function hashOfAtom(atom: Atom | boolean): number {
  const text = typeof atom === "boolean" ? String(atom) : atom.text;
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0xff) {
      hash = pjw(hash, code);
    } else {
      const character = String.fromCodePoint(text.codePointAt(i) as number);
      for (const byte of binaryBytes(character)) hash = pjw(hash, byte);
      i += character.length - 1;
    }
  }
  return hash;
}

function pjw(hash: number, byte: number): number {
  const next = ((hash << 4) + byte) | 0;
  const high = next & 0xf0000000;
  return high === 0 ? next : next ^ (high >>> 24) ^ high;
}
