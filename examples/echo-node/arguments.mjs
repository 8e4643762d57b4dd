import { atoms, ErlangError, isMatch, match, t } from "disterl";

const NAME_AND_NODE = t(match.atom, match.atom);

/** `error(badarg)` */
export function badarg() {
  throw new ErlangError(atoms.badarg);
}

/** The term, if it is one of those; else `badarg`. */
export function expected(pattern, term) {
  return isMatch(term, pattern) ? term : badarg();
}

/** A name here, `{Name, Node}`, or what `pattern` admits besides, as the library wants it. */
export function destination(term, pattern) {
  if (!isMatch(term, NAME_AND_NODE)) return expected(match.oneOf(match.atom, pattern), term);
  const [name, node] = term;
  return { name, node };
}
