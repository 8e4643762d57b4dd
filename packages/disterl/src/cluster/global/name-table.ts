import type { Process } from "../../process/process.ts";
import type { Atom } from "../../term/atom.ts";
import type { Pid } from "../../term/pid.ts";
import type { Reference } from "../../term/reference.ts";
import type { Term } from "../../term/term.ts";
import { TermTable } from "./term-table.ts";

/** A name as nodes tell each other of it: `{Name, Pid, Method}`. */
export interface GlobalName {
  readonly name: Term;
  readonly pid: Pid;
  /** What decides when two nodes know different processes under the name: `fun/3` or `{M, F}`. */
  readonly method: Term;
}

/** A name of a process that has no name server on its node, and the node that registered it. */
export interface ExternalName {
  readonly name: Term;
  readonly pid: Pid;
  readonly registrar: Atom;
}

interface Entry extends GlobalName {
  readonly ref: Reference;
}

/** What a name table asks of its surroundings. */
export interface NameTableOptions {
  /** Monitors the processes that have names. */
  readonly server: Process;
  /** How many names there may be. */
  readonly most: number;
  /** A process has no name any more. */
  readonly nameless: (pid: Pid) => void;
}

/**
 * The names that all nodes of the mesh know, as this one knows them. A name goes when its process ends:
 * each node monitors it by itself (kernel GL-6).
 */
export class NameTable {
  readonly #options: NameTableOptions;
  readonly #names = new TermTable<Entry>();
  readonly #external = new TermTable<ExternalName>();
  readonly #byRef = new Map<string, Entry>();
  readonly #byPid = new Map<string, Set<Entry>>();

  constructor(options: NameTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#names.size;
  }

  /** One name more is one too many. */
  get isFull(): boolean {
    return this.#names.size >= this.#options.most;
  }

  get(name: Term): GlobalName | undefined {
    return this.#names.get(name);
  }

  hasName(pid: Pid): boolean {
    return this.#byPid.has(pid.key);
  }

  all(): GlobalName[] {
    return [...this.#names.values()].map(({ name, pid, method }) => ({ name, pid, method }));
  }

  external(): ExternalName[] {
    return [...this.#external.values()];
  }

  /** The name means this process from now on; false when there are too many names. */
  insert(given: GlobalName, registrar?: Atom): boolean {
    const { name, pid, method } = given;
    const before = this.#names.get(name);
    if (before === undefined && this.isFull) return false;
    if (before !== undefined) this.#remove(before);
    const entry = { name, pid, method, ref: this.#options.server.monitor(pid) };
    this.#names.set(name, entry);
    if (registrar !== undefined) this.#external.set(name, { name, pid, registrar });
    this.#byRef.set(entry.ref.key, entry);
    const entries = this.#byPid.get(pid.key) ?? new Set();
    this.#byPid.set(pid.key, entries.add(entry));
    if (before !== undefined && !this.hasName(before.pid)) this.#options.nameless(before.pid);
    return true;
  }

  delete(name: Term): void {
    const entry = this.#names.get(name);
    if (entry === undefined) return;
    this.#remove(entry);
    if (!this.hasName(entry.pid)) this.#options.nameless(entry.pid);
  }

  /** A monitored process has ended. */
  down(ref: Reference): void {
    const entry = this.#byRef.get(ref.key);
    if (entry !== undefined) this.delete(entry.name);
  }

  /** The names of processes of a node go with the node. */
  nodeDown(node: Atom): void {
    for (const { name, pid } of [...this.#names.values()]) if (pid.node === node) this.delete(name);
  }

  /** This node has another name than before: its processes have other pids. */
  rename(present: (pid: Pid) => Pid): void {
    for (const { name, pid, method } of [...this.#names.values()]) {
      const now = present(pid);
      if (!now.equals(pid)) this.insert({ name, pid: now, method });
    }
  }

  #remove(entry: Entry): void {
    const { name, pid, ref } = entry;
    this.#names.delete(name);
    this.#external.delete(name);
    this.#byRef.delete(ref.key);
    const entries = this.#byPid.get(pid.key);
    entries?.delete(entry);
    if (entries?.size === 0) this.#byPid.delete(pid.key);
    this.#options.server.demonitor(ref, { flush: true });
  }
}
