import type { Name } from "../signal/signal.ts";
import { type Atom, atom, atomOrBoolean, atoms } from "../term/atom.ts";
import type { List } from "../term/list.ts";
import { Pid } from "../term/pid.ts";
import type { Reference } from "../term/reference.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";
import { nodeAtom } from "./destination.ts";
import { ProcessError } from "./errors.ts";
import { type MonitorOptions, ProcessMonitor } from "./monitor.ts";
import type { Process } from "./process.ts";
import { KEEP_TOKEN } from "./trace-token.ts";

const LINK = atom("link");
const MONITOR = atom("monitor");
const SPAWN_REPLY = atom("spawn_reply");

/** Options of {@link Process.spawnAt}. */
export interface SpawnAtOptions {
  /** The new process is linked with this one before it runs. */
  readonly link?: boolean | undefined;
  /** This one monitors it from the start. */
  readonly monitor?: boolean | MonitorOptions | undefined;
  /** Options for the emulator there, as `erlang:spawn_opt/5` has them: `{priority, high}`. */
  readonly options?: List | undefined;
}

/** Options of {@link Process.spawnRequest} (`erlang:spawn_request/5`). */
export interface SpawnRequestOptions extends SpawnAtOptions {
  /** Which results are told. Default `"yes"`, which is all. */
  readonly reply?: "yes" | "no" | "error_only" | "success_only" | undefined;
  /** First element of the message in place of `spawn_reply`. */
  readonly replyTag?: Term | undefined;
}

/** What shall run, and where. */
export interface SpawnCall {
  readonly node: Atom | string;
  readonly module: Name | string;
  readonly fun: Name | string;
  readonly args: List;
}

/** What becomes of a request. */
interface SpawnWait {
  readonly started: (pid: Pid, token: Term | undefined) => void;
  readonly refused: (reason: Name, token: Term | undefined) => void;
  /** Who asked has ended. */
  readonly ended?: () => void;
}

/** A request of a process that waits for its reply. */
export class PendingSpawn {
  readonly ref: Reference;
  readonly #owner: Process;
  readonly #node: Atom;
  readonly #options: SpawnAtOptions;
  readonly #wait: SpawnWait;

  constructor(
    owner: Process,
    ref: Reference,
    node: Atom,
    options: SpawnAtOptions,
    wait: SpawnWait,
  ) {
    this.#owner = owner;
    this.ref = ref;
    this.#node = node;
    this.#options = options;
    this.#wait = wait;
  }

  send({ module, fun, args }: SpawnCall): void {
    const { ref } = this;
    const owner = this.#owner;
    const { link, monitor, options = [] } = this.#options;
    owner.spawnRequests.add(this);
    if (isAliased(monitor)) this.#monitor(owner.pid, monitor).activateAlias();
    owner.table.spawnRequests.expect(ref, this.#node, (result, flags, token) =>
      this.#replied(result, flags, token),
    );
    try {
      owner.route(this.#node, {
        type: "spawn_request",
        ref,
        from: owner.pid,
        groupLeader: owner.groupLeader,
        module: nameOf(module),
        function: nameOf(fun),
        arity: args.length,
        options: [...(link ? [LINK] : []), ...(monitor ? [MONITOR] : []), ...options],
        args,
        token: owner.nextToken(),
      });
    } catch (error) {
      owner.table.spawnRequests.forget(ref);
      owner.spawnRequests.delete(this);
      this.#endAlias();
      throw error;
    }
  }

  /** The link and the monitor are there before anything else that the new process does. */
  #replied(result: Pid | Name, flags: number, token: Term | undefined): void {
    this.#owner.spawnRequests.delete(this);
    if (!(result instanceof Pid)) {
      this.#endAlias();
      this.#wait.refused(result, token);
      return;
    }
    if ((flags & 1) !== 0) this.#owner.links.linkReceived(result);
    if ((flags & 2) !== 0) this.#watch(result);
    this.#wait.started(result, token);
  }

  /** The alias, if it is one still, is that of the monitor from here on. */
  #watch(pid: Pid): void {
    const monitor = this.#monitor(pid, this.#options.monitor);
    const alias = this.#alias();
    monitor.watch();
    if (alias?.deactivate() === true) monitor.activateAlias();
  }

  #monitor(target: Pid, options: boolean | MonitorOptions | undefined): ProcessMonitor {
    const given = typeof options === "object" ? options : {};
    return new ProcessMonitor(this.#owner, this.ref, this.#node, target, given);
  }

  /** There is no monitor that it could go with. */
  #endAlias(): void {
    this.#alias()?.deactivate();
  }

  #alias(): ProcessMonitor | undefined {
    const alias = this.#owner.table.aliases.get(this.ref);
    return alias instanceof ProcessMonitor ? alias : undefined;
  }

  abandon(): boolean {
    this.#owner.spawnRequests.delete(this);
    this.#endAlias();
    return this.#owner.table.spawnRequests.abandon(this.ref);
  }

  /** What was started hears of the end over its link. */
  requesterEnded(reason: Term): void {
    this.#owner.table.spawnRequests.abandon(this.ref, reason);
    this.#wait.ended?.();
  }
}

/** Sends the request; the result comes as a message. */
export function spawnRequest(
  self: Process,
  call: SpawnCall,
  options: SpawnRequestOptions,
): Reference {
  const ref = self.table.identity.nextReference();
  if (!self.alive) return ref;
  const { reply = "yes", replyTag = SPAWN_REPLY } = options;
  const tell = (what: Atom, result: Term, token: Term | undefined): void =>
    self.deliver(t(replyTag, ref, what, result), 0, token ?? KEEP_TOKEN);
  const wait: SpawnWait = {
    started: (pid, token) => {
      if (reply === "yes" || reply === "success_only") tell(atoms.ok, pid, token);
    },
    refused: (reason, token) => {
      if (reply === "yes" || reply === "error_only") tell(atoms.error, reason, token);
    },
  };
  new PendingSpawn(self, ref, nodeAtom(call.node), options, wait).send(call);
  return ref;
}

/** Sends the request, and gives the result to a promise. */
export function spawnAt(
  self: Process,
  call: SpawnCall,
  options: SpawnAtOptions,
): Promise<Pid | readonly [Pid, Reference]> {
  if (!self.alive) return Promise.reject(self.exited());
  return new Promise((resolve, reject) => {
    const ref = self.table.identity.nextReference();
    const { module, fun, args, node } = call;
    const what = `${String(module)}:${String(fun)}/${args.length} on ${String(node)}`;
    const refused = (reason: Name): void => {
      const text = `${String(node)} starts no process for ${what}: ${String(reason)}`;
      reject(new ProcessError("ERR_SPAWN_REFUSED", text, reason));
    };
    const started = (pid: Pid): void => resolve(options.monitor ? [pid, ref] : pid);
    const ended = (): void => reject(self.exited());
    new PendingSpawn(self, ref, nodeAtom(node), options, { started, refused, ended }).send(call);
  });
}

/** `erlang:spawn_request_abandon/1` of a process. */
export function abandonSpawn(self: Process, ref: Reference): boolean {
  for (const request of self.spawnRequests) if (request.ref.equals(ref)) return request.abandon();
  return false;
}

function isAliased(monitor: boolean | MonitorOptions | undefined): monitor is MonitorOptions {
  return typeof monitor === "object" && monitor.alias !== undefined;
}

function nameOf(name: Name | string): Name {
  return typeof name === "string" ? atomOrBoolean(name) : name;
}
