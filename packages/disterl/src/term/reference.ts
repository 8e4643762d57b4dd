import type { Atom } from "./atom.ts";

/**
 * A reference: what monitors, aliases and requests are told apart by. Three words usually, up to
 * five in the aliases of OTP 26 and later. Wire: NEWER_REFERENCE_EXT, protocol ID-5, ID-6.
 */
export class Reference {
  /** The node that made it. */
  readonly node: Atom;
  /** 32 bits, unsigned. */
  readonly creation: number;
  /** One to five words of 32 bits, unsigned, in the order of the wire (ID_0 first). */
  readonly words: readonly number[];

  constructor(node: Atom, creation: number, words: readonly number[]) {
    this.node = node;
    this.creation = creation;
    this.words = words;
  }

  /** Stable text for use as a key in a `Map`: equal references, equal keys. */
  get key(): string {
    return `r:${this.words.join(".")}.${this.creation}@${this.node.text}`;
  }

  /** Whether the other is the same reference. */
  equals(other: unknown): boolean {
    return (
      other instanceof Reference &&
      other.node === this.node &&
      other.creation === this.creation &&
      other.words.length === this.words.length &&
      equalWords(other.words, this.words)
    );
  }

  /** `#Ref<app@host.3.2.1>`: most significant word first, as Erlang prints it. */
  toString(): string {
    return `#Ref<${this.node.text}.${this.words.toReversed().join(".")}>`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** Of two that are equally long. */
function equalWords(one: readonly number[], other: readonly number[]): boolean {
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}
