/** Collects text up to a limit; what goes beyond is replaced by `...`. @internal */
export class TextOutput {
  #text = "";
  readonly #limit: number;
  /** Set when the limit is reached: whoever writes may stop. */
  full = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  write(text: string): void {
    if (this.full) return;
    this.#text += text;
    if (this.#text.length > this.#limit) {
      // Not in the middle of a surrogate pair.
      const cut = this.#text.slice(0, this.#limit);
      this.#text = `${cut.isWellFormed() ? cut : cut.slice(0, -1)}...`;
      this.full = true;
    }
  }

  newLine(indentation: number): void {
    if (!this.full) this.write(`\n${" ".repeat(indentation)}`);
  }

  toString(): string {
    return this.#text;
  }
}
