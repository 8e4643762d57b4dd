import { inspect } from "node:util";
import { formatTerm, type Term } from "disterl/term";
import { expect } from "vitest";

/**
 * What a `// => expected` comment claims: the value is the one that `expected` says as JavaScript, or
 * it prints like it (as text, by `inspect`, or as an Erlang term by `~w` or `~p`; `…` stands for
 * anything).
 * `// => throws ERR_X` claims an error with that code or message.
 */
export async function check(
  actual: () => unknown,
  expected: () => unknown,
  text: string,
  where: string,
): Promise<void> {
  const thrown = /^throws (.*)$/.exec(text)?.[1];
  if (thrown !== undefined) {
    const error: unknown = await Promise.resolve()
      .then(actual)
      .catch((reason: unknown) => reason);
    const { code, message } = (error ?? {}) as { code?: string; message?: string };
    expect(`${code}: ${message}`, where).toContain(thrown);
    return;
  }
  const value = await actual();
  if (printsLike(value, text)) return;
  let wanted: unknown;
  try {
    wanted = expected();
  } catch {
    wanted = text; // a word that is no JavaScript: only the printed forms count
  }
  expect(value, `${where}: ${text}`).toEqual(wanted ?? text);
}

function printsLike(value: unknown, text: string): boolean {
  const quoted = text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(/\s+/g, "\\s*");
  const pattern = new RegExp(`^\\s*${quoted.replaceAll("…", ".*")}\\s*$`, "su");
  const printed = [String(value), inspect(value)];
  try {
    const term = value as Term;
    printed.push(formatTerm(term), formatTerm(term, { pretty: true, width: 1000 }));
  } catch {
    // not a term
  }
  return printed.some((one) => pattern.test(one));
}
