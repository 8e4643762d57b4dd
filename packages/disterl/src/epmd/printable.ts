const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\ufffd]/gu;

/**
 * Text from a peer, made safe to print: control characters, invisible format characters and
 * undecodable bytes become `\x1b`, `\u{202e}`, …, so that nobody can forge lines or drive a terminal.
 *
 * @param keep characters that are left as they are, such as `"\n"`.
 */
export function printable(text: string, keep = ""): string {
  return text.replace(UNSAFE, (character) => {
    if (keep.includes(character)) return character;
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}
