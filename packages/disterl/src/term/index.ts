/**
 * Erlang terms as JavaScript values: making them, telling them apart, equality, order and hashes as
 * Erlang's, printing like `~p` and reading like `file:consult`. {@link Term} has the table.
 *
 * @module
 */
export { Atom, atom, atomCount, atomOrBoolean, atoms, MAX_ATOM_CHARACTERS } from "./atom.ts";
export { Binary, bytesOf, isBinary, text } from "./binary.ts";
export { BitString } from "./bitstring.ts";
export { TermSyntaxError } from "./errors.ts";
export { type MfaCall, parseMfa } from "./parse-call.ts";
export { parseTerm, parseTerms } from "./parse-term.ts";
export { compareTerms } from "./compare-terms.ts";
export { equalTerms, equalTermsLoosely } from "./equal-terms.ts";
export { Float, float } from "./float.ts";
export type { CharacterRange } from "./format-text.ts";
export { type FormatOptions, formatTerm } from "./format-term.ts";
export { ExternalFun, OpaqueFun, type OpaqueFunFields } from "./fun.ts";
export { hashTerm } from "./hash-term.ts";
export { charlist, charlistToString, ImproperList, isList, type List } from "./list.ts";
export { LocalTerm } from "./local-term.ts";
export { isMatch, match, type Matched, Matcher, type Pattern, type TuplePattern } from "./match.ts";
export { NativeRecord } from "./native-record.ts";
export { phash2Term } from "./phash2-term.ts";
export { Pid } from "./pid.ts";
export { Port } from "./port.ts";
export { Reference } from "./reference.ts";
export { isTaggedTuple, type TaggedTuple } from "./tagged-tuple.ts";
export type { Term } from "./term.ts";
export { mapOf, TermMap } from "./term-map.ts";
export { type AnyTuple, isTuple, type TermsOf, type Tuple, t, tupleFrom } from "./tuple.ts";
