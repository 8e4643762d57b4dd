/** Says whether a text is one of those that a pattern stands for. */
export type Matcher = (text: string) => boolean;

/**
 * A pattern in which `*` stands for any characters, except for `stop` where one is given:
 * `globMatcher("app@*", "@")`. Takes time in proportion to pattern and text, whatever they are.
 */
export function globMatcher(pattern: string, stop?: string): Matcher {
  if (!pattern.includes("*")) return (text) => text === pattern;
  const parts = pattern.split("*");
  const first = parts.shift() ?? "";
  const last = parts.pop() ?? "";
  return (text) => {
    if (text.length < first.length + last.length) return false;
    if (!text.startsWith(first) || !text.endsWith(last)) return false;
    const end = text.length - last.length;
    let at = first.length;
    let between = "";
    // The leftmost place for each part leaves the most room for those behind it.
    for (const part of parts) {
      const found = text.indexOf(part, at);
      if (found === -1 || found + part.length > end) return false;
      between += text.slice(at, found);
      at = found + part.length;
    }
    between += text.slice(at, end);
    return stop === undefined || !between.includes(stop);
  };
}

/** Matches what one of them does. */
export function oneOf(matchers: readonly Matcher[]): Matcher {
  return (text) => matchers.some((matcher) => matcher(text));
}
