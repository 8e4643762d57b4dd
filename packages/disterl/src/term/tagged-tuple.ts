import { Atom } from "./atom.ts";
import type { Term } from "./term.ts";
import { isTuple, type TermsOf, type Tuple } from "./tuple.ts";

/** A tuple of `Arity` elements whose first one is the atom `Tag`: `{ok, Value}`, `{error, Reason}`. */
export type TaggedTuple<Tag extends string, Arity extends number> =
  TermsOf<Arity> extends readonly [Term, ...infer Rest extends readonly Term[]]
    ? Tuple<readonly [Atom<Tag>, ...Rest]>
    : never;

/**
 * Whether a term is a tuple with this atom in front and this many elements, the atom counted: the
 * shape of most messages and answers in Erlang.
 *
 *     const answer = await node.call(server, request);
 *     if (isTaggedTuple(answer, "ok", 2)) {
 *       const [, value] = answer; // value: Term
 *     }
 *
 * `true` and `false` are no atoms here and never a tag.
 */
export function isTaggedTuple<const Tag extends string, const Arity extends number>(
  value: unknown,
  tag: Tag,
  arity: Arity,
): value is TaggedTuple<Tag, Arity> {
  if (!isTuple(value) || value.length !== arity) return false;
  const [first] = value;
  return first instanceof Atom && first.text === tag;
}
