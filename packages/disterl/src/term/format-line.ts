import type { Container, FormatNode, Pair } from "./format-node.ts";
import type { TextOutput } from "./text-output.ts";

/** Writes a node on one line. @internal */
export function writeLine(root: FormatNode, output: TextOutput): void {
  const pending: (FormatNode | string)[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (output.full) return;
    if (typeof node === "string") output.write(node);
    else writeNode(node, output, pending);
  }
}

function writeNode(node: FormatNode, output: TextOutput, pending: (FormatNode | string)[]): void {
  switch (node.kind) {
    case "leaf":
    case "bytes":
      output.write(node.text);
      return;
    case "pair":
    case "field":
      pending.push(node.value, separatorOf(node), node.key);
      return;
    default:
      output.write(node.open);
      pushItems(node, pending);
  }
}

function pushItems(node: Container, pending: (FormatNode | string)[]): void {
  pending.push(node.close);
  if (node.tail !== undefined) pending.push(node.tail, "|");
  for (let i = node.items.length - 1; i >= 0; i--) {
    pending.push(node.items[i] as FormatNode);
    if (i > 0) pending.push(",");
  }
}

/** What stands between key and value on one line. @internal */
export function separatorOf(pair: Pair): string {
  return pair.kind === "pair" ? " => " : " = ";
}
