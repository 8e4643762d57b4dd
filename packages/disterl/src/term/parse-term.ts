import type { Atom } from "./atom.ts";
import { BitString } from "./bitstring.ts";
import type { TermSyntaxError } from "./errors.ts";
import { Float } from "./float.ts";
import { ExternalFun } from "./fun.ts";
import { ListDraft, plain, stringDraft } from "./list-draft.ts";
import { BinaryBuilder, type SegmentSpec, type SegmentValue } from "./parse-binary.ts";
import { TermScanner, type Token } from "./scan-term.ts";
import type { Term } from "./term.ts";
import { TermMap } from "./term-map.ts";
import { tupleFrom } from "./tuple.ts";

const utf8 = new TextEncoder();

/** A binary in a binary is copied into it: with a limit the time stays linear. */
const MAX_OPEN_BINARIES = 100;

/** A value as it was read. */
interface Value {
  readonly term: Term | ListDraft;
  /** A number with a sign takes no other. */
  readonly signed: boolean;
  readonly start: number;
}

type Frame =
  | { readonly kind: "tuple" | "list" | "call"; readonly items: Term[] }
  | { readonly kind: "tail"; readonly items: Term[] }
  | { readonly kind: "map"; readonly keys: Term[]; readonly values: Term[] }
  | { readonly kind: "binary"; readonly builder: BinaryBuilder }
  | { readonly kind: "parentheses" }
  | { readonly kind: "sign"; readonly negative: boolean };

/**
 * Reads one term from text: what Erlang's `file:consult` reads. A point at the end may be left out.
 *
 *     parseTerm("{ok, [1, 2.0, $a], \"abc\", <<\"abc\">>, #{a => 16#ff}}")
 *
 * Strings are lists of code points, as in Erlang. It is data only: variables, calls and operators are
 * errors, and so are pids, ports, references, local funs and native records in the form they are
 * printed. Syntax of later releases (triple-quoted strings, sigils, based floats) is read as well;
 * `maybe` and `else` need no quotes. Nesting is not limited (of binaries to 100), time is linear.
 *
 * @throws TermSyntaxError with line and column.
 */
export function parseTerm(text: string): Term {
  const parser = new TermParser(text);
  const term = parser.term();
  parser.skipDot();
  parser.expectEnd();
  return term;
}

/**
 * Reads terms from text, each ended by a point: what `file:consult` reads.
 * @throws TermSyntaxError with line and column.
 */
export function parseTerms(text: string): Term[] {
  const parser = new TermParser(text);
  const terms: Term[] = [];
  while (!parser.atEnd()) {
    terms.push(parser.term());
    parser.expectDot();
  }
  return terms;
}

/** @internal */
export class TermParser {
  readonly #scanner: TermScanner;
  #token: Token;
  #frames: Frame[] = [];
  #openBinaries = 0;

  constructor(text: string) {
    this.#scanner = new TermScanner(text);
    this.#token = this.#scanner.next();
  }

  atEnd(): boolean {
    return this.#token.kind === "end";
  }

  expectEnd(): void {
    if (!this.atEnd()) throw this.#unexpected("the end of the text");
  }

