import { ImproperList } from "./list.ts";
import type { Term } from "./term.ts";

/**
 * A list not handed on yet, last element first: so that it can become the tail of another one without
 * being copied, and nested `[a|[b|[c]]]` takes linear time.
 * @internal
 */
export class ListDraft {
  readonly reversed: Term[];
  tail: Term | undefined;
  /** Set when it is a string, which is something else than a list inside a binary. */
  readonly text: string | undefined;

  constructor(reversed: Term[], tail: Term | undefined, text?: string) {
    this.reversed = reversed;
    this.tail = tail;
    this.text = text;
  }

  finish(): Term {
    const items = this.reversed.reverse();
    return this.tail === undefined ? items : new ImproperList(items, this.tail);
  }
}

/** The list of a text's code points. @internal */
export function stringDraft(text: string): ListDraft {
  const reversed: Term[] = Array.from(text, (character) => character.codePointAt(0) as number);
  return new ListDraft(reversed.reverse(), undefined, text);
}

/** The term itself. @internal */
export function plain(term: Term | ListDraft): Term {
  return term instanceof ListDraft ? term.finish() : term;
}
