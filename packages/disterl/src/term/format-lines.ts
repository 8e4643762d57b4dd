import { separatorOf, writeLine } from "./format-line.ts";
import type { Container, FormatNode, Leaf, Pair } from "./format-node.ts";
import { isAtomic } from "./format-node.ts";
import type { TextOutput } from "./text-output.ts";

/** Where something is put. */
interface Place {
  /** The column it begins in, from 1. */
  readonly column: number;
  /** How far lines that follow are indented. */
  readonly indent: number;
  /** How many closing brackets follow at once. */
  readonly closing: number;
  /** Characters on the line before it, indentation apart. */
  readonly used: number;
}

/** The items of a container being laid out. */
interface Items {
  readonly node: Container;
  readonly start: Place;
  next: number;
  column: number;
  used: number;
  /** The first item is put like the others, after a comma: the tag of a tuple stands before it. */
  follows: boolean;
}

/** A pair whose key is written and whose value comes on the next line. */
interface Value {
  readonly value: FormatNode;
  readonly place: Place;
}

type Task = Items | Value;

/**
 * Breaks a term into lines as `io_lib:format("~p")` does: as much on a line as fits of what is atomic,
 * everything else on a line of its own, under the item before it. The elements after the tag of a tuple
 * stand after the tag, unless that would leave less than half of the width somewhere in the term: then
 * 4 columns in, or if that is too much as well, 1 column in.
 *
 * Source: OTP's manual of `io:format/3` and what it prints.
 * @internal
 */
export class LineLayout {
  readonly #root: FormatNode;
  readonly #width: number;
  readonly #output: TextOutput | undefined;
  /** How far the elements after a tag are indented; negative: as far as the tag is wide. */
  readonly #tagIndent: number;
  readonly #tasks: Task[] = [];
  #tooDeep = false;

  private constructor(
    root: FormatNode,
    width: number,
    tagIndent: number,
    output: TextOutput | undefined,
  ) {
    this.#root = root;
    this.#width = width;
    this.#tagIndent = tagIndent;
    this.#output = output;
  }

  static write(root: FormatNode, width: number, output: TextOutput): void {
    if (root.length < width - 1) {
      writeLine(root, output);
      return;
    }
    const fits = (indent: number) => !new LineLayout(root, width, indent, undefined).#run();
    new LineLayout(root, width, [-1, 4].find(fits) ?? 1, output).#run();
  }

  /** True when it stopped because too little of the width is left. */
  #run(): boolean {
    this.#put(this.#root, { column: 1, indent: 0, closing: 0, used: 0 });
    for (let task = this.#tasks.at(-1); task !== undefined; task = this.#tasks.at(-1)) {
      if (this.#tooDeep || this.#output?.full === true) break;
      if ("value" in task) {
        this.#tasks.pop();
        this.#write(" =>");
        this.#output?.newLine(task.place.indent);
        this.#put(task.value, task.place);
      } else {
        this.#proceed(task);
      }
    }
    return this.#tooDeep;
  }

