import type { Name } from "../signal/signal.ts";
import type { Atom } from "../term/atom.ts";
import type { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import type { Process } from "./process.ts";

/** What is known of a process; the items are those of `erlang:process_info/1,2`. */
export interface ProcessInfo {
  /** The name it is registered under. */
  readonly registeredName: Name | undefined;
  /** `running` now, `runnable` as soon as it has its turn, `waiting` for a message or anything else. */
  readonly status: "running" | "runnable" | "waiting" | "exiting";
  /** How many messages wait. */
  readonly messageQueueLen: number;
  /** Those messages, oldest first. */
  readonly messages: readonly Term[];
  /** Processes it is linked with. */
  readonly links: readonly Pid[];
  /** What it monitors. */
  readonly monitors: readonly (Pid | { readonly name: Name; readonly node: Atom })[];
  /** Who monitors it, once for each monitor. */
  readonly monitoredBy: readonly Pid[];
  /** Active aliases. */
  readonly aliasCount: number;
  /** Whether exit signals become messages. */
  readonly trapExit: boolean;
  /** Who writes what it prints. */
  readonly groupLeader: Pid;
  /** What it has put into its dictionary. */
  readonly dictionary: readonly (readonly [key: Term, value: Term])[];
  /** Who started it; undefined when that was the program. */
  readonly parent: Pid | undefined;
  /** Name of the function it was started with: its body, or the callback. */
  readonly initialCall: string;
}

/** As of now. Asking makes nothing in the process that was not there. */
export function processInfo(process: Process): ProcessInfo {
  return {
    registeredName: process.registeredName,
    status: process.status,
    messageQueueLen: process.messageQueueLength,
    messages: process.messages(),
    links: process.has("links") ? [...process.links.linked()] : [],
    monitors: process.has("monitors")
      ? [...process.heldMonitors].map(({ target, node }) =>
          typeof target === "object" && "serial" in target ? target : { name: target, node },
        )
      : [],
    monitoredBy: process.has("watchers") ? process.watchers.all().map(({ from }) => from) : [],
    aliasCount: process.has("aliases") ? process.heldAliases.size : 0,
    trapExit: process.trapExit,
    groupLeader: process.groupLeader,
    dictionary: process.has("dictionary") ? process.dictionary.entries() : [],
    parent: process.parent,
    initialCall: process.initialCall,
  };
}
