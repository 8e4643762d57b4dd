import { Atom } from "../term/atom.ts";
import { Binary } from "../term/binary.ts";
import type { Term } from "../term/term.ts";
import { utf8Text } from "./atom-table.ts";

/** The text of a binary where it is UTF-8. */
export function textOfBinary(bytes: Uint8Array, start: number, end: number): string | undefined {
  return start === end ? "" : utf8Text(bytes, start, end);
}

/**
 * What `{}` is but without a prototype, so that no key means anything. (`Object.create(null)` makes
 * an object in dictionary mode, many times slower to fill.)
 */
const PlainObject = function PlainObject() {} as unknown as new () => Record<string, Term>;
PlainObject.prototype = Object.freeze(Object.create(null));

/**
 * An object with the entries of a map whose keys are atoms or UTF-8 binaries; undefined where a key is
 * something else, or two keys have one text.
 */
export function objectOfMap(
  keys: readonly Term[],
  values: readonly Term[],
): Record<string, Term> | undefined {
  const object = new PlainObject();
  for (let i = 0; i < keys.length; i++) {
    const name = nameOfKey(keys[i] as Term);
    if (name === undefined || name in object) return undefined;
    object[name] = values[i] as Term;
  }
  return object;
}

function nameOfKey(key: Term): string | undefined {
  if (typeof key === "string") return key;
  if (key instanceof Atom) return key.text;
  if (key instanceof Binary) return utf8Text(key.source, key.start, key.start + key.length);
  return key instanceof Uint8Array ? utf8Text(key, 0, key.length) : undefined;
}
