import type { Binary } from "./binary.ts";
import { BitString } from "./bitstring.ts";
import { compareTerms } from "./compare-terms.ts";
import { binaryBytes } from "./equal-leaves.ts";
import {
  formatAtom,
  formatBytes,
  formatLeaf,
  formatString,
  formatText,
  type LeafStyle,
} from "./format-leaf.ts";
import type { ImproperList } from "./list.ts";
import type { MapEntries } from "./map-entries.ts";
import type { NativeRecord } from "./native-record.ts";
import type { Term } from "./term.ts";
import { Kind, kindOf } from "./term-kind.ts";

/** How terms are taken apart for writing. @internal */
export interface PartStyle extends LeafStyle {
  /** Show lists and binaries of printable characters as text. */
  readonly strings: boolean;
  /** Containers below so many others are shown as `...`. */
  readonly maxDepth: number;
  readonly sortKeys: boolean;
}

/** What is written in one piece. @internal */
export interface Piece {
  /** A binary as numbers may be broken after its commas. */
  readonly kind: "leaf" | "bytes";
  readonly text: string;
}

/** What is written part by part. @internal */
export interface Parts {
  readonly kind: "list" | "tuple" | "map" | "record";
  /** What stands before the items: `[`, `{`, `#{`, `#m:r{`. */
  readonly open: string;
  readonly close: string;
  /** Of a map: keys and values by turns. Not empty. */
  readonly parts: readonly Term[];
  /** The last part is the tail of an improper list. */
  readonly hasTail: boolean;
  /** The names of a record's fields; empty for all else. */
  readonly names: readonly string[];
}

/** Takes a term apart, one level. @internal */
export function dissect(term: Term, style: PartStyle, depth: number): Piece | Parts {
  const kind = kindOf(term);
  switch (kind) {
    case Kind.tuple:
      return container("tuple", "{", term as readonly Term[], style, depth);
    case Kind.list: {
      const list = term as readonly Term[];
      const text = style.strings ? formatString(list, style) : undefined;
      return text !== undefined ? piece(text) : container("list", "[", list, style, depth);
    }
    case Kind.improperList: {
      const { items, tail } = term as ImproperList;
      return container("list", "[", [...items, tail], style, depth, true);
    }
    case Kind.map:
      return container("map", "#{", mapParts(term as unknown as MapEntries, style), style, depth);
    case Kind.record: {
      const record = term as NativeRecord;
      const open = `#${formatAtom(record.module, style)}:${formatAtom(record.name, style)}{`;
      const values = record.fields.map(([, value]) => value);
      const names = record.fields.map(([name]) => formatAtom(name, style));
      return container("record", open, values, style, depth, false, names);
    }
    case Kind.binary:
    case Kind.bitString:
      return binaryPiece(term as string | Uint8Array | Binary | BitString, style);
    default:
      return piece(formatLeaf(kind, term, style));
  }
}

function piece(text: string): Piece {
  return { kind: "leaf", text };
}

function binaryPiece(term: string | Uint8Array | Binary | BitString, style: PartStyle): Piece {
  if (!(term instanceof BitString)) {
    const bytes = binaryBytes(term);
    if (bytes.length === 0) return piece("<<>>");
    const text = style.strings ? formatText(bytes, style) : undefined;
    if (text !== undefined) return piece(text);
  }
  return { kind: "bytes", text: formatBytes(term, style) };
}

function mapParts(map: MapEntries, style: PartStyle): readonly Term[] {
  const parts = map.flat();
  if (!style.sortKeys || parts.length < 4) return parts;
  const positions = Array.from({ length: parts.length / 2 }, (_, i) => i * 2);
  positions.sort((a, b) => compareTerms(parts[a] as Term, parts[b] as Term));
  return positions.flatMap((at) => [parts[at] as Term, parts[at + 1] as Term]);
}

function container(
  kind: Parts["kind"],
  open: string,
  parts: readonly Term[],
  style: PartStyle,
  depth: number,
  hasTail = false,
  names: readonly string[] = [],
): Piece | Parts {
  const close = kind === "list" ? "]" : "}";
  if (parts.length === 0) return piece(open + close);
  if (depth >= style.maxDepth) return piece(`${open}...${close}`);
  return { kind, open, close, parts, hasTail, names };
}
