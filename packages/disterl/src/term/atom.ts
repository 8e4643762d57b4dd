/** The longest atom, in Unicode code points (erts: MAX_ATOM_CHARACTERS). */
export const MAX_ATOM_CHARACTERS = 255;

const table = new Map<string, WeakRef<Atom>>();
const forget = new FinalizationRegistry<string>((text) => {
  // A new atom of the same text may have been made since: only a dead entry goes.
  if (table.get(text)?.deref() === undefined) table.delete(text);
});

/**
 * An Erlang atom. One text is one object as long as anybody holds it, so `===` compares atoms:
 *
 *     atom("ok") === atom("ok")
 *
 * The table behind that holds atoms weakly: what a peer invented and nobody keeps is collected, so
 * atoms do not leak the way they do in an emulator. How many a peer may introduce is limited where
 * terms are decoded.
 *
 * The atoms `true` and `false` are the JavaScript booleans and never an `Atom`.
 */
export class Atom<Text extends string = string> {
  /** The characters, without quotes. */
  readonly text: Text;
  /**
   * Scratch for the codec and the maps: "seen in the pass with this number". Not part of the value.
   * @internal
   */
  mark = 0;
  /** UTF-8 of the text, made when first encoded. @internal */
  utf8: Uint8Array | undefined = undefined;
  /** The encoder's own form of a short atom: how many bytes, then the bytes in words. @internal */
  wire: Int32Array | undefined = undefined;
  /** The slot of the outgoing atom caches that this atom uses, -1 until first sent. @internal */
  cacheSlot = -1;
  /** Keyed hash of the text for the maps' indexes, 0 while not computed. @internal */
  hash = 0;

  /** Use {@link atom}. @internal */
  constructor(text: Text) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `atom(${JSON.stringify(this.text)})`;
  }
}

/**
 * The atom of a text.
 *
 * @throws TypeError when the text has more than 255 code points, is not well-formed Unicode, or is
 *   `true` or `false` (write the booleans).
 */
export function atom<const Text extends string>(text: Text): Atom<Text> {
  const known = table.get(text)?.deref();
  if (known !== undefined) return known as Atom<Text>;
  if (text === "true" || text === "false") {
    throw new TypeError(`the atom ${text} is the JavaScript boolean ${text}`);
  }
  // Code points are at most the code units: only long texts are counted.
  if (text.length > MAX_ATOM_CHARACTERS && Array.from(text).length > MAX_ATOM_CHARACTERS) {
    throw new TypeError(`an atom has at most ${MAX_ATOM_CHARACTERS} characters`);
  }
  if (!text.isWellFormed()) throw new TypeError("an atom must be well-formed Unicode");
  return intern(text) as Atom<Text>;
}

/** As {@link atom}, for text of any kind: gives the booleans for `true` and `false`. */
export function atomOrBoolean(text: string): Atom | boolean {
  return text === "true" ? true : text === "false" ? false : atom(text);
}

/** Finds an atom somebody holds, without making one. @internal */
export function existingAtom(text: string): Atom | undefined {
  return table.get(text)?.deref();
}

/** Makes the atom of a text that is valid and that {@link existingAtom} did not find. @internal */
export function intern(text: string): Atom {
  const made = new Atom(text);
  table.set(text, new WeakRef(made));
  forget.register(made, text);
  return made;
}

/** What the codec writes for the booleans. Never handed to a program. @internal */
export const trueAtom: Atom = new Atom("true");
/** @internal */
export const falseAtom: Atom = new Atom("false");

let lastMark = 0;

/** A number no atom's {@link Atom.mark} has yet: whoever marks atoms starts a pass with one. @internal */
export function nextMark(): number {
  lastMark += 1;
  return lastMark;
}

/** How many atoms are alive or not yet collected. */
export function atomCount(): number {
  return table.size;
}

/** The atoms every program names: `atoms.ok`, `atoms.error`, … */
export const atoms = {
  ok: atom("ok"),
  error: atom("error"),
  undefined: atom("undefined"),
  nil: atom("nil"),
  normal: atom("normal"),
  kill: atom("kill"),
  killed: atom("killed"),
  noproc: atom("noproc"),
  noconnection: atom("noconnection"),
  shutdown: atom("shutdown"),
  timeout: atom("timeout"),
  infinity: atom("infinity"),
  badarg: atom("badarg"),
  undef: atom("undef"),
  exit: atom("exit"),
  throw: atom("throw"),
  process: atom("process"),
  abandoned: atom("abandoned"),
  EXIT: atom("EXIT"),
  DOWN: atom("DOWN"),
  empty: atom(""),
} as const;
