import { decodeTerm, EtfError, encodeTerm, TermDecoder } from "disterl/etf";
import { equalTerms, LocalTerm, type Term } from "disterl/term";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { anyTerm } from "../arbitrary-term.ts";

/** Seeds are fixed; `FUZZ_SECONDS` makes the runs longer and random (a failure prints its seed). */
const seconds = Number(process.env["FUZZ_SECONDS"] ?? 0);
const runs = (count: number): fc.Parameters<unknown> =>
  seconds > 0
    ? { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * 1000 }
    : { numRuns: count, seed: 20_261_121 };
const terms = anyTerm({ records: true });

/** Whatever it is, it is a term or our own error, and soon. */
function expectTermOrError(bytes: Uint8Array): void {
  const begin = performance.now();
  try {
    const term = decodeTerm(bytes);
    // Not for us to read; see the vectors.
    if (term instanceof LocalTerm) return;
    // What was read can be written, and read again.
    const again = decodeTerm(encodeTerm(term));
    expect(equalTerms(term, again)).toBe(true);
  } catch (error) {
    expect(error).toBeInstanceOf(EtfError);
  }
  expect(performance.now() - begin).toBeLessThan(1000);
}

test("what is encoded is decoded as the same term, by every way to ask", () => {
  fc.assert(
    fc.property(terms, (term) => {
      for (const options of [
        {},
        { deterministic: true },
        { minorVersion: 1 },
        { compressed: true },
      ] as const) {
        const bytes = encodeTerm(term, options);
        for (const binaries of ["bytes", "lazy", "text"] as const) {
          for (const integers of ["auto", "bigint"] as const) {
            expect(equalTerms(decodeTerm(bytes, { binaries, integers }), term)).toBe(true);
          }
        }
      }
    }),
    runs(400),
  );
});

test("decoding and encoding again gives the same bytes", () => {
  fc.assert(
    fc.property(terms, (term) => {
      const bytes = encodeTerm(term);
      expect(Buffer.compare(encodeTerm(decodeTerm(bytes)), bytes)).toBe(0);
    }),
    runs(400),
  );
});

test("one decoder reads terms one after another out of one chunk", () => {
  fc.assert(
    fc.property(fc.array(terms, { minLength: 1, maxLength: 8 }), fc.boolean(), (many, retain) => {
      const chunk = Buffer.concat(many.map((term) => encodeTerm(term).subarray(1)));
      const decoder = new TermDecoder();
      const read: Term[] = [];
      for (let at = 0; at < chunk.length; at = decoder.position) {
        read.push(decoder.decode(chunk, at, chunk.length, undefined, retain));
      }
      // Where memory is reused, nothing may point into it any more.
      if (!retain) chunk.fill(0xff);
      expect(equalTerms(read, many)).toBe(true);
    }),
    runs(400),
  );
});

test("changed bytes are a term or our own error", () => {
  const edit = fc.tuple(
    fc.nat(),
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom("set", "insert", "remove"),
  );
  fc.assert(
    fc.property(terms, fc.array(edit, { minLength: 1, maxLength: 6 }), (term, edits) => {
      const bytes = Array.from(encodeTerm(term));
      for (const [where, byte, kind] of edits) {
        const at = 1 + (where % Math.max(1, bytes.length - 1));
        if (kind === "set") bytes[at] = byte;
        else bytes.splice(at, kind === "remove" ? 1 : 0, ...(kind === "remove" ? [] : [byte]));
      }
      expectTermOrError(Uint8Array.from(bytes));
    }),
    runs(2000),
  );
});

test("two terms spliced together are a term or our own error", () => {
  fc.assert(
    fc.property(terms, terms, fc.nat(), fc.nat(), (a, b, cutA, cutB) => {
      const left = encodeTerm(a);
      const right = encodeTerm(b);
      const bytes = Buffer.concat([
        left.subarray(0, 1 + (cutA % left.length)),
        right.subarray(1 + (cutB % right.length)),
      ]);
      expectTermOrError(bytes);
    }),
    runs(1000),
  );
});

test("random bytes behind every tag are a term or our own error", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 60, max: 120 }),
      fc.uint8Array({ maxLength: 60 }),
      (tag, rest) => {
        expectTermOrError(Uint8Array.of(131, tag, ...rest));
      },
    ),
    runs(5000),
  );
});
