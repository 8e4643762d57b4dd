import type { Node, Process, Term } from "disterl";
import type { Reference } from "disterl/term";

/** When something happened: its number in the whole run, and the time of the clock. */
export interface Moment {
  readonly number: number;
  readonly at: number;
}

/** One run of a node, from its start to its end. */
export interface Run {
  readonly name: string;
  readonly creation: number;
  readonly node: Node;
  /** Its connections, as its status told. */
  readonly events: NodeEvent[];
  /** Sees how the actors of the node end. */
  readonly observer: Process;
  readonly started: Moment;
  /** What its tables held before there were actors. */
  baseline: Readonly<Record<string, number>>;
  ended: Moment | undefined;
}

export interface NodeEvent extends Moment {
  readonly type: "nodeup" | "nodedown" | "connect_failed";
  readonly peer: string;
  /** Of the peer, at nodeup; undefined when the connection was gone again before anybody looked. */
  readonly creation: number | undefined;
}

/** A process of the schedule, and all that it did and saw. */
export interface Actor {
  readonly id: number;
  readonly run: Run;
  readonly trap: boolean;
  readonly born: Moment;
  readonly process: Process;
  /** It ended itself. */
  exited: boolean;
  died: (Moment & { readonly reason: Term }) | undefined;
  readonly received: Received[];
  /** EXIT messages: who, and why. */
  readonly exits: (Moment & { readonly from: string; readonly reason: Term })[];
}

export interface Received extends Moment {
  readonly message: Sent;
}

/** A message of one actor to another. */
export interface Sent extends Moment {
  readonly from: Actor;
  /** Undefined when it went to a name that might have been anybody's. */
  readonly to: Actor | undefined;
  /** Counts the messages of one sender. */
  readonly count: number;
  readonly alias: Alias | undefined;
  readonly name: number | undefined;
  readonly peer: string;
}

export interface Alias extends Moment {
  readonly owner: Actor;
  readonly ref: Reference;
  readonly once: boolean;
  ended: Moment | undefined;
}

export interface Monitor extends Moment {
  readonly watcher: Actor;
  readonly target: Actor;
  /** The target was named, not its pid. */
  readonly name: number | undefined;
  readonly ref: Reference;
  demonitored: Moment | undefined;
  readonly downs: (Moment & { readonly reason: Term })[];
}

/** A link or unlink that an actor called. */
export interface LinkCall extends Moment {
  readonly op: "link" | "unlink";
  readonly from: Actor;
  readonly to: Actor;
}

/** An actor asked another node for a new one. */
export interface SpawnCall extends Moment {
  readonly from: Actor;
  readonly peer: string;
  readonly ref: Reference;
  readonly link: boolean;
  readonly monitor: boolean;
  /** Who was started, as far as that is known. */
  child: Actor | undefined;
  /** What the answers were: a pid, or why there is none. */
  readonly replies: Term[];
}

/** An actor ended another with `exit(Pid, Reason)`. */
export interface SignalCall extends Moment {
  readonly from: Actor;
  readonly to: Actor;
  readonly reason: Term;
}

export interface Call extends Moment {
  readonly run: Run;
  readonly peer: string;
  /** Answers, and failures: one of them, once. */
  readonly outcomes: unknown[];
}

/** Who held a name of a node, from when to when. */
export interface Holding extends Moment {
  readonly holder: Actor;
  readonly name: number;
  ended: Moment | undefined;
}

/** Everything that was done and seen in one run of a schedule. */
export class History {
  readonly runs: Run[] = [];
  readonly actors: Actor[] = [];
  readonly sent: Sent[] = [];
  readonly aliases: Alias[] = [];
  readonly monitors: Monitor[] = [];
  readonly linkCalls: LinkCall[] = [];
  readonly signalCalls: SignalCall[] = [];
  readonly spawnCalls: SpawnCall[] = [];
  readonly calls: Call[] = [];
  readonly holdings: Holding[] = [];
  /** What was wrong when it happened. */
  readonly problems: string[] = [];
  readonly #clock: () => number;
  #number = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** This moment. */
  now(): Moment {
    return { number: ++this.#number, at: this.#clock() };
  }

  /** The connection of a run to a peer, or the attempt at one, ended after that moment. */
  lostSince(run: Run, peer: string, since: Moment): boolean {
    return run.events.some(
      (event) => event.peer === peer && event.type !== "nodeup" && event.number > since.number,
    );
  }
}

export function describeActor({ id, run, trap }: Actor): string {
  return `p${id} on ${run.name} (creation ${run.creation}${trap ? ", traps exits" : ""})`;
}
