import type { ByteSink } from "../bytes/byte-sink.ts";
import { Atom, falseAtom, trueAtom } from "../term/atom.ts";
import type { BitString } from "../term/bitstring.ts";
import type { ExternalFun } from "../term/fun.ts";
import type { Pid } from "../term/pid.ts";
import type { Port } from "../term/port.ts";
import type { Reference } from "../term/reference.ts";
import { utf8Of, wireOf } from "./atom-words.ts";
import { magnitudeRoom, writeMagnitude } from "./big-integer.ts";
import { Unencodable } from "./unencodable.ts";

/** The atoms that a message's header carries. */
export interface AtomRefs {
  /** The index that ATOM_CACHE_REF gives for an atom, or -1 where it is to be written in full. */
  refOf(atom: Atom): number;
}

/** How an encoder writes what can be written in more than one way. */
export interface EncoderOptions {
  /**
   * 2: atoms in UTF-8, as `term_to_binary` of OTP 26 and later. 1: in Latin-1 (ATOM_EXT) where they
   * can be, as up to OTP 25. Default 2.
   */
  readonly minorVersion?: 1 | 2;
  /** Map pairs in the order of their keys, as `deterministic`. Default: in the map's own order. */
  readonly deterministic?: boolean;
  /**
   * Ports whose number has at most 28 bits as NEW_PORT_EXT, as up to OTP 25 and as for peers
   * without V4_NC. Default false: V4_PORT_EXT.
   */
  readonly smallPorts?: boolean;
}

/** Room that is there before every term: enough for all that is not checked for on its own. */
const SLACK = 64;
/** Binaries from this size on are not copied. */
const REFERENCE_FROM = 4096;
/** Bytes from which on `set` is faster than a loop, and from which on it is so with a view to make. */
const SET_ABOVE = 12;
const SUBARRAY_ABOVE = 40;
const MAX_U32 = 0xffff_ffff;

/**
 * Where an encoder is in its sink, and how it writes the terms that contain no others.
 *
 * Every method takes the position to write at and gives the position behind what it wrote.
 */
export class LeafWriter {
  protected sink: ByteSink | undefined = undefined;
  protected buffer: Buffer = Buffer.alloc(0);
  protected view: DataView = new DataView(new ArrayBuffer(0));
  /** The last position with {@link SLACK} bytes behind it. */
  protected room = -1;
  private refs: AtomRefs | undefined = undefined;
  private readonly latin1: boolean;
  private readonly smallPorts: boolean;

  constructor(options: EncoderOptions) {
    this.latin1 = options.minorVersion === 1;
    this.smallPorts = options.smallPorts ?? false;
  }

  protected begin(sink: ByteSink, refs: AtomRefs | undefined): void {
    this.refs = refs;
    this.adopt(sink);
  }

  private adopt(sink: ByteSink): void {
    this.sink = sink;
    this.buffer = sink.buffer;
    this.view = sink.view;
    this.room = sink.buffer.length - SLACK;
  }

  /** Makes sure of `count` bytes at `pos`, and of the slack behind them. */
  protected ensure(pos: number, count: number): void {
    if (pos + count > this.room) this.grow(pos, count);
  }

  protected grow(pos: number, count: number): void {
    const sink = this.sink as ByteSink;
    sink.length = pos;
    sink.ensure(count + SLACK);
    this.adopt(sink);
  }

  // ---- Numbers --------------------------------------------------------------------------------

  protected number(value: number, pos: number): number {
    const int = value | 0;
    if (int !== value) {
      return Number.isInteger(value) ? this.wideInteger(value, pos) : this.float(value, pos);
    }
    const buffer = this.buffer;
    if ((int & ~255) === 0) {
      buffer[pos] = 97; // SMALL_INTEGER_EXT
      buffer[pos + 1] = int;
      return pos + 2;
    }
    buffer[pos] = 98; // INTEGER_EXT
    this.view.setInt32(pos + 1, int);
    return pos + 5;
  }

