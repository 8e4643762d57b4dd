import { expect, test } from "vitest";
import { TermDecoder } from "../etf/decode-term.ts";
import { type Atom, atom, trueAtom } from "../term/atom.ts";
import { DistHeader } from "./dist-header.ts";
import { CACHE_SLOTS, MAX_HEADER_ATOMS, OutgoingAtoms } from "./outgoing-atoms.ts";

/** The header of a message with these atoms, and what the peer makes of it. */
function send(out: OutgoingAtoms, peer: DistHeader, atoms: readonly Atom[]) {
  out.begin();
  const indexes = atoms.map((one) => out.refOf(one));
  const length = out.headerLength;
  const bytes = Buffer.alloc(length + 3, 0xee);
  expect(out.writeHeader(bytes, 2)).toBe(2 + length);
  expect(peer.read(bytes, 2, 2 + length)).toBe(2 + length);
  expect(bytes[length + 2]).toBe(0xee);
  return { indexes, length, refs: [...peer.refs] };
}

function pair(): [OutgoingAtoms, DistHeader] {
  return [new OutgoingAtoms(), new DistHeader(new TermDecoder(), true)];
}

function names(prefix: string, count: number): Atom[] {
  return Array.from({ length: count }, (_, i) => atom(`${prefix}_${i}`));
}

test("an atom is sent once with its text, then by its slot, and once in a message", () => {
  const [out, peer] = pair();
  const [a, b] = [atom("first_atom"), atom("second")];
  const first = send(out, peer, [a, b, a]);
  expect(first).toEqual({ indexes: [0, 1, 0], length: 3 + 2 * 2 + 16, refs: [a, b] });
  expect(send(out, peer, [b, a])).toEqual({ indexes: [0, 1], length: 5, refs: [b, a] });
  expect(send(out, peer, [])).toEqual({ indexes: [], length: 1, refs: [] });
});

test("odd and even counts, long and short atoms: the peer reads what was meant", () => {
  const [out, peer] = pair();
  const long = atom("字".repeat(200));
  for (let count = 0; count <= 40; count++) {
    const short = names(`round${count}`, count);
    expect(send(out, peer, short).refs).toEqual(short);
    const mixed = [...short, long, trueAtom];
    expect(send(out, peer, mixed).refs).toEqual([...short, long, true]);
  }
  const [fresh, freshPeer] = pair();
  expect(send(fresh, freshPeer, [atom("x"), long]).refs).toEqual([atom("x"), long]);
});

test("a message refers to 255 atoms at most; the others are written in full", () => {
  const [out, peer] = pair();
  const many = names("many", 300);
  const { indexes, refs } = send(out, peer, many);
  expect(refs).toEqual(many.slice(0, MAX_HEADER_ATOMS));
  expect(indexes.slice(MAX_HEADER_ATOMS)).toEqual(Array(45).fill(-1));
});

test("more atoms than slots: entries are overwritten, on both sides alike", () => {
  const [out, peer] = pair();
  const many = names("overwriting", 3 * CACHE_SLOTS);
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < many.length; at += 200) {
      const some = many.slice(at, at + 200);
      const { indexes, refs } = send(out, peer, some);
      some.forEach((one, i) => {
        const index = indexes[i] as number;
        if (index >= 0) expect(refs[index]).toBe(one);
      });
    }
  }
});

test("two atoms of one slot in one message: the second is written in full", () => {
  const [out, peer] = pair();
  const first = atom("one_slot_first");
  const second = atom("one_slot_second");
  send(out, peer, [first]);
  second.cacheSlot = first.cacheSlot;
  expect(send(out, peer, [first, second]).indexes).toEqual([0, -1]);
  expect(send(out, peer, [second, first])).toMatchObject({ indexes: [0, -1], refs: [second] });
  expect(send(out, peer, [first])).toMatchObject({ indexes: [0], refs: [first] });
});

test("a message that is not sent leaves no trace: neither new entries nor overwritten ones", () => {
  const [out, peer] = pair();
  const kept = names("kept", 10);
  send(out, peer, kept);
  const intruders = names("intruder", 10);
  intruders.forEach((one, i) => {
    one.cacheSlot = (kept[i] as Atom).cacheSlot;
  });
  out.begin();
  for (const one of [kept[3] as Atom, ...intruders, atom("another_new_one")]) out.refOf(one);
  out.abandon();
  const after = send(out, peer, kept);
  expect(after.refs).toEqual(kept);
  expect(after.length).toBe(1 + 6 + 10);
  // The peer has never seen it, so it goes with its text.
  expect(send(out, peer, [atom("another_new_one")]).length).toBe(2 + 2 + 15);
});
