/** Which characters are shown as they are: those of Latin-1, or all of Unicode. */
export type CharacterRange = "latin1" | "unicode";

/** What must be quoted though it looks like an atom. */
const reservedWords = new Set(
  (
    "after and andalso band begin bnot bor bsl bsr bxor case catch cond div else end fun if let maybe " +
    "not of or orelse receive rem try when xor"
  ).split(" "),
);

const unquotedAtom = /^[a-zß-öø-ÿ][\w@À-ÖØ-öø-ÿ]*$/;

/** What a terminal would act upon rather than show; the soft hyphen apart, which Erlang shows. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Cn}]/u;

const escapes: Readonly<Record<string, string>> = {
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  "\x1b": "\\e",
  "\x7f": "\\d",
  "\\": "\\\\",
};

/** An atom as source: quoted where it must be. @internal */
export function formatAtomText(text: string, range: CharacterRange): string {
  return unquotedAtom.test(text) && !reservedWords.has(text) ? text : quote(text, "'", range);
}

/**
 * A text in quotes. Escaped are: the quote, the backslash, controls, what the range leaves out, and
 * always what could fool a terminal or a reader (escape sequences, direction overrides, …).
 * @internal
 */
export function quote(text: string, mark: "'" | '"', range: CharacterRange): string {
  if (plainText.test(text)) return mark + text + mark;
  let quoted = mark as string;
  for (const character of text) quoted += escape(character, mark, range);
  return quoted + mark;
}

/** Needs no escape in either kind of quotes. */
const plainText = /^[ !#-&(-[\]-~]*$/;

function escape(character: string, mark: string, range: CharacterRange): string {
  const code = character.codePointAt(0) as number;
  if (character === mark) return `\\${mark}`;
  const named = escapes[character];
  if (named !== undefined) return named;
  if (code < 0xa0) {
    const printable = code >= 0x20 && code < 0x7f;
    return printable ? character : `\\${code.toString(8).padStart(3, "0")}`;
  }
  const shown = code <= 0xff || (range === "unicode" && !unsafe.test(character));
  return shown ? character : `\\x{${code.toString(16).toUpperCase()}}`;
}

/** Whether Erlang counts a code point among the printable ones. @internal */
export function isPrintable(code: number, range: CharacterRange): boolean {
  if (code < 0x20) return code === 0x1b || (code >= 0x08 && code <= 0x0d);
  if (code < 0x7f) return true;
  if (code <= 0xff) return code >= 0xa0;
  if (range === "latin1") return false;
  return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
}

const unprintable = {
  latin1: /[^\b-\r -~\xa0-\xff]/u,
  unicode: /[^\b-\r -~\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u,
};

/** Whether all of a text is printable. @internal */
export function isPrintableText(text: string, range: CharacterRange): boolean {
  return !unprintable[range].test(text.replaceAll("\x1b", ""));
}

const graphemes = new Intl.Segmenter();
const beyondLatin1 = /[^\0-\xff]/;

/** How many columns Erlang reckons with for a text: characters, as a reader counts them. @internal */
export function displayLength(text: string): number {
  if (!beyondLatin1.test(text)) return text.length;
  let length = 0;
  for (const _ of graphemes.segment(text)) length += 1;
  return length;
}