  /** An integer of more than 32 bits. */
  private wideInteger(value: number, pos: number): number {
    if (!Number.isSafeInteger(value)) throw new Unencodable(value);
    const magnitude = Math.abs(value);
    const high = Math.floor(magnitude / 0x1_0000_0000);
    this.view.setUint32(pos + 3, magnitude % 0x1_0000_0000, true);
    this.view.setUint32(pos + 7, high, true);
    const size = high === 0 ? 4 : high < 0x100 ? 5 : high < 0x1_0000 ? 6 : 7;
    return this.smallBig(pos, size, value < 0);
  }

  /** `110 Len:8 Sign:8`, before a magnitude of `size` bytes that is there. */
  protected smallBig(pos: number, size: number, negative: boolean): number {
    const buffer = this.buffer;
    buffer[pos] = 110; // SMALL_BIG_EXT
    buffer[pos + 1] = size;
    buffer[pos + 2] = negative ? 1 : 0;
    return pos + 3 + size;
  }

  protected bigint(value: bigint, pos: number): number {
    if (BigInt.asIntN(32, value) === value) return this.number(Number(value), pos);
    const negative = value < 0n;
    const magnitude = negative ? -value : value;
    if (BigInt.asUintN(64, magnitude) !== magnitude) {
      return this.largeBigint(magnitude, pos, negative);
    }
    this.view.setBigUint64(pos + 3, magnitude, true);
    let size = 8;
    while (this.buffer[pos + 2 + size] === 0) size--;
    return this.smallBig(pos, size, negative);
  }

  protected largeBigint(magnitude: bigint, pos: number, negative: boolean): number {
    this.ensure(pos, magnitudeRoom(magnitude) + 6);
    const size = writeMagnitude(this.view, pos + 3, magnitude);
    if (size <= 255) return this.smallBig(pos, size, negative);
    const buffer = this.buffer;
    buffer.copyWithin(pos + 6, pos + 3, pos + 3 + size);
    buffer[pos] = 111; // LARGE_BIG_EXT
    this.view.setUint32(pos + 1, size);
    buffer[pos + 5] = negative ? 1 : 0;
    return pos + 6 + size;
  }

  protected float(value: number, pos: number): number {
    if (!Number.isFinite(value)) throw new Unencodable(value);
    this.buffer[pos] = 70; // NEW_FLOAT_EXT
    this.view.setFloat64(pos + 1, value);
    return pos + 9;
  }

  // ---- Atoms ----------------------------------------------------------------------------------

  protected atom(atom: Atom, pos: number): number {
    if (this.refs !== undefined) {
      const ref = this.refs.refOf(atom);
      if (ref >= 0) {
        const buffer = this.buffer;
        buffer[pos] = 82; // ATOM_CACHE_REF
        buffer[pos + 1] = ref;
        return pos + 2;
      }
    }
    return this.latin1 ? this.latin1Atom(atom, pos) : this.utf8Atom(atom, pos);
  }

  private utf8Atom(atom: Atom, pos: number): number {
    const wire = atom.wire ?? wireOf(atom);
    const words = wire.length;
    if (words === 1) return this.longAtom(atom, pos);
    // A word at a time: what is written too much is behind `pos`, and there is slack.
    const view = this.view;
    for (let i = 1, at = pos; i < words; i++, at += 4) {
      view.setInt32(at, wire[i] as number, true);
    }
    return pos + (wire[0] as number);
  }

  private longAtom(atom: Atom, pos: number): number {
    const utf8 = utf8Of(atom);
    const { length } = utf8;
    this.ensure(pos, length + 3);
    if (length < 256) {
      this.buffer[pos] = 119; // SMALL_ATOM_UTF8_EXT
      this.buffer[pos + 1] = length;
      this.buffer.set(utf8, pos + 2);
      return pos + 2 + length;
    }
    this.buffer[pos] = 118; // ATOM_UTF8_EXT
    this.view.setUint16(pos + 1, length);
    this.buffer.set(utf8, pos + 3);
    return pos + 3 + length;
  }

