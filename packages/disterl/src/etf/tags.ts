/**
 * The tags of the External Term Format: the byte that says what follows.
 *
 * The decoder and the encoder switch on the numbers themselves, which V8 turns into a jump table;
 * this table is where the numbers are named, for error messages, for tools and for the test that
 * every one of them has a vector.
 *
 * Source: erts, `erl_ext_dist`; `external.h`.
 */
export const tags = {
  RECORD_EXT: 67,
  NEW_FLOAT_EXT: 70,
  BIT_BINARY_EXT: 77,
  COMPRESSED: 80,
  ATOM_CACHE_REF: 82,
  NEW_PID_EXT: 88,
  NEW_PORT_EXT: 89,
  NEWER_REFERENCE_EXT: 90,
  SMALL_INTEGER_EXT: 97,
  INTEGER_EXT: 98,
  FLOAT_EXT: 99,
  ATOM_EXT: 100,
  REFERENCE_EXT: 101,
  PORT_EXT: 102,
  PID_EXT: 103,
  SMALL_TUPLE_EXT: 104,
  LARGE_TUPLE_EXT: 105,
  NIL_EXT: 106,
  STRING_EXT: 107,
  LIST_EXT: 108,
  BINARY_EXT: 109,
  SMALL_BIG_EXT: 110,
  LARGE_BIG_EXT: 111,
  NEW_FUN_EXT: 112,
  EXPORT_EXT: 113,
  NEW_REFERENCE_EXT: 114,
  SMALL_ATOM_EXT: 115,
  MAP_EXT: 116,
  FUN_EXT: 117,
  ATOM_UTF8_EXT: 118,
  SMALL_ATOM_UTF8_EXT: 119,
  V4_PORT_EXT: 120,
  LOCAL_EXT: 121,
} as const;

/** Names of the format's tags. */
export type TagName = keyof typeof tags;

/** The byte before a term that stands alone: the version of the format. */
export const VERSION_MAGIC = 131;

const names = new Map<number, TagName>(
  Object.entries(tags).map(([name, tag]) => [tag, name as TagName]),
);

/** `BINARY_EXT (109)`; `tag 200` where there is no such tag. */
export function tagName(tag: number): string {
  const name = names.get(tag);
  return name === undefined ? `tag ${tag}` : `${name} (${tag})`;
}
