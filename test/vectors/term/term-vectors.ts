import { readFileSync } from "node:fs";
import {
  atom,
  atomOrBoolean,
  BitString,
  ExternalFun,
  float,
  ImproperList,
  NativeRecord,
  OpaqueFun,
  Pid,
  Port,
  Reference,
  type Term,
  TermMap,
  tupleFrom,
} from "disterl/term";

/** A term as `make-term-vectors.escript` writes it. */
export type TermJson =
  | { readonly i: string }
  | { readonly f: string }
  | { readonly a: string }
  | { readonly b: string; readonly bits: number }
  | { readonly l: readonly TermJson[]; readonly tail?: TermJson }
  | { readonly t: readonly TermJson[] }
  | { readonly m: readonly (readonly [TermJson, TermJson])[] }
  | { readonly pid: readonly [string, number, number, number] }
  | { readonly ref: readonly [string, number, readonly number[]] }
  | { readonly port: readonly [string, string, number] }
  | { readonly ext: readonly [string, string, number] }
  | {
      readonly fun: readonly [
        string,
        number,
        string,
        number,
        number,
        string,
        TermJson,
        readonly TermJson[],
      ];
    }
  | { readonly rec: readonly [string, string, boolean, readonly (readonly [string, TermJson])[]] };

/** What one OTP release said. */
export interface TermVectors {
  readonly release: string;
  readonly single: readonly {
    readonly term: TermJson;
    readonly w: string;
    readonly tw: string;
    readonly p: string;
    readonly tp: string;
    readonly phash2: number;
    readonly phash2_32: number;
  }[];
  /** `compare` has `<`, `=` or `>` for each pair, `same` has `=` where they are `=:=`. */
  readonly order: {
    readonly terms: readonly TermJson[];
    readonly compare: readonly string[];
    readonly same: readonly string[];
  };
  /** Bits in base 16, and what `~w` writes. */
  readonly floats: readonly (readonly [string, string])[];
  /** What `~Wtp` writes, by width. */
  readonly pretty: readonly ({ readonly term: TermJson } & Record<
    "20" | "40" | "80" | "120",
    string
  >)[];
}

export function termVectors(release: "25" | "27" | "29"): TermVectors {
  const file = new URL(`otp-${release}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as TermVectors;
}

export function termFromJson(json: TermJson): Term {
  if ("i" in json) return integer(json.i);
  if ("f" in json) return float(floatFromHex(json.f));
  if ("a" in json) return atomOrBoolean(json.a);
  if ("b" in json) {
    const bytes = Uint8Array.from(Buffer.from(json.b, "hex"));
    return json.bits % 8 === 0 ? bytes : new BitString(bytes, json.bits % 8);
  }
  if ("l" in json) {
    const items = json.l.map(termFromJson);
    return json.tail === undefined ? items : new ImproperList(items, termFromJson(json.tail));
  }
  if ("t" in json) return tupleFrom(json.t.map(termFromJson));
  if ("m" in json) return new TermMap(json.m.map(([k, v]) => [termFromJson(k), termFromJson(v)]));
  return special(json);
}

function special(json: Exclude<TermJson, { i: string } | { f: string } | { a: string }>): Term {
  if ("pid" in json) {
    const [node, id, serial, creation] = json.pid;
    return new Pid(atom(node), id, serial, creation);
  }
  if ("ref" in json) return new Reference(atom(json.ref[0]), json.ref[1], json.ref[2]);
  if ("port" in json) return new Port(atom(json.port[0]), BigInt(json.port[1]), json.port[2]);
  if ("ext" in json) {
    const [module, name, arity] = json.ext;
    return new ExternalFun(atomOrBoolean(module), atomOrBoolean(name), arity);
  }
  if ("fun" in json) {
    const [module, arity, uniq, index, oldIndex, oldUniq, pid, free] = json.fun;
    return new OpaqueFun({
      module: atom(module),
      arity,
      uniq: Uint8Array.from(Buffer.from(uniq, "hex")),
      index,
      oldIndex,
      oldUniq: Number(oldUniq),
      pid: termFromJson(pid) as Pid,
      freeVariables: free.map(termFromJson),
    });
  }
  if ("rec" in json) {
    const [module, name, exported, fields] = json.rec;
    return new NativeRecord(
      atom(module),
      atom(name),
      exported,
      fields.map(([field, value]) => [atomOrBoolean(field), termFromJson(value)]),
    );
  }
  throw new Error(`not a term: ${JSON.stringify(json)}`);
}

function integer(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

export function floatFromHex(hex: string): number {
  return Buffer.from(hex, "hex").readDoubleBE();
}

/** What `file:consult` made of texts; null for an error. */
export function consultVectors(): { text: string; terms: TermJson[] | null }[] {
  const file = new URL("consult-29.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as { text: string; terms: TermJson[] | null }[];
}