  expectDot(): void {
    if (this.#token.kind !== "dot") throw this.#unexpected('"." at the end of the term');
    this.#advance();
  }

  skipDot(): void {
    if (this.#token.kind === "dot") this.#advance();
  }

  expectSymbol(symbol: string, expected: string): void {
    if (!this.#skip(symbol)) throw this.#unexpected(expected);
  }

  expectAtom(expected: string): Atom | boolean {
    const token = this.#token;
    if (token.kind !== "atom") throw this.#unexpected(expected);
    this.#advance();
    return token.value;
  }

  /** Reads one term. */
  term(): Term {
    return plain(this.#run([]));
  }

  /** Reads terms up to a closing parenthesis, the opening one having been read. */
  callArguments(): Term[] {
    const items: Term[] = [];
    if (this.#skip(")")) return items;
    this.#run([{ kind: "call", items }]);
    return items;
  }

  #run(frames: Frame[]): Value["term"] {
    this.#frames = frames;
    for (;;) {
      let value = this.#begin();
      // What is complete may complete what it is in, and so on.
      while (value !== undefined) {
        const frame = frames.at(-1);
        if (frame === undefined) return value.term;
        value = this.#deliver(frame, value);
        if (value !== undefined && frame.kind === "call") return value.term;
      }
    }
  }

  /** Reads a value, or enters one: undefined then. */
  #begin(): Value | undefined {
    const token = this.#token;
    const { start } = token;
    switch (token.kind) {
      case "atom":
      case "number":
        this.#advance();
        return { term: token.value, signed: false, start };
      case "list sigil":
        this.#advance();
        return { term: stringDraft(token.value), signed: false, start };
      case "binary sigil":
        this.#advance();
        return { term: utf8.encode(token.value), signed: false, start };
      case "string":
        return { term: this.#strings(), signed: false, start };
      case "word":
        if (token.value === "fun") return { term: this.#fun(), signed: false, start };
        break;
      case "symbol":
        return this.#enter(token.value, start);
      default:
    }
    throw this.#unexpected("a term");
  }

  #enter(symbol: string, start: number): Value | undefined {
    switch (symbol) {
      case "{":
        this.#advance();
        if (this.#skip("}")) return { term: tupleFrom([]), signed: false, start };
        this.#frames.push({ kind: "tuple", items: [] });
        return undefined;
      case "[":
        this.#advance();
        if (this.#skip("]")) return { term: new ListDraft([], undefined), signed: false, start };
        this.#frames.push({ kind: "list", items: [] });
        return undefined;
      case "<<":
        this.#advance();
        if (this.#skip(">>")) return { term: new Uint8Array(0), signed: false, start };
        this.#openBinaries += 1;
        if (this.#openBinaries > MAX_OPEN_BINARIES) {
          throw this.#scanner.error(start, `at most ${MAX_OPEN_BINARIES} binaries in each other`);
        }
        this.#frames.push({ kind: "binary", builder: new BinaryBuilder() });
        return undefined;
      case "#":
        return this.#enterMap(start);
      case "(":
        this.#advance();
        this.#frames.push({ kind: "parentheses" });
        return undefined;
      case "-":
      case "+":
        this.#advance();
        this.#frames.push({ kind: "sign", negative: symbol === "-" });
        return undefined;
      case "<":
        throw this.#unexpected("a term; a pid as it is printed cannot be read");
      default:
        throw this.#unexpected("a term");
    }
  }

  #enterMap(start: number): Value | undefined {
    this.#advance();
    if (this.#token.kind === "word" || this.#token.kind === "atom") {
      throw this.#unexpected(
        '"{"; what is printed with # (references, ports, funs, records) cannot be read',
      );
    }
    this.expectSymbol("{", '"{" of a map');
    if (this.#skip("}")) return { term: new TermMap(), signed: false, start };
    this.#frames.push({ kind: "map", keys: [], values: [] });
    return undefined;
  }

  /** Gives a value to what it is in; when that is complete, it is the next value. */
  #deliver(frame: Frame, value: Value): Value | undefined {
    switch (frame.kind) {
      case "tuple":
        return this.#deliverItem(frame.items, "}", value, () => tupleFrom(frame.items));
      case "call":
        return this.#deliverItem(frame.items, ")", value, () => []);
      case "list":
        return this.#deliverListItem(frame.items, value);
      case "tail":
        return this.#deliverTail(frame.items, value);
      case "map":
        return this.#deliverPair(frame, value);
      case "binary":
        return this.#deliverSegment(frame.builder, value);
      case "parentheses":
        this.expectSymbol(")", '")"');
        this.#frames.pop();
        return value;
      default:
        return this.#deliverSigned(frame.negative, value);
    }
  }

  #deliverItem(items: Term[], close: string, value: Value, made: () => Term): Value | undefined {
    items.push(plain(value.term));
    if (this.#skip(",")) return undefined;
    this.expectSymbol(close, `"," or "${close}"`);
    this.#frames.pop();
    return { term: made(), signed: false, start: value.start };
  }

  #deliverListItem(items: Term[], value: Value): Value | undefined {
    items.push(plain(value.term));
    if (this.#skip(",")) return undefined;
    if (this.#skip("|")) {
      this.#frames[this.#frames.length - 1] = { kind: "tail", items };
      return undefined;
    }
    this.expectSymbol("]", '",", "|" or "]"');
    this.#frames.pop();
    return { term: new ListDraft(items.reverse(), undefined), signed: false, start: value.start };
  }

  #deliverTail(items: Term[], value: Value): Value | undefined {
    this.expectSymbol("]", '"]" after the tail of a list');
    this.#frames.pop();
    const { start } = value;
    if (!(value.term instanceof ListDraft)) {
      return { term: new ListDraft(items.reverse(), value.term), signed: false, start };
    }
    const { reversed, tail } = value.term;
    for (let i = items.length - 1; i >= 0; i--) reversed.push(items[i] as Term);
    return { term: new ListDraft(reversed, tail), signed: false, start };
  }

  #deliverPair(frame: Frame & { kind: "map" }, value: Value): Value | undefined {
    const { keys, values } = frame;
    if (keys.length === values.length) {
      keys.push(plain(value.term));
      this.expectSymbol("=>", '"=>"');
      return undefined;
    }
    values.push(plain(value.term));
    if (this.#skip(",")) return undefined;
    this.expectSymbol("}", '"," or "}"');
    this.#frames.pop();
    // Of a key that occurs twice the last value counts.
    const pairs = () => keys.map((key, at): [Term, Term] => [key, values[at] as Term]);
    const term = TermMap.fromDecoded(keys, values) ?? new TermMap(pairs());
    return { term, signed: false, start: value.start };
  }

  #deliverSigned(negative: boolean, value: Value): Value | undefined {
    const { term, start } = value;
    const number = typeof term === "number" || typeof term === "bigint" || term instanceof Float;
    if (!number || value.signed) {
      throw this.#scanner.error(start, "a number without a sign", this.#token.start);
    }
    this.#frames.pop();
    return { term: negative ? negated(term) : term, signed: true, start };
  }

  #deliverSegment(builder: BinaryBuilder, value: Value): Value | undefined {
    const segment = segmentValue(value.term);
    const end = this.#token.start;
    if (segment === undefined) {
      throw this.#scanner.error(value.start, "a number, a string or a binary", end);
    }
    const wrong = builder.add(segment, this.#segmentSpec());
    if (wrong !== undefined) throw this.#scanner.error(value.start, wrong, this.#token.start);
    if (this.#skip(",")) return undefined;
    this.expectSymbol(">>", '"," or ">>"');
    this.#frames.pop();
    this.#openBinaries -= 1;
    return { term: builder.finish(), signed: false, start: value.start };
  }

  #segmentSpec(): SegmentSpec {
    let size: number | undefined;
    let unit: number | undefined;
    const options: string[] = [];
    if (this.#skip(":")) size = this.#size("a size", 0, Number.MAX_SAFE_INTEGER);
    if (this.#skip("/")) {
      do {
        const option = String(this.expectAtom("a type of segment"));
        if (option === "unit") {
          this.expectSymbol(":", '":" and the unit');
          unit = this.#size("a unit from 1 to 256", 1, 256);
        } else {
          options.push(option);
        }
      } while (this.#skip("-"));
    }
    return { size, options, unit };
  }

  /** An integer, in parentheses or not. */
  #size(expected: string, least: number, greatest: number): number {
    let open = 0;
    while (this.#skip("(")) open += 1;
    const token = this.#token;
    const { value } = token.kind === "number" ? token : { value: undefined };
    if (!(typeof value === "number" && Number.isInteger(value))) throw this.#unexpected(expected);
    if (value < least || value > greatest) throw this.#unexpected(expected);
    this.#advance();
    for (; open > 0; open--) this.expectSymbol(")", '")"');
    return value;
  }

  /** Strings side by side are one. */
  #strings(): ListDraft {
    const parts: string[] = [];
    for (let token = this.#token; token.kind === "string"; token = this.#token) {
      parts.push(token.value);
      this.#advance();
    }
    return stringDraft(parts.join(""));
  }

  /** `fun Module:Name/Arity`. */
  #fun(): ExternalFun {
    this.#advance();
    const module = this.expectAtom("a module, as in fun lists:map/2");
    this.expectSymbol(":", '":" and the name of a function');
    const name = this.expectAtom("the name of a function");
    this.expectSymbol("/", '"/" and an arity');
    return new ExternalFun(module, name, this.#size("an arity from 0 to 255", 0, 255));
  }

  #advance(): void {
    this.#token = this.#scanner.next();
  }

  #skip(symbol: string): boolean {
    if (this.#token.kind !== "symbol" || this.#token.value !== symbol) return false;
    this.#advance();
    return true;
  }

  #unexpected(expected: string): TermSyntaxError {
    return this.#scanner.error(this.#token.start, expected, this.#token.end);
  }
}

function negated(value: number | bigint | Float): number | bigint | Float {
  if (value instanceof Float) return new Float(-value.value);
  // There is one integer zero.
  return value === 0 ? 0 : -value;
}

function segmentValue(term: Term | ListDraft): SegmentValue | undefined {
  if (term instanceof ListDraft) return term.text === undefined ? undefined : { text: term.text };
  const fits =
    typeof term === "number" ||
    typeof term === "bigint" ||
    term instanceof Float ||
    term instanceof Uint8Array ||
    term instanceof BitString;
  return fits ? term : undefined;
}
