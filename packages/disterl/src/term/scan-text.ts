import { isCharacter, type TextCursor } from "./text-cursor.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

const namedEscapes: Readonly<Record<string, string>> = {
  b: "\b",
  d: "\x7f",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  s: " ",
  t: "\t",
  v: "\v",
};

/** Reads text up to a closing delimiter, which is not part of it; the opening one has been read. @internal */
export function scanDelimited(
  cursor: TextCursor,
  close: string,
  escapes: boolean,
  what: string,
): string {
  const parts: string[] = [];
  const end = close.charCodeAt(0);
  let start = cursor.at;
  for (;;) {
    const code = cursor.code();
    if (Number.isNaN(code)) throw cursor.error(cursor.at, `${close} at the end of the ${what}`);
    if (code === end) break;
    if (code === BACKSLASH && escapes) {
      parts.push(cursor.text.slice(start, cursor.at));
      cursor.at += 1;
      parts.push(scanEscape(cursor));
      start = cursor.at;
    } else if (code < 0xd800) {
      cursor.at += 1;
    } else {
      cursor.character("a character");
    }
  }
  parts.push(cursor.text.slice(start, cursor.at));
  cursor.at += 1;
  return parts.join("");
}

/** Reads what follows a backslash. @internal */
export function scanEscape(cursor: TextCursor): string {
  const start = cursor.at;
  const character = cursor.character("a character after the backslash");
  if (character === "x") return hexEscape(cursor, start);
  if (character === "^") return controlEscape(cursor);
  if (character >= "0" && character <= "7") {
    while (cursor.at - start < 3 && cursor.code() >= 0x30 && cursor.code() <= 0x37) cursor.at += 1;
    return String.fromCodePoint(Number.parseInt(cursor.text.slice(start, cursor.at), 8));
  }
  return namedEscapes[character] ?? character;
}

/** `\xHH` or `\x{H…}`. */
function hexEscape(cursor: TextCursor, start: number): string {
  const pattern = /\{([\da-fA-F]{1,8})\}|([\da-fA-F]{2})/y;
  pattern.lastIndex = cursor.at;
  const match = pattern.exec(cursor.text);
  const code = match === null ? -1 : Number.parseInt((match[1] ?? match[2]) as string, 16);
  if (match === null || !isCharacter(code)) {
    throw cursor.error(start, "a character as x and two digits, or x and digits in braces");
  }
  cursor.at = pattern.lastIndex;
  return String.fromCodePoint(code);
}

/** `\^A` to `\^_`, `\^a` to `\^z`, `\^?`. */
function controlEscape(cursor: TextCursor): string {
  const code = cursor.code();
  if (code === 0x3f || (code >= 0x40 && code <= 0x5f) || (code >= 0x61 && code <= 0x7a)) {
    cursor.at += 1;
    return String.fromCodePoint(code === 0x3f ? 0x7f : code & 0x1f);
  }
  throw cursor.error(cursor.at, "a letter or one of @[\\]^_? after \\^");
}

/** How many quotes begin here. @internal */
export function countQuotes(cursor: TextCursor): number {
  let count = 0;
  while (cursor.code(count) === QUOTE) count += 1;
  return count;
}

/**
 * Reads a triple-quoted string (OTP 27), at its three or more quotes. What stands before the closing
 * quotes is taken off every line; the line breaks after the opening and before the closing quotes are
 * not part of it.
 * @internal
 */
export function scanTripleQuoted(cursor: TextCursor, escapes: boolean): string {
  const start = cursor.at;
  const quotes = countQuotes(cursor);
  cursor.at += quotes;
  const opening = nextLine(cursor, start);
  if (opening.trim() !== "") {
    throw cursor.error(start + quotes, "a line break after the quotes of a triple-quoted string");
  }
  const closing = new RegExp(`^[ \\t]*"{${quotes}}`);
  const lines: { readonly text: string; readonly at: number }[] = [];
  for (;;) {
    const at = cursor.at;
    const end = closing.exec(cursor.text.slice(at, lineEnd(cursor)));
    if (end !== null) {
      cursor.at = at + end[0].length;
      return joinLines(cursor, lines, end[0].slice(0, -quotes), escapes);
    }
    lines.push({ text: nextLine(cursor, start), at });
  }
}

function lineEnd(cursor: TextCursor): number {
  const end = cursor.text.indexOf("\n", cursor.at);
  return end === -1 ? cursor.text.length : end;
}

/** Reads a line with its break. */
function nextLine(cursor: TextCursor, start: number): string {
  const end = lineEnd(cursor);
  if (end === cursor.text.length) {
    const found = "the end of the text";
    throw cursor.error(start, "a triple-quoted string that ends", undefined, found);
  }
  const line = cursor.text.slice(cursor.at, end + 1);
  cursor.at = end + 1;
  return line;
}

function joinLines(
  cursor: TextCursor,
  lines: readonly { readonly text: string; readonly at: number }[],
  indentation: string,
  escapes: boolean,
): string {
  const { at: end } = cursor;
  const stripped = lines.map(({ text, at }) => {
    if (!text.startsWith(indentation)) {
      // A blank line may be shorter than the indentation.
      if (text.trim() === "") return text.replace(/^[ \t]+/, "");
      throw cursor.error(at, "the indentation of the closing quotes");
    }
    return escapes
      ? unescapeLine(cursor, at + indentation.length, at + text.length)
      : text.slice(indentation.length);
  });
  cursor.at = end;
  return stripped.join("").replace(/\r?\n$/, "");
}

function unescapeLine(cursor: TextCursor, start: number, end: number): string {
  const parts: string[] = [];
  cursor.at = start;
  for (;;) {
    const next = cursor.text.indexOf("\\", cursor.at);
    if (next === -1 || next >= end) break;
    parts.push(cursor.text.slice(cursor.at, next));
    cursor.at = next + 1;
    parts.push(scanEscape(cursor));
  }
  parts.push(cursor.text.slice(cursor.at, end));
  return parts.join("");
}