  #fits(node: FormatNode, { column, closing, used }: Place): boolean {
    return (
      node.length < this.#width - column - closing &&
      node.length + used + closing <= this.#root.length
    );
  }

  /** Writes a node: on the line when it fits, in several lines otherwise. */
  #put(node: FormatNode, place: Place): void {
    if (this.#fits(node, place)) {
      this.#writeLine(node);
      return;
    }
    switch (node.kind) {
      case "leaf":
        this.#write(node.text);
        return;
      case "bytes":
        this.#putBytes(node, place);
        return;
      case "pair":
        this.#putPair(node, place);
        return;
      case "field":
        this.#putField(node, place);
        return;
      case "record":
        this.#openRecord(node, place);
        return;
      default:
        this.#write(node.open);
        if (node.tagged) this.#openTagged(node, place);
        else this.#open(node, shift(place, node.openLength, 1));
    }
  }

  #open(node: Container, start: Place, from = 0): void {
    const { column, used } = start;
    this.#tasks.push({ node, start, next: from, column, used, follows: false });
  }

  /** Goes on with a container until an item needs lines of its own. */
  #proceed(task: Items): void {
    const { node } = task;
    const depth = this.#tasks.length;
    while (task.next < node.items.length && this.#tasks.length === depth) this.#putNext(task);
    if (this.#tasks.length !== depth) return;
    if (node.tail !== undefined && task.next === node.items.length) {
      task.next += 1;
      this.#putTail(task, node.tail);
      if (this.#tasks.length !== depth) return;
    }
    this.#tasks.pop();
    this.#write(node.close);
  }

  #putNext(task: Items): void {
    const { node, start } = task;
    const item = node.items[task.next++] as FormatNode;
    const closing = task.next === node.items.length ? start.closing + 1 : 0;
    if (!task.follows) {
      task.follows = true;
      const width = this.#putItem(item, { ...start, closing });
      task.column = start.column + width;
      task.used = node.kind === "map" ? width : start.used + width;
      return;
    }
    this.#write(",");
    if (isAtomic(item) && this.#fitsAfter(item, task, Math.max(closing, 1))) {
      this.#writeLine(item);
      task.column += item.length + 1;
      task.used += item.length + 1;
    } else {
      this.#output?.newLine(start.indent);
      const width = this.#putItem(item, { ...start, closing, used: 0 });
      task.column = start.column + width;
      task.used = width;
    }
  }

  #putTail(task: Items, tail: FormatNode): void {
    const { start } = task;
    const closing = start.closing + 1;
    this.#write("|");
    if (isAtomic(tail) && this.#fitsAfter(tail, task, closing)) {
      this.#writeLine(tail);
    } else {
      this.#output?.newLine(start.indent);
      this.#put(tail, { ...start, closing, used: 0 });
    }
  }

  /** Whether an item and the separator before it fit on the line of the item before. */
  #fitsAfter(item: FormatNode, task: Items, closing: number): boolean {
    return this.#fits(item, {
      column: task.column + 1,
      indent: task.start.indent,
      closing,
      used: task.used + 1,
    });
  }

  /** How much of the line is taken then: all of it, unless the item is atomic and fits. */
  #putItem(item: FormatNode, place: Place): number {
    const short = isAtomic(item) && this.#fits(item, place);
    this.#put(item, place);
    return short ? item.length : this.#width;
  }

  /** A tuple whose first element is an atom, and which has others. */
  #openTagged(node: Container, place: Place): void {
    const tag = node.items[0] as Leaf;
    const afterTag = tag.length + 2;
    const half = Math.floor(this.#width / 2);
    this.#write(tag.text);
    if (this.#tagIndent > 0 && afterTag > this.#tagIndent) {
      const start = shift(place, this.#tagIndent, tag.length + 1);
      this.#check(start.column, start.column > half);
      const column = place.column + afterTag;
      this.#tasks.push({ node, start, next: 1, column, used: start.used, follows: true });
    } else {
      const start = shift(place, afterTag, tag.length + 2);
      this.#check(start.column + 1, start.column >= half);
      this.#write(",");
      this.#open(node, start, 1);
    }
  }

  #openRecord(node: Container, place: Place): void {
    this.#write(node.open);
    const used = place.used + node.openLength;
    this.#open(node, this.#afterName(node.openLength, { ...place, used }));
  }

  /** Where what follows the name of a record or field is put: on the line, or on the next one. */
  #afterName(length: number, place: Place): Place {
    const breaks = this.#tagIndent > 0 && length > this.#tagIndent;
    const by = breaks ? this.#tagIndent : length;
    const column = place.column + by;
    const indent = place.indent + by;
    this.#check(column, column > Math.floor(this.#width / 2));
    if (breaks) this.#output?.newLine(indent);
    return { column, indent, closing: place.closing, used: breaks ? 0 : place.used };
  }

  #putPair(pair: Pair, place: Place): void {
    const by = this.#tagIndent > 0 ? this.#tagIndent : 4;
    const { column, indent, closing } = place;
    const valuePlace = { column: column + by, indent: indent + by, closing, used: 0 };
    this.#tasks.push({ value: pair.value, place: valuePlace });
    this.#put(pair.key, place);
  }

  #putField(pair: Pair, place: Place): void {
    const length = pair.key.length + separatorOf(pair).length;
    this.#writeLine(pair.key);
    const breaks = this.#tagIndent > 0 && length > this.#tagIndent;
    this.#write(breaks ? " =" : " = ");
    this.#put(pair.value, this.#afterName(length, { ...place, used: place.used + length }));
  }

  /** When only trying out: notes that too little is left for the items that begin in a column. */
  #check(column: number, beyondHalf: boolean): void {
    if (this.#output !== undefined) return;
    this.#tooDeep ||= beyondHalf && this.#root.length + column > this.#width;
  }

  /** A binary as numbers: broken after commas. */
  #putBytes(node: Leaf, place: Place): void {
    if (this.#output === undefined) return;
    const column = place.column + 2;
    const left = Math.min(this.#width - column, this.#root.length - 4 - place.used);
    const room = Math.max(8, left - place.closing);
    const segments = node.text.slice(2, -2).split(",");
    let free = room;
    this.#write("<<");
    for (const [at, segment] of segments.entries()) {
      const text = at + 1 < segments.length ? `${segment},` : segment;
      if (text.length > free) {
        this.#output.newLine(place.indent + 2);
        free = room;
      }
      this.#write(text);
      free -= text.length;
    }
    this.#write(">>");
  }

  #write(text: string): void {
    this.#output?.write(text);
  }

  #writeLine(node: FormatNode): void {
    if (this.#output !== undefined) writeLine(node, this.#output);
  }
}

/** A place further right, on the same line. */
function shift(place: Place, by: number, used: number): Place {
  return {
    column: place.column + by,
    indent: place.indent + by,
    closing: place.closing,
    used: place.used + used,
  };
}
