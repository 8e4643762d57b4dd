import type { Clock } from "../../carrier/clock.ts";
import { atom } from "../../term/atom.ts";
import { compareTerms } from "../../term/compare-terms.ts";
import type { Atom } from "../../term/atom.ts";
import { Pid } from "../../term/pid.ts";
import type { Term } from "../../term/term.ts";
import type { Operation } from "./messages.ts";
import type { GlobalName, NameTable } from "./name-table.ts";

const NONE = atom("none");
/** Names looked at before others get their turn. */
const NAMES_AT_ONCE = 1000;

/** What a resolver asks of the node. */
export interface ResolverOptions {
  readonly clock: Clock;
  readonly names: NameTable;
  /** This node. */
  readonly own: Atom;
  /**
   * Asks the node of `ours` which of the two keeps the name. It throws when that node cannot be asked.
   */
  readonly resolve: (method: Term, name: Term, his: Pid, ours: Pid) => Promise<Term>;
  /** The session that it works for is over. */
  readonly cancelled: () => boolean;
}

/** What is to be done here, and what there. */
export interface Exchanged {
  readonly operations: readonly Operation[];
  readonly resolved: readonly Operation[];
}

/**
 * Compares the names of another partition with ours. A name that means different processes is decided
 * by the node with the smaller name only; the other hears of the outcome (kernel GL-26).
 */
export async function exchangeNames(
  options: ResolverOptions,
  node: Atom,
  theirs: readonly GlobalName[],
): Promise<Exchanged> {
  const { clock, names, own } = options;
  const operations: Operation[] = [];
  const resolved: Operation[] = [];
  const decides = compareTerms(own, node) < 0;
  let looked = 0;
  for (const entry of theirs) {
    if (++looked % NAMES_AT_ONCE === 0) await new Promise<void>((go) => clock.soon(go));
    if (options.cancelled()) break;
    const ours = names.get(entry.name);
    if (ours === undefined) operations.push({ type: "insert", entry });
    else if (decides && !ours.pid.equals(entry.pid)) {
      const winner = await decide(options, entry, ours);
      if (winner === entry) operations.push({ type: "insert", entry });
      else if (winner === ours) resolved.push({ type: "insert", entry: ours });
      else {
        const operation = { type: "delete", name: entry.name } as const;
        operations.push(operation);
        resolved.push(operation);
      }
    }
  }
  // The last comes first, as at OTP.
  return { operations: operations.reverse(), resolved: resolved.reverse() };
}

/** Theirs when the node of ours cannot be asked; undefined when neither keeps the name. */
async function decide(
  { resolve }: ResolverOptions,
  theirs: GlobalName,
  ours: GlobalName,
): Promise<GlobalName | undefined> {
  let keeps: Term;
  try {
    keeps = await resolve(ours.method, ours.name, theirs.pid, ours.pid);
  } catch {
    return theirs;
  }
  if (keeps === NONE || !(keeps instanceof Pid)) return undefined;
  if (keeps.equals(theirs.pid)) return theirs;
  return keeps.equals(ours.pid) ? ours : undefined;
}
