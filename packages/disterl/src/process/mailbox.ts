import type { Atom } from "../term/atom.ts";
import { matches, type Pattern, requiredAtom } from "../term/match.ts";
import type { Term } from "../term/term.ts";
import type { MailboxLimits } from "./process-table.ts";
import { type Entry, messageOf, Traced } from "./trace-token.ts";

/** An empty mailbox of no more slots than this keeps them. */
const KEEP_SLOTS = 4096;
const LEAST_SLOTS = 8;
/** From so many waiting messages on, each new one notes which references there were when it came. */
const DEEP = 64;

/**
 * Messages that have arrived and wait: first in, first out, with a look at all of them for selective
 * receive. A ring of power-of-two size; taking from either end and adding cost the same however many
 * wait. Priority messages stand before all others, in their own order.
 *
 * A message cannot hold a reference that was made after it came. In a deep mailbox each message
 * knows the count of references at its arrival, so that the search for the answer to a fresh one
 * begins near the end (the *receive marker* of the emulator).
 */
export class Mailbox {
  readonly #references: { readonly referenceCount: number };
  #ring: (Entry | undefined)[] = [];
  #bytes: number[] = [];
  #stamps: number[] | undefined = undefined;
  #head = 0;
  #length = 0;
  /** Priority messages: they stand before all others. */
  #urgent: Mailbox | undefined = undefined;
  /** How many of the messages carry a trace token. */
  #traced = 0;
  #totalBytes = 0;

  constructor(references: { readonly referenceCount: number }) {
    this.#references = references;
  }

  get length(): number {
    return this.#length + (this.#urgent?.length ?? 0);
  }

  /** What the waiting messages took on the wire, in bytes; local ones count as 0. */
  get bytes(): number {
    return this.#totalBytes + (this.#urgent?.bytes ?? 0);
  }

  exceeds({ mailboxMessages, mailboxBytes }: MailboxLimits): boolean {
    return this.length > mailboxMessages || this.bytes > mailboxBytes;
  }

  push(message: Entry, bytes: number): void {
    if (this.#length === this.#ring.length) this.#resize(this.#length * 2);
    this.#put((this.#head + this.#length) & (this.#ring.length - 1), message, bytes);
    this.#length++;
    if (this.#length > DEEP && this.#stamps === undefined) {
      this.#stamps = new Array<number>(this.#ring.length).fill(0);
    }
  }

  /** Adds a message before all that are not urgent themselves. */
  pushUrgent(message: Entry, bytes: number): void {
    this.#urgent ??= new Mailbox(this.#references);
    this.#urgent.push(message, bytes);
  }

  /** Takes the oldest message; undefined when there is none. */
  shift(): Entry | undefined {
    return this.#urgent?.shift() ?? this.#shift();
  }

  #shift(): Entry | undefined {
    if (this.#length === 0) return undefined;
    const at = this.#head;
    const message = this.#ring[at] as Entry;
    this.#ring[at] = undefined;
    this.#totalBytes -= this.#bytes[at] as number;
    this.#head = (at + 1) & (this.#ring.length - 1);
    this.#length--;
    if (this.#length === 0) this.#emptied();
    if (this.#traced > 0 && message instanceof Traced) this.#traced--;
    return message;
  }

  /**
   * Takes the oldest message that matches; the others keep their order. Of those that are not urgent
   * it looks only at position `start` and behind.
   */
  take(pattern: Pattern, start = 0): Entry | undefined {
    const urgent = this.#urgent?.take(pattern);
    if (urgent !== undefined) return urgent;
    const required = this.#length > start + 1 ? requiredAtom(pattern) : undefined;
    for (let i = start; i < this.#length; i++) {
      const entry = this.#ring[(this.#head + i) & (this.#ring.length - 1)] as Entry;
      const message = this.#traced > 0 ? messageOf(entry) : (entry as Term);
      if (required !== undefined && !holds(message, required.place, required.atom)) continue;
      if (matches(message, pattern)) return this.#remove(i);
    }
    return undefined;
  }

  /** The first position where a message that is not urgent can hold the reference with this number. */
  positionSince(referenceNumber: number): number {
    const stamps = this.#stamps;
    if (stamps === undefined) return 0;
    const mask = this.#ring.length - 1;
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((stamps[(this.#head + middle) & mask] as number) < referenceNumber) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The messages, oldest first. */
  messages(): Term[] {
    const mask = this.#ring.length - 1;
    const ordinary = Array.from({ length: this.#length }, (_, i) =>
      messageOf(this.#ring[(this.#head + i) & mask] as Entry),
    );
    return this.#urgent === undefined ? ordinary : [...this.#urgent.messages(), ...ordinary];
  }

  clear(): void {
    this.#urgent?.clear();
    this.#forget();
  }

  #forget(): void {
    this.#ring = [];
    this.#bytes = [];
    this.#stamps = undefined;
    this.#head = 0;
    this.#length = 0;
    this.#traced = 0;
    this.#totalBytes = 0;
  }

  #put(at: number, message: Entry, bytes: number): void {
    this.#ring[at] = message;
    this.#bytes[at] = bytes;
    this.#totalBytes += bytes;
    if (this.#stamps !== undefined) this.#stamps[at] = this.#references.referenceCount;
    if (message instanceof Traced) this.#traced++;
  }

  /** Takes a message out, and closes the gap from the end that is nearer. */
  #remove(position: number): Entry {
    if (position === 0) return this.#shift() as Entry;
    const mask = this.#ring.length - 1;
    const at = (this.#head + position) & mask;
    const message = this.#ring[at] as Entry;
    this.#totalBytes -= this.#bytes[at] as number;
    const last = this.#length - 1;
    if (position < this.#length / 2) {
      for (let i = position; i > 0; i--) this.#move(i - 1, i);
      this.#ring[this.#head] = undefined;
      this.#head = (this.#head + 1) & mask;
    } else {
      for (let i = position; i < last; i++) this.#move(i + 1, i);
      this.#ring[(this.#head + last) & mask] = undefined;
    }
    this.#length = last;
    if (message instanceof Traced) this.#traced--;
    return message;
  }

  #move(from: number, to: number): void {
    const mask = this.#ring.length - 1;
    const source = (this.#head + from) & mask;
    const target = (this.#head + to) & mask;
    this.#ring[target] = this.#ring[source];
    this.#bytes[target] = this.#bytes[source] as number;
    if (this.#stamps !== undefined) this.#stamps[target] = this.#stamps[source] as number;
  }

  /** A burst that is over does not cost memory for ever. */
  #emptied(): void {
    if (this.#ring.length > KEEP_SLOTS) this.#forget();
    else this.#stamps = undefined;
  }

  #resize(slots: number): void {
    const size = Math.max(LEAST_SLOTS, slots);
    const mask = this.#ring.length - 1;
    const ring = new Array<Entry | undefined>(size);
    const bytes = new Array<number>(size).fill(0);
    const stamps = this.#stamps && new Array<number>(size).fill(0);
    for (let i = 0; i < this.#length; i++) {
      const at = (this.#head + i) & mask;
      ring[i] = this.#ring[at];
      bytes[i] = this.#bytes[at] as number;
      if (stamps !== undefined) stamps[i] = this.#stamps?.[at] as number;
    }
    this.#ring = ring;
    this.#bytes = bytes;
    this.#stamps = stamps;
    this.#head = 0;
  }
}

function holds(message: Term, place: number, atom: Atom): boolean {
  return Array.isArray(message) && message[place] === atom;
}
