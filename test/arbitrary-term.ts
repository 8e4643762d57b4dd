import {
  type Atom,
  atom,
  atomOrBoolean,
  BitString,
  ExternalFun,
  float,
  ImproperList,
  isList,
  NativeRecord,
  OpaqueFun,
  Pid,
  Port,
  Reference,
  type Term,
  TermMap,
  tupleFrom,
} from "disterl/term";
import * as fc from "fast-check";

/** What a peer of a release cannot have. */
export interface TermScope {
  /** Native records: OTP 29. Default false. */
  readonly records?: boolean;
  /** Who made funs: OTP 27 and later write one pid for all of them. Default: any pid. */
  readonly funCreator?: Pid;
}

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

const anyAtom: fc.Arbitrary<Atom | boolean> = fc
  .oneof(
    fc.constantFrom("ok", "error", "undefined", "", "hello world", "true", "false", "å", "Ӓ€😀"),
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.integer({ min: 250, max: 255 }).map((length) => "x".repeat(length)),
  )
  .map(atomOrBoolean);

const node: fc.Arbitrary<Atom> = fc
  .constantFrom("app@host", "other@127.0.0.1", "ö@host")
  .map((name) => atom(name));

const integer = fc.oneof(
  fc.integer(),
  fc.integer({ min: -2, max: 258 }),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(1n << 70n), max: 1n << 70n }),
  fc.integer({ min: 0, max: 2100 }).chain((bits) => fc.bigInt(0n, (1n << BigInt(bits)) + 1n)),
);

const anyFloat = fc
  .oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.constant(-0))
  .map(float);

const binary = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.integer({ min: 4000, max: 5000 }).map((length) => new Uint8Array(length).fill(length)),
);

const bitString = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 7 }))
  .map(([bytes, bits]) => new BitString(bytes, bits));

const pid = fc
  .tuple(node, fc.integer({ min: 0, max: 0x0fff_ffff }), u32, u32)
  .map(([name, id, serial, creation]) => new Pid(name, id, serial, creation));

const port = fc
  .tuple(node, fc.bigInt(0n, (1n << 64n) - 1n), u32)
  .map(([name, id, creation]) => new Port(name, id, creation));

const reference = fc
  .tuple(
    node,
    u32,
    fc.integer({ min: 0, max: (1 << 18) - 1 }),
    fc.array(u32, { minLength: 2, maxLength: 4 }),
  )
  .map(([name, creation, first, rest]) => new Reference(name, creation, [first, ...rest]));

const externalFun = fc
  .tuple(anyAtom, anyAtom, fc.integer({ min: 0, max: 255 }))
  .map(([module, name, arity]) => new ExternalFun(module, name, arity));

const leaf: fc.Arbitrary<Term> = fc.oneof(
  { weight: 4, arbitrary: integer },
  { weight: 4, arbitrary: anyAtom },
  { weight: 2, arbitrary: anyFloat },
  { weight: 3, arbitrary: binary },
  bitString,
  pid,
  port,
  reference,
  externalFun,
  fc.string({ maxLength: 20 }).map((text) => Array.from(text, (unit) => unit.charCodeAt(0))),
);

function improper([items, tail]: [Term[], Term]): Term {
  return isList(tail) || tail instanceof ImproperList ? items : new ImproperList(items, tail);
}

function record([module, name, exported, names, values]: [
  Atom | boolean,
  Atom | boolean,
  boolean,
  (Atom | boolean)[],
  Term[],
]): Term {
  const count = Math.min(names.length, values.length);
  const fields = names.slice(0, count).map((field, i) => [field, values[i] as Term] as const);
  return new NativeRecord(module, name, exported, fields);
}

function oldUniqOf(uniq: Uint8Array): number {
  return Buffer.from(uniq).readUIntBE(0, 3);
}

/** Any Erlang term, of every kind that a release has. */
export function anyTerm({ records = false, funCreator }: TermScope = {}): fc.Arbitrary<Term> {
  const { term } = fc.letrec<{ term: Term }>((tie) => {
    const some = fc.array(tie("term"), { maxLength: 6 });
    const fun = fc
      .tuple(
        anyAtom,
        fc.integer({ min: 0, max: 255 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.integer({ min: 0, max: 255 }),
        funCreator === undefined ? pid : fc.constant(funCreator),
        some,
      )
      .map(([module, arity, uniq, index, creator, freeVariables]) => {
        // What Erlang compares funs by: two that differ must differ in these.
        const old = { oldIndex: index, oldUniq: oldUniqOf(uniq) };
        return new OpaqueFun({ module, arity, uniq, index, ...old, pid: creator, freeVariables });
      });
    const containers: fc.Arbitrary<Term>[] = [
      some,
      some.map((elements) => tupleFrom(elements) as Term),
      fc
        .array(fc.tuple(tie("term"), tie("term")), { maxLength: 6 })
        .map((pairs) => new TermMap(pairs)),
      fc.tuple(fc.array(tie("term"), { minLength: 1, maxLength: 4 }), tie("term")).map(improper),
      fun,
    ];
    if (records) {
      const names = fc.uniqueArray(anyAtom, { maxLength: 4 });
      containers.push(fc.tuple(anyAtom, anyAtom, fc.boolean(), names, some).map(record));
    }
    return { term: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, ...containers) };
  });
  return term;
}
