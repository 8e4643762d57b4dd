import { TermSyntaxError } from "./errors.ts";
import { quote } from "./format-text.ts";

/** How much of the text an error shows. */
const SHOWN = 24;

/** A text and how far it has been read. @internal */
export class TextCursor {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The code unit at the cursor (or some way ahead), NaN at the end. */
  code(ahead = 0): number {
    return this.text.charCodeAt(this.at + ahead);
  }

  /** Moves over a string when it comes next. */
  skip(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }

  /** Reads the character at the cursor. */
  character(expected: string): string {
    const code = this.text.codePointAt(this.at);
    if (code === undefined) throw this.error(this.at, expected);
    const character = String.fromCodePoint(code);
    if (!isCharacter(code)) throw this.error(this.at, expected);
    this.at += character.length;
    return character;
  }

  /** An error at an offset; `found` defaults to the text there, up to `end`. */
  error(start: number, expected: string, end = start + SHOWN, found?: string): TermSyntaxError {
    const before = this.text.slice(0, start);
    const lineStart = before.lastIndexOf("\n") + 1;
    const line = before.split("\n").length;
    const column = Array.from(before.slice(lineStart)).length + 1;
    return new TermSyntaxError(line, column, expected, found ?? this.#shown(start, end));
  }

  #shown(start: number, end: number): string {
    if (start >= this.text.length) return "the end of the text";
    const shown = this.text.slice(start, Math.min(end, start + SHOWN)).split("\n")[0] ?? "";
    if (shown === "") return "the end of the line";
    return quote(shown.toWellFormed(), '"', "unicode");
  }
}

/** Whether Erlang lets a text have a code point. @internal */
export function isCharacter(code: number): boolean {
  return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
}
