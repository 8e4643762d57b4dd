import { atom } from "../term/atom.ts";
import { isList } from "../term/list.ts";
import { TermMap } from "../term/term-map.ts";
import type { Term } from "../term/term.ts";
import { isTuple } from "../term/tuple.ts";

/** What a spawn request asks for besides the function. */
export interface SpawnFlags {
  readonly link: boolean;
  readonly monitor: boolean;
}

const LINK = atom("link");
const MONITOR = atom("monitor");
const SIZE = atom("size");
const PRIORITIES = new Set<Term>(["low", "normal", "high", "max"].map((name) => atom(name)));
const QUEUES = new Set<Term>([atom("on_heap"), atom("off_heap")]);
/** Words of the smallest heap: `max_heap_size` is 0, for none, or not below it. */
const LEAST_HEAP = 233;
/** Options read before the list counts as none: each is a few bytes on the wire. */
const MOST_OPTIONS = 1000;

/** What tunes the emulator's memory: looked at as OTP does, and without meaning here. */
const TUNING = new Map<Term, (value: Term) => boolean>([
  [atom("priority"), (value) => PRIORITIES.has(value)],
  [atom("min_heap_size"), isSize],
  [atom("min_bin_vheap_size"), isSize],
  [atom("fullsweep_after"), isSize],
  [atom("scheduler"), isSize],
  [atom("max_heap_size"), isMaxHeapSize],
  [atom("message_queue_data"), (value) => QUEUES.has(value)],
  [atom("async_dist"), (value) => typeof value === "boolean"],
]);

/**
 * Reads the options of a spawn request; undefined when OTP would answer `badopt`: an unknown option,
 * a value out of range, no proper list (protocol SG-51).
 */
export function spawnFlags(options: Term): SpawnFlags | undefined {
  if (!isList(options) || options.length > MOST_OPTIONS) return undefined;
  let link = false;
  let monitor = false;
  for (const option of options) {
    if (option === LINK) link = true;
    else if (option === MONITOR) monitor = true;
    else if (!isTuple(option, 2)) return undefined;
    else if (option[0] === MONITOR && isList(option[1])) monitor = true;
    else if (TUNING.get(option[0])?.(option[1]) !== true) return undefined;
  }
  return { link, monitor };
}

/** A number of words that fits into one (59 bits and a sign). */
function isSize(value: Term): boolean {
  if (typeof value === "bigint") return value >= 0n && value < 2n ** 59n;
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function isMaxHeapSize(value: Term): boolean {
  if (!(value instanceof TermMap)) {
    return isSize(value) && (value === 0 || Number(value) >= LEAST_HEAP);
  }
  const size = value.get(SIZE);
  if (size === undefined || !isMaxHeapSize(size)) return false;
  return ["kill", "error_logger", "include_shared_binaries"].every((key) => {
    const given = value.get(atom(key));
    return given === undefined || typeof given === "boolean";
  });
}
