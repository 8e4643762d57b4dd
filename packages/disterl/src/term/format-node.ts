import { BitString } from "./bitstring.ts";
import type { Binary } from "./binary.ts";
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
import { displayLength } from "./format-text.ts";
import type { ImproperList } from "./list.ts";
import { HOLE, type MapEntries } from "./map-entries.ts";
import type { NativeRecord } from "./native-record.ts";
import type { Term } from "./term.ts";
import { Kind, kindOf } from "./term-kind.ts";

/** @internal */
export interface NodeStyle extends LeafStyle {
  /** Show lists and binaries of printable characters as text. */
  readonly strings: boolean;
  /** Containers below so many others are shown as `...`. */
  readonly maxDepth: number;
  readonly sortKeys: boolean;
}

/** Written as it is, never broken. @internal */
export interface Leaf {
  readonly kind: "leaf" | "bytes";
  readonly text: string;
  readonly length: number;
}

/** `Key => Value`, or `Name = Value` in a record. @internal */
export interface Pair {
  readonly kind: "pair" | "field";
  readonly key: FormatNode;
  readonly value: FormatNode;
  readonly length: number;
}

/** @internal */
export interface Container {
  readonly kind: "list" | "tuple" | "map" | "record";
  /** What stands before the items: `[`, `{`, `#{`, `#m:r{`. */
  readonly open: string;
  readonly openLength: number;
  /** A tuple whose first element is an atom, and which has others. */
  readonly tagged: boolean;
  readonly items: FormatNode[];
  /** Of an improper list. */
  tail: FormatNode | undefined;
  /** On one line, open and close included. */
  length: number;
}

/** A term measured for printing. @internal */
export type FormatNode = Leaf | Pair | Container;

/** Whether a node is as good as one word, so that others may follow on its line. @internal */
export function isAtomic(node: FormatNode): boolean {
  switch (node.kind) {
    case "leaf":
      return true;
    case "pair":
      return node.key.kind === "leaf" && node.value.kind === "leaf";
    case "field":
      return node.value.kind === "leaf";
    default:
      return false;
  }
}

interface Frame {
  readonly node: Container;
  /** Of a map: keys and values by turns. */
  readonly parts: readonly Term[];
  /** Names of a record's fields. */
  readonly names: readonly FormatNode[];
  readonly hasTail: boolean;
  next: number;
  /** The key whose value comes next. */
  key: FormatNode | undefined;
}

/** Measures a term, of any depth. @internal */
export function makeNode(term: Term, style: NodeStyle): FormatNode {
  const frames: Frame[] = [];
  let made = visit(term, style, frames);
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    if (made !== undefined) place(frame, made);
    if (frame.next < frame.parts.length) {
      made = visit(frame.parts[frame.next++] as Term, style, frames);
    } else {
      frames.pop();
      made = frame.node;
    }
  }
  return made as FormatNode;
}

/** Puts a finished part where it belongs in its container. */
function place(frame: Frame, made: FormatNode): void {
  const { node } = frame;
  if (node.kind === "map" && frame.key === undefined) {
    frame.key = made;
    return;
  }
  if (frame.hasTail && frame.next === frame.parts.length) {
    node.tail = made;
    node.length += made.length + 1;
    return;
  }
  const item = paired(frame, made);
  if (node.items.length > 0) node.length += 1;
  node.items.push(item);
  node.length += item.length;
}

function paired(frame: Frame, value: FormatNode): FormatNode {
  if (frame.key !== undefined) {
    const key = frame.key;
    frame.key = undefined;
    return { kind: "pair", key, value, length: key.length + 4 + value.length };
  }
  const name = frame.names[frame.node.items.length];
  if (name === undefined) return value;
  return { kind: "field", key: name, value, length: name.length + 3 + value.length };
}

/** The node of a term, or undefined when its parts have to be made first: they are in a new frame. */
function visit(term: Term, style: NodeStyle, frames: Frame[]): FormatNode | undefined {
  const kind = kindOf(term);
  switch (kind) {
    case Kind.tuple:
      return enter("tuple", "{", term as readonly Term[], false, style, frames);
    case Kind.list: {
      const list = term as readonly Term[];
      const text = style.strings ? formatString(list, style) : undefined;
      return text !== undefined ? leaf(text) : enter("list", "[", list, false, style, frames);
    }
    case Kind.improperList: {
      const { items, tail } = term as ImproperList;
      return enter("list", "[", [...items, tail], true, style, frames);
    }
    case Kind.map:
      return enter(
        "map",
        "#{",
        mapParts(term as unknown as MapEntries, style),
        false,
        style,
        frames,
      );
    case Kind.record: {
      const record = term as NativeRecord;
      const open = `#${formatAtom(record.module, style)}:${formatAtom(record.name, style)}{`;
      const values = record.fields.map(([, value]) => value);
      const names = record.fields.map(([name]) => leaf(formatAtom(name, style)));
      return enter("record", open, values, false, style, frames, names);
    }
    case Kind.binary:
    case Kind.bitString:
      return binaryNode(term as string | Uint8Array | Binary | BitString, style);
    default:
      return leaf(formatLeaf(kind, term, style));
  }
}

function leaf(text: string): Leaf {
  return { kind: "leaf", text, length: displayLength(text) };
}

function binaryNode(term: string | Uint8Array | Binary | BitString, style: NodeStyle): Leaf {
  if (!(term instanceof BitString)) {
    const bytes = binaryBytes(term);
    if (bytes.length === 0) return leaf("<<>>");
    const text = style.strings ? formatText(bytes, style) : undefined;
    if (text !== undefined) return leaf(text);
  }
  const text = formatBytes(term);
  return { kind: "bytes", text, length: text.length };
}

function mapParts(map: MapEntries, style: NodeStyle): Term[] {
  const positions = [...map.keyArray.keys()].filter((at) => map.keyArray[at] !== HOLE);
  const key = (at: number) => map.keyArray[at] as Term;
  if (style.sortKeys) positions.sort((a, b) => compareTerms(key(a), key(b)));
  return positions.flatMap((at) => [key(at), map.valueArray[at] as Term]);
}

function enter(
  kind: Container["kind"],
  open: string,
  parts: readonly Term[],
  hasTail: boolean,
  style: NodeStyle,
  frames: Frame[],
  names: readonly FormatNode[] = [],
): FormatNode | undefined {
  const close = kind === "list" ? "]" : "}";
  if (parts.length === 0) return leaf(open + close);
  if (frames.length >= style.maxDepth) return leaf(`${open}...${close}`);
  const openLength = displayLength(open);
  const tagged = kind === "tuple" && parts.length > 1 && kindOf(parts[0] as Term) === Kind.atom;
  const node: Container = {
    kind,
    open,
    openLength,
    tagged,
    items: [],
    tail: undefined,
    length: openLength + 1,
  };
  frames.push({ node, parts, names, hasTail, next: 0, key: undefined });
  return undefined;
}
