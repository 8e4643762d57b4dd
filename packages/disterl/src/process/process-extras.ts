import type { Atom } from "../term/atom.ts";
import type { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import type { ExpectedReply } from "./actor.ts";
import type { Alias } from "./aliases.ts";
import type { Dictionary } from "./dictionary.ts";
import type { ReferenceTable } from "./reference-table.ts";
import type { PendingSpawn } from "./spawn-request.ts";
import type { ProcessTimer } from "./timers.ts";
import type { TraceState } from "./trace-token.ts";

/** What few processes have: one slot in those that have nothing of it. */
export class ProcessExtras {
  trace: TraceState | undefined = undefined;
  replies: ReferenceTable<ExpectedReply> | undefined = undefined;
  aliases: Set<Alias> | undefined = undefined;
  timers: Set<ProcessTimer> | undefined = undefined;
  monitoredNodes: Set<Atom> | undefined = undefined;
  spawnRequests: Set<PendingSpawn> | undefined = undefined;
  dictionary: Dictionary | undefined = undefined;
  abort: AbortController | undefined = undefined;
  monitorRef: Reference | undefined = undefined;
  onExit: (() => void) | undefined = undefined;
  unencodable: ((error: unknown) => Term) | undefined = undefined;
}
