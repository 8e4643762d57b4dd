import type { Term } from "./term.ts";

export class TermMap<K extends Term = Term, V extends Term = Term> {
  readonly size: number = 0;
  declare readonly k: K;
  declare readonly v: V;
}
