/** What must not reach a terminal or a log as it is: controls, bidi controls, line separators, halves. */
const UNPRINTABLE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufffe\uffff]|\\/gu;

function escaped(character: string): string {
  if (character === "\\") return "\\\\";
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/**
 * Text that a peer sent, made safe to show: one line, no control characters, no direction marks,
 * at most `maximum` characters of it. A backslash is doubled, so the result is unambiguous.
 *
 *     printable("x\n\u001b[2Jy")  // => x\n\u{1b}[2Jy   (with real backslashes)
 */
export function printable(text: string, maximum = 256): string {
  const cut = text.length > maximum ? text.slice(0, maximum) : text;
  const shown = cut.replace(UNPRINTABLE, escaped);
  return text.length > maximum ? `${shown}… (${text.length} characters)` : shown;
}
