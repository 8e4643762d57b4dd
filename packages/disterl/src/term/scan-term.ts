import { type Atom, atomOrBoolean, MAX_ATOM_CHARACTERS } from "./atom.ts";
import type { Float } from "./float.ts";
import { isNameCode, scanNumber } from "./scan-number.ts";
import { countQuotes, scanDelimited, scanEscape, scanTripleQuoted } from "./scan-text.ts";
import { TextCursor } from "./text-cursor.ts";

/** A word of term text. `start` and `end` are offsets. @internal */
export type Token = (
  | { readonly kind: "atom"; readonly value: Atom | boolean }
  | { readonly kind: "number"; readonly value: number | bigint | Float }
  | { readonly kind: "string"; readonly value: string }
  /** `~s"…"`, a list, and `~b"…"`, a binary: not joined with strings beside them. */
  | { readonly kind: "list sigil" | "binary sigil"; readonly value: string }
  | { readonly kind: "word"; readonly value: string }
  | { readonly kind: "symbol"; readonly value: string }
  | { readonly kind: "dot" }
  | { readonly kind: "end" }
) & { readonly start: number; readonly end: number };

/** Words that are no atoms unless quoted. `maybe` and `else` are taken as atoms, as OTP 25 does. */
const reservedWords = new Set(
  (
    "after and andalso band begin bnot bor bsl bsr bxor case catch cond div end fun if let not of or " +
    "orelse receive rem try when xor"
  ).split(" "),
);

/** Longer ones first. */
const symbols = ["=>", ":=", "<<", ">>", "||", "--", "++"];

const sigilDelimiters: Readonly<Record<string, string>> = {
  "(": ")",
  "[": "]",
  "{": "}",
  "<": ">",
  "/": "/",
  "|": "|",
  "'": "'",
  '"': '"',
  "`": "`",
  "#": "#",
};

/** Takes term text apart, one word at a time. @internal */
export class TermScanner extends TextCursor {
  /** Offset up to which a string was read last: another may not begin there. */
  #stringEnd = -1;

  next(): Token {
    this.#skipSpace();
    const start = this.at;
    const code = this.code();
    if (Number.isNaN(code)) return { kind: "end", start, end: start };
    if (code >= 0x30 && code <= 0x39) {
      return { kind: "number", value: scanNumber(this), start, end: this.at };
    }
    if (isNameCode(code)) return this.#name(start);
    switch (this.text[start]) {
      case "'":
        this.at += 1;
        return this.#atomOf(scanDelimited(this, "'", true, "quoted atom"), start);
      case '"':
        return this.#string(start);
      case "$":
        return this.#character(start);
      case "~":
        return this.#sigil(start);
      case ".":
        if (this.#atTermEnd()) {
          this.at += 1;
          return { kind: "dot", start, end: this.at };
        }
        break;
      default:
    }
    const value = symbols.find((symbol) => this.text.startsWith(symbol, start));
    this.at += value?.length ?? 1;
    return { kind: "symbol", value: value ?? this.#oneSymbol(start), start, end: this.at };
  }

  #oneSymbol(start: number): string {
    const code = this.text.codePointAt(start) as number;
    if (code > 0x7e) throw this.error(start, "a term", start + 2);
    return String.fromCodePoint(code);
  }

  /** A point ends a term before space, a comment or the end of the text. */
  #atTermEnd(): boolean {
    const after = this.code(1);
    return Number.isNaN(after) || isSpace(after) || after === 0x25;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.code();
      if (code === 0x25) {
        const end = this.text.indexOf("\n", this.at);
        this.at = end === -1 ? this.text.length : end;
      } else if (isSpace(code)) {
        this.at += 1;
      } else {
        return;
      }
    }
  }

  #name(start: number): Token {
    while (isNameCode(this.code())) this.at += 1;
    const name = this.text.slice(start, this.at);
    const end = this.at;
    if (/^[A-Z_À-Þ@]/.test(name)) return { kind: "word", value: name, start, end };
    if (reservedWords.has(name)) return { kind: "word", value: name, start, end };
    return this.#atomOf(name, start);
  }

  #atomOf(name: string, start: number): Token {
    const end = this.at;
    if (name.length > MAX_ATOM_CHARACTERS && Array.from(name).length > MAX_ATOM_CHARACTERS) {
      throw this.error(start, `an atom of at most ${MAX_ATOM_CHARACTERS} characters`, end);
    }
    return { kind: "atom", value: atomOrBoolean(name), start, end };
  }

  #character(start: number): Token {
    this.at += 1;
    const character = this.skip("\\") ? scanEscape(this) : this.character("a character after $");
    return { kind: "number", value: character.codePointAt(0) as number, start, end: this.at };
  }

  #string(start: number): Token {
    if (start === this.#stringEnd) throw this.error(start, "space between two strings");
    let value: string;
    if (countQuotes(this) >= 3) {
      value = scanTripleQuoted(this, false);
    } else {
      this.at += 1;
      value = scanDelimited(this, '"', true, "string");
    }
    this.#stringEnd = this.at;
    return { kind: "string", value, start, end: this.at };
  }

  /** `~"…"`, `~b(…)`, `~S[…]`, …: OTP 27. */
  #sigil(start: number): Token {
    this.at += 1;
    const nameStart = this.at;
    while (isNameCode(this.code())) this.at += 1;
    const name = this.text.slice(nameStart, this.at);
    if (!["", "b", "B", "s", "S"].includes(name)) {
      throw this.error(start, "one of the sigils ~, ~b, ~B, ~s and ~S");
    }
    const open = this.text[this.at] ?? "";
    const close = sigilDelimiters[open];
    if (close === undefined) throw this.error(this.at, "the delimiter of a sigil");
    let value: string;
    if (countQuotes(this) >= 3) {
      value = scanTripleQuoted(this, name === "b" || name === "s");
    } else {
      this.at += 1;
      value = scanDelimited(this, close, name !== "B" && name !== "S", "sigil");
    }
    if (isNameCode(this.code())) throw this.error(this.at, "no suffix after a sigil");
    this.#stringEnd = this.at;
    const kind = name === "s" || name === "S" ? "list sigil" : "binary sigil";
    return { kind, value, start, end: this.at };
  }
}

function isSpace(code: number): boolean {
  return code <= 0x20 || (code >= 0x80 && code <= 0xa0);
}
