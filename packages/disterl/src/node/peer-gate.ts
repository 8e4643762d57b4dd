import type { Process } from "../process/process.ts";
import type { ProcessTable } from "../process/process-table.ts";
import type { Name, Signal } from "../signal/signal.ts";
import { type Atom, atom } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";
import type { PeerOperation, Policy } from "./policy.ts";
import type { RefusalCause, Refusals } from "./refusals.ts";

/**
 * What every node talks to. These look at each request themselves: `net_adm:ping/1` is answered in any
 * case, and a function call is looked at as such.
 */
const KERNEL = new Set<Name>(["net_kernel", "rex", "global_name_server"].map((name) => atom(name)));

/** The operation that a signal asks for, where it asks for one. The others answer, or take back. */
const OPERATIONS = new Map<Signal["type"], PeerOperation>([
  ["send", "send"],
  ["reg_send", "send"],
  ["link", "link"],
  ["monitor", "monitor"],
  ["exit2", "exit"],
  ["group_leader", "group_leader"],
]);

/**
 * Where signals of other nodes come in: holds them against the policy. Spawn requests pass, for what
 * they want to run is looked at where it is run, and so do messages to an alias, which only those have
 * who were asked something.
 */
export class PeerGate {
  /** Whether there is a policy at all. */
  readonly closed: boolean;
  readonly #policy: Policy | undefined;
  readonly #processes: ProcessTable;
  readonly #refusals: Refusals;

  constructor(policy: Policy | undefined, processes: ProcessTable, refusals: Refusals) {
    this.closed = policy !== undefined;
    this.#policy = policy;
    this.#processes = processes;
    this.#refusals = refusals;
  }

  /** Whether a signal of a peer may go on. */
  passes(signal: Signal, peer: Atom): boolean {
    const operation = OPERATIONS.get(signal.type);
    if (operation === undefined) return true;
    const { to } = signal as Signal & { readonly to: Pid | Name | Reference };
    const process = this.#target(to);
    const names = namesOf(process);
    if (isKernel(names, operation)) return true;
    // The node's own calls are made by a process without a name: replies of old peers go to its pid.
    if (operation === "send" && isNameless(process)) return true;
    if (this.#policy?.permitsProcess(peer, operation, names) !== false) return true;
    this.#denied(peer, operation, String(to), "policy");
    return false;
  }

  /** Through an alias a process is as protected as under its pid. */
  #target(to: Pid | Name | Reference): Target {
    if (to instanceof Pid) return this.#processes.find(to);
    return to instanceof Reference ? this.#processes.aliases.get(to)?.owner : to;
  }

  /** Something was to be done to a service of the node, and was not. */
  service({ node }: Pid, operation: PeerOperation, process: Process): void {
    if (node === this.#processes.identity.node) return;
    const [name] = process.names;
    this.#denied(node, operation, String(name ?? process.pid), "service");
  }

  #denied({ text: peer }: Atom, operation: PeerOperation, target: string, cause: RefusalCause) {
    this.#refusals.denied({ peer, operation, target, cause });
  }
}

type Target = Process | Name | undefined;

/** A name that nobody has is asked for as such: whether it is there is none of the peer's business. */
function namesOf(target: Target): readonly Name[] {
  if (target === undefined) return [];
  return typeof target === "object" && "names" in target ? target.names : [target];
}

function isKernel(names: readonly Name[], operation: PeerOperation): boolean {
  if (operation !== "send" && operation !== "monitor") return false;
  return names.some((name) => KERNEL.has(name));
}

function isNameless(target: Target): boolean {
  return (
    typeof target === "object" && "names" in target && target.system && target.names.length === 0
  );
}
