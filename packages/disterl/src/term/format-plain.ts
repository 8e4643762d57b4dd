import { dissect, type PartStyle, type Parts } from "./dissect.ts";
import type { Term } from "./term.ts";
import type { TextOutput } from "./text-output.ts";

interface Frame {
  readonly parts: Parts;
  next: number;
}

/** Writes a term on one line, of any depth, without measuring it first. @internal */
export function writePlain(term: Term, style: PartStyle, output: TextOutput): void {
  const frames: Frame[] = [];
  begin(term, style, output, frames);
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    if (output.full) return;
    const { parts } = frame;
    if (frame.next < parts.parts.length) {
      const at = frame.next++;
      output.write(separator(parts, at));
      begin(parts.parts[at] as Term, style, output, frames);
    } else {
      output.write(parts.close);
      frames.pop();
    }
  }
}

function begin(term: Term, style: PartStyle, output: TextOutput, frames: Frame[]): void {
  const parts = dissect(term, style, frames.length);
  if ("text" in parts) {
    output.write(parts.text);
  } else {
    output.write(parts.open);
    frames.push({ parts, next: 0 });
  }
}

/** What stands before a part. */
function separator({ kind, parts, hasTail, names }: Parts, at: number): string {
  if (kind === "map" && at % 2 === 1) return " => ";
  const comma = at === 0 ? "" : ",";
  if (kind === "record") return `${comma}${names[at]} = `;
  return hasTail && at === parts.length - 1 ? "|" : comma;
}