  /** ATOM_EXT, where every character has one byte of Latin-1. */
  protected latin1Atom(atom: Atom, pos: number): number {
    const { text } = atom;
    this.ensure(pos, 4 * text.length + 3);
    const buffer = this.buffer;
    let over = 0;
    for (let i = 0; i < text.length; i++) over |= text.charCodeAt(i);
    if (over > 255) {
      const length = buffer.write(text, pos + 3, "utf8");
      if (length > 255) {
        buffer[pos] = 118; // ATOM_UTF8_EXT
        this.view.setUint16(pos + 1, length);
        return pos + 3 + length;
      }
      buffer.copyWithin(pos + 2, pos + 3, pos + 3 + length);
      buffer[pos] = 119; // SMALL_ATOM_UTF8_EXT
      buffer[pos + 1] = length;
      return pos + 2 + length;
    }
    buffer[pos] = 100; // ATOM_EXT
    this.view.setUint16(pos + 1, text.length);
    buffer.write(text, pos + 3, "latin1");
    return pos + 3 + text.length;
  }

  /** An atom or a boolean, in a field of another term. */
  protected name(name: unknown, pos: number, owner: object): number {
    if (pos > this.room) this.grow(pos, 0);
    if (name instanceof Atom) return this.atom(name, pos);
    if (typeof name === "boolean") return this.atom(name ? trueAtom : falseAtom, pos);
    throw new Unencodable(owner, `an atom was expected in it, not ${typeof name}`);
  }

  // ---- Binaries -------------------------------------------------------------------------------

  protected string(text: string, pos: number): number {
    const units = text.length;
    if (units > 48) return this.longString(text, pos);
    const buffer = this.buffer;
    const at = pos + 5;
    for (let i = 0; i < units; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return this.longString(text, pos);
      buffer[at + i] = code;
    }
    buffer[pos] = 109; // BINARY_EXT
    this.view.setUint32(pos + 1, units);
    return at + units;
  }

  protected longString(text: string, pos: number): number {
    if (!text.isWellFormed()) throw new Unencodable(text);
    // Three bytes at most for a code unit; counting first pays for long ones.
    this.ensure(pos, 5 + (text.length > 4096 ? Buffer.byteLength(text) : 3 * text.length));
    const length = this.buffer.write(text, pos + 5, "utf8");
    this.buffer[pos] = 109; // BINARY_EXT
    this.view.setUint32(pos + 1, length);
    return pos + 5 + length;
  }

  protected bytes(term: ArrayBufferView, pos: number): number {
    if (!(term instanceof Uint8Array)) throw new Unencodable(term);
    const { length } = term;
    if (length <= SET_ABOVE) return this.fewBytes(term, 0, length, pos);
    if (length >= REFERENCE_FROM) return this.largeBinary(term, pos);
    this.ensure(pos, length + 5);
    this.buffer[pos] = 109; // BINARY_EXT
    this.view.setUint32(pos + 1, length);
    this.buffer.set(term, pos + 5);
    return pos + 5 + length;
  }

  /** As many bytes as the slack holds. */
  private fewBytes(source: Uint8Array, start: number, length: number, pos: number): number {
    const buffer = this.buffer;
    const at = pos + 5;
    buffer[pos] = 109; // BINARY_EXT
    const view = this.view;
    view.setUint32(pos + 1, length);
    const words = length & ~3;
    let i = 0;
    // Four bytes to a store: stores are what it costs.
    for (let from = start; i < words; i += 4, from += 4) {
      const low = (source[from] as number) | ((source[from + 1] as number) << 8);
      const high = ((source[from + 2] as number) << 16) | ((source[from + 3] as number) << 24);
      view.setInt32(at + i, low | high, true);
    }
    for (; i < length; i++) buffer[at + i] = source[start + i] as number;
    return at + length;
  }

  /** A binary that is `length` bytes of `source` from `start`. */
  protected slice(source: Uint8Array, start: number, length: number, pos: number): number {
    return length <= SUBARRAY_ABOVE
      ? this.fewBytes(source, start, length, pos)
      : this.bytes(source.subarray(start, start + length), pos);
  }

