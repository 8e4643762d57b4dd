import { decodeTerm, type EncodeOptions, encodeTerm } from "disterl/etf";
import { atom, equalTerms, formatTerm, Pid, type Term, t } from "disterl/term";
import * as fc from "fast-check";
import { expect } from "vitest";
import { anyTerm } from "../arbitrary-term.ts";
import { CodecErlang } from "./etf-erlang.ts";
import { forEachOtp } from "./otp.ts";

const COUNT = 1000;
/** The same terms each time; other ones are for the fuzz tests. */
const sample = (terms: fc.Arbitrary<Term>, numRuns: number): Term[] =>
  fc.sample(terms, { numRuns, seed: 20_261_121 });

forEachOtp((otp, test) => {
  const release = Number(otp.release);
  const nobody = new Pid(atom("nonode@nohost"), 0, 0, 0);
  const terms = anyTerm({
    records: release >= 29,
    ...(release >= 27 ? { funCreator: nobody } : {}),
  });
  /** Up to 25 term_to_binary writes Latin-1 atoms, and ports small where they can be. */
  const asThisRelease: EncodeOptions =
    release < 26 ? { minorVersion: 1, smallPorts: true } : { minorVersion: 2 };

  test("both ways", "terms of ours through binary_to_term and back", async () => {
    await using erlang = new CodecErlang(otp);
    for (const term of sample(terms, COUNT)) {
      const answer = await erlang.ask("r", encodeTerm(term));
      expect(equalTerms(decodeTerm(answer), term), formatTerm(term)).toBe(true);
    }
  });

  test("both ways", "terms of ours, compressed and with old atoms", async () => {
    await using erlang = new CodecErlang(otp);
    for (const term of sample(terms, COUNT / 4)) {
      for (const options of [
        { compressed: true },
        { minorVersion: 1, smallPorts: true },
      ] as const) {
        const answer = await erlang.ask("r", encodeTerm(term, options));
        expect(equalTerms(decodeTerm(answer), term), formatTerm(term)).toBe(true);
      }
    }
  });

  test("both ways", "the bytes of term_to_binary with deterministic", async () => {
    await using erlang = new CodecErlang(otp);
    for (const term of sample(terms, COUNT)) {
      const ours = encodeTerm(term, { ...asThisRelease, deterministic: true });
      const theirs = await erlang.ask("d", ours);
      expect(Buffer.from(ours).toString("hex"), formatTerm(term)).toBe(theirs.toString("hex"));
    }
  });

  test("both ways", "random terms of Erlang, byte for byte and =:=", async () => {
    await using erlang = new CodecErlang(otp);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(COUNT, 0);
    const theirs = decodeTerm(await erlang.ask("g", count)) as Uint8Array[];
    expect(theirs.length).toBe(COUNT);
    for (const options of [{}, { binaries: "lazy" }, { integers: "bigint" }] as const) {
      const ours = theirs.map((bytes) => encodeTerm(decodeTerm(bytes, options), asThisRelease));
      for (const [i, bytes] of ours.entries()) {
        expect(Buffer.compare(bytes, theirs[i] as Uint8Array), `term ${i}`).toBe(0);
      }
      const pair: Term = t(ours, theirs);
      expect((await erlang.ask("c", encodeTerm(pair))).toString()).toBe("0");
    }
  });

  test("both ways", "a million nested lists and tuples", async () => {
    await using erlang = new CodecErlang(otp);
    for (const head of ["6801", "6c00000001"]) {
      const levels = 1_000_000;
      const tail = head === "6801" ? "" : "6a".repeat(levels);
      const term = decodeTerm(Buffer.from(`83${head.repeat(levels)}6a${tail}`, "hex"));
      const ours = encodeTerm(term);
      expect(Buffer.compare(await erlang.ask("r", ours), ours)).toBe(0);
    }
  });
});
