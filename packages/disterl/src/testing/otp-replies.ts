import { OtpEvalError } from "./errors.ts";

/** The reply nobody asked for: the node is alive and reads commands. */
export const READY_ID = 0;

interface Open {
  readonly expression: string;
  readonly resolve: (values: readonly Buffer[]) => void;
  readonly reject: (error: Error) => void;
}

/** Takes the replies of the loop in `otp-node-loop.ts` out of what a node prints. */
export class OtpReplies {
  readonly #mark: string;
  readonly #open = new Map<number, Open>();
  /** Text from a mark (or the beginning of one) that has no end yet. */
  #held: string[] = [];
  #tail = "";
  #lastId = READY_ID;
  #ending: Error | undefined;

  constructor(token: string) {
    this.#mark = `<<${token} `;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** The values of the reply `id`: one for an expression. */
  wait(id: number, expression: string): Promise<readonly Buffer[]> {
    if (this.#ending !== undefined) return Promise.reject(this.#ending);
    return new Promise((resolve, reject) => {
      this.#open.set(id, { expression, resolve, reject });
    });
  }

  fail(id: number, error: Error): void {
    this.#open.get(id)?.reject(error);
    this.#open.delete(id);
  }

  /** Nothing comes any more. */
  end(error: Error): void {
    this.#ending ??= error;
    for (const id of this.#open.keys()) this.fail(id, error);
  }

  /** Settles what the text replies to, and gives the rest: what the node really printed. */
  take(text: string): string {
    const seam = this.#tail + text;
    this.#tail = seam.slice(-2);
    this.#held.push(text);
    // A long reply comes in many chunks: they are put together once, when its end is there.
    if (this.#held[0]?.startsWith(this.#mark) && !seam.includes(">>\n")) return "";
    const whole = this.#held.join("");
    this.#held = [];
    return this.#split(whole);
  }

  #split(text: string): string {
    let printed = "";
    let rest = text;
    for (;;) {
      const start = rest.indexOf(this.#mark);
      if (start === -1) break;
      const end = rest.indexOf(">>\n", start);
      if (end === -1) {
        this.#held = [rest.slice(start)];
        return printed + rest.slice(0, start);
      }
      printed += rest.slice(0, start);
      this.#settle(rest.slice(start + this.#mark.length, end));
      rest = rest.slice(end + 3);
    }
    const beginning = this.#beginningOfMark(rest);
    this.#held = beginning === 0 ? [] : [rest.slice(-beginning)];
    return printed + (beginning === 0 ? rest : rest.slice(0, -beginning));
  }

  /** How many characters at the end of `text` may become a mark. */
  #beginningOfMark(text: string): number {
    for (let length = Math.min(text.length, this.#mark.length - 1); length > 0; length -= 1) {
      if (this.#mark.startsWith(text.slice(-length))) return length;
    }
    return 0;
  }

  #settle(reply: string): void {
    const [id, word, ...coded] = reply.split(" ");
    const open = this.#open.get(Number(id));
    if (open === undefined) return;
    this.#open.delete(Number(id));
    const values = coded.map((value) => Buffer.from(value, "base64"));
    if (word !== "error") return open.resolve(values);
    const [kind, reason, stack] = values.map(String);
    const facts = { class: kind ?? "", reason: reason ?? "", stack: stack ?? "" };
    open.reject(new OtpEvalError(open.expression, facts));
  }
}
