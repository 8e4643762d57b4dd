import type { Atom } from "../term/atom.ts";
import { Binary } from "../term/binary.ts";
import { BitString } from "../term/bitstring.ts";
import { Float } from "../term/float.ts";
import { ExternalFun } from "../term/fun.ts";
import { Pid } from "../term/pid.ts";
import { Port } from "../term/port.ts";
import { Reference } from "../term/reference.ts";
import { type AtomBudget, atomOfText, atomTable, latin1Text, utf8Text } from "./atom-of-text.ts";
import { readMagnitude } from "./big-integer.ts";
import { EtfError, type EtfErrorCode } from "./errors.ts";
import { type DecodeLimits, decodeLimits } from "./limits.ts";
import { tagName } from "./tags.ts";

/** What terms look like when they are decoded, and how much they may ask for. */
export interface DecodeOptions {
  /**
   * What binaries become. `"bytes"`: `Uint8Array`. `"lazy"`: {@link Binary}, which is several times
   * cheaper. `"text"`: strings where the bytes are UTF-8, `Uint8Array` elsewhere. Default `"bytes"`.
   */
  readonly binaries?: "bytes" | "lazy" | "text";
  /** `"auto"`: a number while it is safe, else a bigint. `"bigint"`: always. Default `"auto"`. */
  readonly integers?: "auto" | "bigint";
  /**
   * `"term"`: {@link TermMap}. `"object"`: plain objects without a prototype where all keys are atoms
   * or UTF-8 binaries of different text, `TermMap` elsewhere; not lossless. Default `"term"`.
   */
  readonly maps?: "term" | "object";
  /** How much one term, and one decoder, may ask for. */
  readonly limits?: Partial<DecodeLimits>;
}

/** Binaries up to this size are copied, so that they do not keep the memory of a whole frame. */
const COPY_BELOW = 4096;
const SLAB_BYTES = 8192;
const WORD = 4;
/** From here on the set-up of `set` pays. */
const SET_ABOVE = 128;
const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);

/**
 * Where a decoder is in the bytes, and how it reads the terms that contain no others.
 *
 * Every method takes `at`, where the term's tag is, and `end`, which the term must not pass; they
 * move the position behind the term.
 */
export class LeafReader {
  /** The first byte after the term that was decoded last. */
  position = 0;
  protected readonly limits: DecodeLimits;
  protected readonly bigints: boolean;
  protected readonly binariesAsText: boolean;
  protected readonly binariesLazy: boolean;
  private atomBudget: AtomBudget;
  /** What the last term was read from. */
  private input: Uint8Array = NO_BYTES;
  /** Memory of the last input, whole: positions inside count from the start of its buffer. */
  protected bytes: Uint8Array = NO_BYTES;
  protected view: DataView = NO_VIEW;
  protected at = 0;
  protected base = 0;
  protected retain = false;
  protected refs: readonly (Atom | boolean)[] | undefined = undefined;
  private slab: Uint8Array = NO_BYTES;
  private slabView: DataView = NO_VIEW;
  /** Full from the start, for an empty binary too. */
  private slabUsed = SLAB_BYTES + 1;

  constructor(options: DecodeOptions) {
    this.limits = decodeLimits(options.limits);
    this.atomBudget = { left: this.limits.atoms, made: [] };
    this.bigints = options.integers === "bigint";
    this.binariesAsText = options.binaries === "text";
    this.binariesLazy = options.binaries === "lazy";
  }

  /** The atom whose UTF-8 text is at `start` to `end`: what the distribution header carries. */
  atom(bytes: Uint8Array, start: number, end: number): Atom | boolean {
    this.begin(bytes, start, end);
    return this.utf8Atom(this.at, this.at, end - start);
  }

  /** Begins to count the atoms anew. @internal */
  renewBudget(): void {
    if (this.atomBudget.made.length === 0) return;
    this.atomBudget = { left: this.limits.atoms, made: [] };
  }

  /** Lets go of the memory of the last input, which is otherwise kept until the next. */
  release(): void {
    this.input = NO_BYTES;
    this.bytes = NO_BYTES;
    this.view = NO_VIEW;
    this.refs = undefined;
  }

