import { type GenRequest, reply } from "../../otp/gen.ts";
import { Atom, atom, atoms } from "../../term/atom.ts";
import { Pid } from "../../term/pid.ts";
import type { Term } from "../../term/term.ts";
import { isTuple, t } from "../../term/tuple.ts";
import { insertName } from "./apply-operations.ts";
import type { GlobalParts } from "./host.ts";
import type { LockId } from "./lock-table.ts";
import { PROTOCOL_VERSION } from "./messages.ts";
import { externalTerm, knownTerm } from "./wire-terms.ts";

const YES = atom("yes");
const NO_TRACE = atom("no_trace");

/** Gives the reply, or undefined: there is none, as in OTP. */
type Answer = (elements: readonly Term[], from: Pid) => Term | undefined;

/** What `info` tells beside what the parts know. */
export interface ServerState {
  readonly registrar: Pid;
  /** Nodes with a session. */
  readonly merging: readonly Atom[];
}

/**
 * Answers calls of `global_name_server`, at once: whoever registers a name anywhere waits for it
 * (kernel GL-10 to GL-16). What only the node itself may ask has no answer here.
 */
export class Answers {
  readonly #parts: GlobalParts;
  readonly #state: () => ServerState;
  readonly #answers: ReadonlyMap<string, Answer>;

  constructor(parts: GlobalParts, state: () => ServerState) {
    this.#parts = parts;
    this.#state = state;
    const { names, members } = parts;
    this.#answers = new Map<string, Answer>([
      ["set_lock/1", ([id], from) => this.#setLock(id, from)],
      ["del_lock/1", ([id], from) => this.#deleteLock(id, from)],
      ["register/3", (elements, from) => this.#register(elements, from)],
      ["register_ext/4", (elements, from) => this.#register(elements, from)],
      ["unregister/1", ([name]) => this.#unregister(name)],
      ["get_known/0", () => [...members.known.keys()]],
      ["get_synced/0", () => [...members.synced]],
      ["get_names_ext/0", () => names.external().map(externalTerm)],
      ["get_protocol_version/0", () => PROTOCOL_VERSION],
      ["info/0", () => this.#info()],
    ]);
  }

  answer({ from, request }: Extract<GenRequest, { kind: "call" }>): void {
    const [tag, elements] = isTuple(request) ? [request[0], request.slice(1)] : [request, []];
    if (!(tag instanceof Atom)) return;
    // A process of this node may have asked under the name that the node had then.
    const asker = this.#parts.host.present(from[0]);
    const answer = this.#answers.get(`${tag.text}/${elements.length}`)?.(elements, asker);
    // Who was disconnected is not connected to again for an answer.
    if (answer === undefined || !this.#parts.host.isWithin(asker.node)) return;
    try {
      reply(this.#parts.server, from, answer);
    } catch {
      // It takes so little that not even this can be sent: others shall not wait for it either.
      this.#parts.host.disconnect(from[0].node);
    }
  }

  #setLock(id: Term | undefined, from: Pid): boolean | undefined {
    if (!isLockId(id)) return undefined;
    const { host, locks, server } = this.#parts;
    // Of who is not there (any more) nobody would hear that it ended.
    const isHere = from.node === server.pid.node || host.isConnected(from.node);
    return isHere && locks.set(id, from);
  }

  #deleteLock(id: Term | undefined, from: Pid): true | undefined {
    if (!isLockId(id)) return undefined;
    this.#parts.locks.delete(id, from);
    return true;
  }

  #register([name, pid, method, registrar]: readonly Term[], from: Pid): Term | undefined {
    if (name === undefined || !(pid instanceof Pid) || method === undefined) return undefined;
    const entry = { name, pid: this.#parts.host.present(pid), method };
    const external = registrar instanceof Atom ? { ...entry, registrar } : undefined;
    if (insertName(this.#parts, entry, from, external)) return YES;
    // What others take for registered is not, here: better not to be one of them.
    this.#parts.host.disconnect(from.node);
    return undefined;
  }

  #unregister(name: Term | undefined): Term {
    if (name !== undefined) this.#parts.names.delete(name);
    return atoms.ok;
  }

  /** `global:info/0`: the record of the server's state, as in OTP. */
  #info(): Term {
    const { members, options, locker, locks, server } = this.#parts;
    const { registrar, merging } = this.#state();
    const { connectAll, preventOverlappingPartitions } = options;
    const conf = t(atom("conf"), connectAll, preventOverlappingPartitions);
    const known = [...members.known].map(knownTerm);
    const nodes = [known, [...members.synced], merging, [], server.pid.node] as const;
    const rest = [locker.pid, registrar, NO_TRACE, locks.globalLockDown] as const;
    return t(atom("state"), conf, ...nodes, ...rest);
  }
}

function isLockId(id: Term | undefined): id is LockId {
  return isTuple(id, 2);
}
