import { Atom } from "../term/atom.ts";
import type { Term } from "../term/term.ts";

/**
 * What `{}` is but without a prototype, so that no key means anything. (`Object.create(null)` makes
 * an object in dictionary mode, several times slower to fill.)
 */
const PlainObject = function PlainObject() {} as unknown as new () => Record<string, Term>;
PlainObject.prototype = Object.freeze(Object.create(null));

/**
 * An object with the entries of a map whose keys are atoms or strings; undefined where a key is
 * something else, or two keys have one text.
 */
export function objectOfMap(
  keys: readonly Term[],
  values: readonly Term[],
): Record<string, Term> | undefined {
  const object = new PlainObject();
  const count = keys.length;
  for (let i = 0; i < count; i++) {
    const key = keys[i];
    const name = typeof key === "string" ? key : key instanceof Atom ? key.text : undefined;
    if (name === undefined) return undefined;
    object[name] = values[i] as Term;
  }
  // Cheaper than to look for every key before it is set.
  return Object.keys(object).length === count ? object : undefined;
}

/** The same text, in the form in which V8 compares property names by address. */
export function asPropertyName(text: string): string {
  return Object.keys({ [text]: 0 })[0] as string;
}