  protected begin(bytes: Uint8Array, start: number, end: number): void {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new TypeError(`no bytes ${start} to ${end} in an array of ${bytes.length}`);
    }
    // A chunk holds many terms; asking an array for its buffer costs as much as a small term.
    if (bytes !== this.input) {
      this.input = bytes;
      if (bytes.buffer !== this.bytes.buffer) {
        this.bytes = new Uint8Array(bytes.buffer);
        this.view = new DataView(bytes.buffer);
      }
      this.base = bytes.byteOffset;
    }
    this.at = this.base + start;
  }

  // ---- Numbers --------------------------------------------------------------------------------

  protected integer(value: number): number | bigint {
    return this.bigints ? BigInt(value) : value;
  }

  protected big(at: number, size: number, signAt: number, end: number): number | bigint {
    if (size > this.limits.bigBytes) throw this.over(at, "bigBytes", size);
    const dataAt = signAt + 1;
    this.need(at, dataAt - at + size, end);
    const sign = this.bytes[signAt] as number;
    const magnitude = readMagnitude(this.view, dataAt, size);
    this.at = dataAt + size;
    if (typeof magnitude === "bigint") return sign === 0 ? magnitude : -magnitude;
    // Not -0.
    return this.integer(sign === 0 ? magnitude : 0 - magnitude);
  }

  protected float(at: number, end: number): number | Float {
    this.need(at, 9, end);
    this.at = at + 9;
    return this.floatOf(this.view.getFloat64(at + 1), at);
  }

  protected floatOf(value: number, at: number): number | Float {
    if (Number.isInteger(value)) return new Float(value);
    if (Number.isFinite(value)) return value;
    throw this.bad("ERR_ETF_VALUE", at, `a float must be finite, not ${value}`);
  }

  /** 31 bytes of text as `%.20e` prints it, filled up with zeros. */
  protected oldFloat(at: number, end: number): number | Float {
    this.need(at, 32, end);
    this.at = at + 32;
    const text = latin1Text(this.bytes, at + 1, at + 32).replace(/\0.*$/s, "");
    if (!/^ *[-+]?\d+\.\d+(e[-+]?\d+)?$/i.test(text)) {
      throw this.bad("ERR_ETF_VALUE", at, "the text of a FLOAT_EXT is not a number");
    }
    return this.floatOf(Number(text), at);
  }

  // ---- Atoms ----------------------------------------------------------------------------------

  protected smallAtom(at: number, end: number): Atom | boolean {
    this.need(at, 2, end);
    const length = this.bytes[at + 1] as number;
    this.need(at, 2 + length, end);
    this.at = at + 2 + length;
    return atomTable.find(this.view, at + 2, length) ?? this.utf8Atom(at, at + 2, length);
  }

  protected atomRef(at: number, end: number): Atom | boolean {
    this.need(at, 2, end);
    this.at = at + 2;
    if (this.refs === undefined) {
      throw this.bad("ERR_ETF_TAG", at, "ATOM_CACHE_REF needs a distribution header");
    }
    const index = this.bytes[at + 1] as number;
    const found = this.refs[index];
    if (found !== undefined) return found;
    throw this.bad("ERR_ETF_VALUE", at, `the header has no atom ${index}`);
  }

  /** An atom, by whatever tag; anything else is an error. */
  protected name(end: number): Atom | boolean {
    const at = this.at;
    this.need(at, 1, end);
    const tag = this.bytes[at] as number;
    if (tag === 119) return this.smallAtom(at, end);
    if (tag === 82) return this.atomRef(at, end);
    if (tag !== 100 && tag !== 115 && tag !== 118) {
      throw this.bad("ERR_ETF_VALUE", at, `an atom was expected here, not ${tagName(tag)}`);
    }
    const textAt = tag === 115 ? at + 2 : at + 3;
    this.need(at, textAt - at, end);
    const length = tag === 115 ? (this.bytes[at + 1] as number) : this.view.getUint16(at + 1);
    this.need(at, textAt - at + length, end);
    this.at = textAt + length;
    if (tag === 118) return this.utf8Atom(at, textAt, length);
    return this.atomOf(at, latin1Text(this.bytes, textAt, textAt + length));
  }

  protected utf8Atom(at: number, textAt: number, length: number): Atom | boolean {
    const known = atomTable.find(this.view, textAt, length);
    if (known !== undefined) return known;
    if (length > 1020) throw this.bad("ERR_ETF_VALUE", at, "an atom has at most 255 characters");
    const text = utf8Text(this.bytes, this.view, textAt, textAt + length);
    if (text === undefined) {
      throw this.bad("ERR_ETF_VALUE", at, "the text of an atom is not valid UTF-8");
    }
    const made = this.atomOf(at, text);
    atomTable.keep(this.view, textAt, length, made);
    return made;
  }

  protected atomOf(at: number, text: string): Atom | boolean {
    const found = atomOfText(text, this.atomBudget);
    if (found === "too long") {
      throw this.bad("ERR_ETF_VALUE", at, "an atom has at most 255 characters");
    }
    if (found === "over budget") throw this.over(at, "atoms", this.limits.atoms + 1);
    return found;
  }

  // ---- Binaries -------------------------------------------------------------------------------

  protected binary(at: number, end: number): Uint8Array | Binary | string {
    this.need(at, 5, end);
    const length = this.view.getUint32(at + 1);
    this.need(at, 5 + length, end);
    this.at = at + 5 + length;
    return this.binaryOf(at + 5, length);
  }

  private binaryOf(from: number, length: number): Uint8Array | Binary | string {
    if (length >= COPY_BELOW || this.binariesAsText) return this.largeBinaryOrText(from, length);
    const offset = this.copied(from, length);
    return this.binariesLazy
      ? new Binary(this.slab, offset, length)
      : new Uint8Array(this.slab.buffer, offset, length);
  }

  private largeBinaryOrText(from: number, length: number): Uint8Array | Binary | string {
    if (this.binariesAsText) {
      const text = utf8Text(this.bytes, this.view, from, from + length);
      if (text !== undefined) return text;
    }
    const bytes =
      this.retain && length >= COPY_BELOW
        ? new Uint8Array(this.bytes.buffer, from, length)
        : this.bytes.slice(from, from + length);
    return this.binariesLazy ? new Binary(bytes, 0, length) : bytes;
  }

  /** Copies into the slab; where in it. */
  private copied(from: number, length: number): number {
    if (this.slabUsed + length > SLAB_BYTES) this.renewSlab();
    const offset = this.slabUsed;
    this.slabUsed = offset + length;
    const { view } = this;
    if (length > SET_ABOVE || from + length + WORD > view.byteLength) {
      this.slab.set(this.bytes.subarray(from, from + length), offset);
      return offset;
    }
    // Word by word, four times as fast as byte by byte; the last word may copy too much.
    const slab = this.slabView;
    for (let i = 0; i < length; i += WORD) {
      slab.setInt32(offset + i, view.getInt32(from + i, true), true);
    }
    return offset;
  }

  private renewSlab(): void {
    this.slab = new Uint8Array(SLAB_BYTES + WORD);
    this.slabView = new DataView(this.slab.buffer);
    this.slabUsed = 0;
  }

  protected bitString(at: number, end: number): BitString | Uint8Array | Binary | string {
    this.need(at, 6, end);
    const length = this.view.getUint32(at + 1);
    const bits = this.bytes[at + 5] as number;
    this.need(at, 6 + length, end);
    if (length === 0 ? bits !== 0 : bits < 1 || bits > 8) {
      throw this.bad("ERR_ETF_VALUE", at, `the last of ${length} bytes cannot have ${bits} bits`);
    }
    const from = at + 6;
    this.at = from + length;
    return length > 0 && bits < 8
      ? new BitString(this.bytes.slice(from, from + length), bits)
      : this.binaryOf(from, length);
  }

  // ---- Identifiers and external funs ----------------------------------------------------------

  /** The atom that begins an identifier; room for `after` bytes behind it is made sure of. */
  protected node(at: number, after: number, end: number): Atom {
    const node = this.name(end);
    if (typeof node === "boolean") throw this.bad("ERR_ETF_VALUE", at, `no node is named ${node}`);
    if (this.at + after > end) throw this.cut(at, this.at, after, end);
    return node;
  }

  /** `88 Node ID:32 Serial:32 Creation:32`; `103 Node ID:32 Serial:32 Creation:8`. */
  protected pid(at: number, end: number): Pid {
    const old = this.bytes[at] === 103;
    this.at = at + 1;
    const node = this.node(at, old ? 9 : 12, end);
    const from = this.at;
    const view = this.view;
    this.at = from + (old ? 9 : 12);
    const creation = old ? view.getUint8(from + 8) : view.getUint32(from + 8);
    return new Pid(node, view.getUint32(from), view.getUint32(from + 4), creation);
  }

  /** `90 Len:16 Node Creation:32 ID:32…`; `114 Len:16 Node Creation:8 ID:32…`. */
  protected reference(at: number, end: number): Reference {
    this.need(at, 3, end);
    const old = this.bytes[at] === 114;
    const count = this.view.getUint16(at + 1);
    if (count < 1 || count > 5) {
      throw this.bad("ERR_ETF_VALUE", at, `a reference has 1 to 5 words, not ${count}`);
    }
    this.at = at + 3;
    const wide = old ? 1 : 4;
    const node = this.node(at, wide + 4 * count, end);
    const from = this.at;
    const view = this.view;
    const creation = old ? view.getUint8(from) : view.getUint32(from);
    const words: number[] = [];
    for (let i = 0; i < count; i++) words.push(view.getUint32(from + wide + 4 * i));
    this.at = from + wide + 4 * count;
    return new Reference(node, creation, words);
  }

  /** `101 Node ID:32 Creation:8`. */
  protected oldReference(at: number, end: number): Reference {
    this.at = at + 1;
    const node = this.node(at, 5, end);
    const from = this.at;
    this.at = from + 5;
    return new Reference(node, this.view.getUint8(from + 4), [this.view.getUint32(from)]);
  }

  /** `120 Node ID:64 Creation:32`; `89 Node ID:32 Creation:32`; `102 Node ID:32 Creation:8`. */
  protected port(at: number, end: number): Port {
    const tag = this.bytes[at];
    this.at = at + 1;
    const idBytes = tag === 120 ? 8 : 4;
    const creationBytes = tag === 102 ? 1 : 4;
    const node = this.node(at, idBytes + creationBytes, end);
    const from = this.at;
    const view = this.view;
    const id = tag === 120 ? view.getBigUint64(from) : view.getUint32(from);
    const creation = tag === 102 ? view.getUint8(from + 4) : view.getUint32(from + idBytes);
    this.at = from + idBytes + creationBytes;
    return new Port(node, id, creation);
  }

  /** `113 Module Function Arity`: two atoms, and an integer of one byte by either tag. */
  protected externalFun(at: number, end: number): ExternalFun {
    this.at = at + 1;
    const module = this.name(end);
    const name = this.name(end);
    const arityAt = this.at;
    this.need(arityAt, 2, end);
    const wide = this.bytes[arityAt] === 98;
    if (wide) this.need(arityAt, 5, end);
    this.at = arityAt + (wide ? 5 : 2);
    const arity = wide ? this.view.getInt32(arityAt + 1) : (this.bytes[arityAt + 1] as number);
    if ((!wide && this.bytes[arityAt] !== 97) || (arity & 255) !== arity) {
      throw this.bad("ERR_ETF_VALUE", arityAt, "the arity of a fun is an integer of 0 to 255");
    }
    return new ExternalFun(module, name, arity);
  }

  // ---- Errors ---------------------------------------------------------------------------------

  protected need(at: number, count: number, end: number): void {
    if (at + count > end) throw this.cut(at, at, count, end);
  }

  protected tagAt(at: number, end: number): number | undefined {
    return at < end ? this.bytes[at] : undefined;
  }

  protected cut(at: number, from: number, count: number, end: number): EtfError {
    const tag = this.tagAt(at, end);
    const what = tag === undefined ? "a term" : tagName(tag);
    const left = Math.max(0, end - from);
    const message = `${what} needs ${count} more bytes from ${from - this.base} on, ${left} can be its`;
    return new EtfError("ERR_ETF_TRUNCATED", message, { offset: at - this.base, tag });
  }

  protected bad(code: EtfErrorCode, at: number, message: string): EtfError {
    return new EtfError(code, message, { offset: at - this.base, tag: this.bytes[at] });
  }

  protected over(at: number, limit: keyof DecodeLimits, found: number): EtfError {
    const message = `${found} is above limits.${limit}, which is ${this.limits[limit]}`;
    return this.bad("ERR_ETF_LIMIT", at, message);
  }
}
