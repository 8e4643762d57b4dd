import { type EpmdEvent, printable } from "disterl/epmd";

/** Lines a second; what is more is counted and told afterwards. */
const LINES_PER_SECOND = 20;
const MAX_LINE_CHARS = 2048;

/**
 * The daemon's log: `epmd: Sat Nov 21 14:02:32 2026: text`, CR and LF. Bounded in lines a second and
 * in the length of a line, since others decide what is logged.
 */
export class EpmdLog {
  readonly #write: (line: string) => void;
  readonly #level: number;
  readonly #now: () => Date;
  #second = 0;
  #lines = 0;
  #leftOut = 0;

  /** @param level number of `-d`; messages of a higher level are not written. */
  constructor(write: (line: string) => void, level: number, now: () => Date = () => new Date()) {
    this.#write = write;
    this.#level = level;
    this.#now = now;
  }

  /** Writes one line if the level is reached. `text` may hold anything. */
  line(level: number, text: string): void {
    if (level > this.#level) return;
    const now = this.#now();
    const second = Math.floor(now.getTime() / 1000);
    if (second !== this.#second) {
      const leftOut = this.#leftOut;
      this.#second = second;
      this.#lines = 0;
      this.#leftOut = 0;
      if (leftOut > 0) this.#put(now, `${leftOut} lines left out`);
    }
    this.#lines += 1;
    if (this.#lines > LINES_PER_SECOND) this.#leftOut += 1;
    else this.#put(now, text);
  }

  #put(now: Date, text: string): void {
    this.#write(`epmd: ${ctime(now)}: ${printable(text).slice(0, MAX_LINE_CHARS)}\r\n`);
  }

  /** Tells what happens in the server. */
  event(event: EpmdEvent): void {
    const [level, text] = told(event);
    this.line(level, text);
  }
}

function told(event: EpmdEvent): readonly [level: number, text: string] {
  switch (event.type) {
    case "listening":
      return [2, `listening on ${event.address} port ${event.port}`];
    case "address_skipped":
      return [2, `not listening on ${event.address}: ${event.error.message}`];
    case "connected":
      return [2, `${event.local ? "Local" : "Non-local"} peer connected: ${event.peer}`];
    case "request":
      return [1, `** got ${event.request} from ${event.peer}`];
    case "registered":
      return [1, `registering '${event.name}:${event.creation}', port ${event.port}`];
    case "unregistered":
      return [1, `unregistering '${event.name}', port ${event.port}: ${event.reason}`];
    case "refused":
      return [0, `refused to register '${event.name}': ${event.reason}`];
    case "rejected":
      return [0, `closed ${event.peer}: ${event.reason}`];
    case "timeout":
      return [1, `closed ${event.peer}: no request in time`];
    case "limit":
      return [0, `the limit ${event.limit} is reached, last by ${event.peer}`];
    case "accept_error":
      return [0, `error in accept: ${event.error.message}`];
    case "killed":
      return [0, "got KILL_REQ - terminates normal"];
  }
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Local time as C's `ctime` writes it: `Sat Nov 21 14:02:32 2026`. */
export function ctime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = String(date.getDate()).padStart(2, " ");
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${day} ${clock} ${date.getFullYear()}`;
}