  private largeBinary(bytes: Uint8Array, pos: number): number {
    if (bytes.length > MAX_U32) {
      throw new Unencodable(bytes, "a binary has at most 4294967295 bytes");
    }
    this.buffer[pos] = 109; // BINARY_EXT
    this.view.setUint32(pos + 1, bytes.length);
    const sink = this.sink as ByteSink;
    sink.length = pos + 5;
    sink.reference(bytes);
    return pos + 5;
  }

  /** `77 Len:32 Bits:8 data`. */
  protected bitString(term: BitString, pos: number): number {
    const { bytes, lastBits } = term;
    this.ensure(pos, bytes.length + 6);
    this.buffer[pos] = 77; // BIT_BINARY_EXT
    this.view.setUint32(pos + 1, bytes.length);
    this.buffer[pos + 5] = lastBits;
    this.buffer.set(bytes, pos + 6);
    return pos + 6 + bytes.length;
  }

  // ---- Identifiers and external funs ----------------------------------------------------------

  /** `88 Node ID:32 Serial:32 Creation:32`. */
  protected pid(pid: Pid, pos: number): number {
    const { id, serial, creation } = pid;
    if (id >>> 0 !== id || serial >>> 0 !== serial || creation >>> 0 !== creation) {
      throw new Unencodable(pid, "id, serial and creation of a pid are unsigned, of 32 bits");
    }
    this.buffer[pos] = 88;
    const at = this.nodeName(pid.node, pos + 1);
    const view = this.view;
    view.setUint32(at, id);
    view.setUint32(at + 4, serial);
    view.setUint32(at + 8, creation);
    return at + 12;
  }

  /** An atom and {@link SLACK} bytes behind it. */
  protected nodeName(node: Atom, pos: number): number {
    const at = this.atom(node, pos);
    if (at > this.room) this.grow(at, 0);
    return at;
  }

  /** `90 Len:16 Node Creation:32 ID:32…`. */
  protected reference(reference: Reference, pos: number): number {
    const { words, creation } = reference;
    if (words.length < 1 || words.length > 5 || creation >>> 0 !== creation) {
      throw new Unencodable(reference, "a reference has 1 to 5 words and a creation of 32 bits");
    }
    this.buffer[pos] = 90;
    this.view.setUint16(pos + 1, words.length);
    let at = this.nodeName(reference.node, pos + 3);
    const view = this.view;
    view.setUint32(at, creation);
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as number;
      if (word >>> 0 !== word) {
        throw new Unencodable(reference, "the words of a reference are unsigned, of 32 bits");
      }
      at += 4;
      view.setUint32(at, word);
    }
    return at + 4;
  }

  /** `120 Node ID:64 Creation:32`, or `89 Node ID:32 Creation:32`. */
  protected port(port: Port, pos: number): number {
    const { creation } = port;
    const id = BigInt(port.id);
    if (BigInt.asUintN(64, id) !== id || creation >>> 0 !== creation) {
      throw new Unencodable(port, "a port has an id of 64 bits and a creation of 32, unsigned");
    }
    const small = this.smallPorts && id < 1n << 28n;
    this.buffer[pos] = small ? 89 : 120;
    const at = this.nodeName(port.node, pos + 1);
    const view = this.view;
    if (small) view.setUint32(at, Number(id));
    else view.setBigUint64(at, id);
    view.setUint32(at + (small ? 4 : 8), creation);
    return at + (small ? 8 : 12);
  }

  /** `113 Module Function Arity`. */
  protected externalFun(fun: ExternalFun, pos: number): number {
    if ((fun.arity & 255) !== fun.arity) {
      throw new Unencodable(fun, "the arity of a fun is 0 to 255");
    }
    this.buffer[pos] = 113;
    const at = this.name(fun.name, this.name(fun.module, pos + 1, fun), fun);
    if (at > this.room) this.grow(at, 0);
    return this.number(fun.arity, at);
  }
}
