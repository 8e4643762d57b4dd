import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/**
 * Asks at the terminal; what is typed is not shown. The question goes to standard error: standard
 * output is for data.
 * @returns `undefined` where there is no terminal, or nothing was typed before its end.
 */
export async function askSecret(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const gone = new AbortController();
  terminal.once("close", () => gone.abort());
  // The terminal is raw while it is read: the key of SIGINT comes here.
  terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const interrupted = (): void => gone.abort();
  process.once("SIGINT", interrupted);
  try {
    return await terminal.question("", { signal: gone.signal });
  } catch {
    return undefined;
  } finally {
    process.off("SIGINT", interrupted);
    terminal.close();
    process.stderr.write("\n");
  }
}
