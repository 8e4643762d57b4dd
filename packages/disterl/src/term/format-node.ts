import { dissect, type PartStyle, type Parts } from "./dissect.ts";
import { displayLength } from "./format-text.ts";
import type { Term } from "./term.ts";
import { Kind, kindOf } from "./term-kind.ts";

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
  readonly close: string;
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
  readonly parts: Parts;
  next: number;
  /** The key whose value comes next. */
  key: FormatNode | undefined;
}

/**
 * Measures a term, of any depth.
 * @param enough after so many characters the rest of the term is left away.
 * @internal
 */
export function makeNode(term: Term, style: PartStyle, enough: number): FormatNode {
  const frames: Frame[] = [];
  let written = 0;
  let made = visit(term, style, frames);
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    if (made !== undefined) place(frame, made);
    if (frame.next < frame.parts.parts.length && written <= enough) {
      made = visit(frame.parts.parts[frame.next++] as Term, style, frames);
      written += made?.length ?? 1;
    } else {
      if (frame.key !== undefined) place(frame, leaf("leaf", "..."));
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
  if (frame.parts.hasTail && frame.next === frame.parts.parts.length) {
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
  const name = frame.parts.names[frame.node.items.length];
  if (name === undefined) return value;
  const key = leaf("leaf", name);
  return { kind: "field", key, value, length: key.length + 3 + value.length };
}

/** The node of a term, or undefined when its parts have to be made first: they are in a new frame. */
function visit(term: Term, style: PartStyle, frames: Frame[]): FormatNode | undefined {
  const parts = dissect(term, style, frames.length);
  if ("text" in parts) return leaf(parts.kind, parts.text);
  const { kind, open, close } = parts;
  const openLength = displayLength(open);
  const [first] = parts.parts;
  const tagged = kind === "tuple" && parts.parts.length > 1 && kindOf(first as Term) === Kind.atom;
  const length = openLength + close.length;
  const node: Container = {
    kind,
    open,
    openLength,
    close,
    tagged,
    items: [],
    tail: undefined,
    length,
  };
  frames.push({ node, parts, next: 0, key: undefined });
  return undefined;
}

function leaf(kind: "leaf" | "bytes", text: string): Leaf {
  return { kind, text, length: displayLength(text) };
}
