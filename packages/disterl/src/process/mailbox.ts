import type { Term } from "../term/term.ts";

/** An empty mailbox of no more slots than this keeps them. */
const KEEP_SLOTS = 4096;

/**
 * Messages that have arrived and wait: first in, first out, with a look at all of them for selective
 * receive. A ring of power-of-two size; taking from the front and adding at the end cost the same
 * however many wait.
 */
export class Mailbox {
  #ring: (Term | undefined)[] = new Array<Term | undefined>(8);
  #bytes: number[] = new Array<number>(8).fill(0);
  #head = 0;
  #length = 0;
  /** What the waiting messages took on the wire, in bytes; local ones count as 0. */
  bytes = 0;

  get length(): number {
    return this.#length;
  }

  push(message: Term, bytes: number): void {
    if (this.#length === this.#ring.length) this.#grow();
    const at = (this.#head + this.#length) & (this.#ring.length - 1);
    this.#ring[at] = message;
    this.#bytes[at] = bytes;
    this.bytes += bytes;
    this.#length++;
  }

  /** Takes the oldest message; undefined when there is none. */
  shift(): Term | undefined {
    if (this.#length === 0) return undefined;
    const at = this.#head;
    const message = this.#ring[at];
    this.#ring[at] = undefined;
    this.bytes -= this.#bytes[at] as number;
    this.#head = (at + 1) & (this.#ring.length - 1);
    this.#length--;
    // A burst that is over does not cost memory for ever.
    if (this.#length === 0 && this.#ring.length > KEEP_SLOTS) this.clear();
    return message;
  }

  /** Takes the oldest message from `start` on that `matches`; the others keep their order. */
  take(matches: (message: Term) => boolean, start = 0): Term | undefined {
    const mask = this.#ring.length - 1;
    for (let i = start; i < this.#length; i++) {
      const message = this.#ring[(this.#head + i) & mask] as Term;
      if (!matches(message)) continue;
      this.bytes -= this.#bytes[(this.#head + i) & mask] as number;
      for (let j = i; j > 0; j--) {
        this.#ring[(this.#head + j) & mask] = this.#ring[(this.#head + j - 1) & mask];
        this.#bytes[(this.#head + j) & mask] = this.#bytes[(this.#head + j - 1) & mask] as number;
      }
      this.#ring[this.#head] = undefined;
      this.#head = (this.#head + 1) & mask;
      this.#length--;
      return message;
    }
    return undefined;
  }

  clear(): void {
    this.#ring = new Array<Term | undefined>(8);
    this.#bytes = new Array<number>(8).fill(0);
    this.#head = 0;
    this.#length = 0;
    this.bytes = 0;
  }

  #grow(): void {
    const size = this.#ring.length;
    const ring = new Array<Term | undefined>(size * 2);
    const bytes = new Array<number>(size * 2).fill(0);
    for (let i = 0; i < this.#length; i++) {
      ring[i] = this.#ring[(this.#head + i) & (size - 1)];
      bytes[i] = this.#bytes[(this.#head + i) & (size - 1)] as number;
    }
    this.#ring = ring;
    this.#bytes = bytes;
    this.#head = 0;
  }
}
