import type { Name } from "../signal/signal.ts";
import { Atom } from "../term/atom.ts";
import type { Term } from "../term/term.ts";
import { globMatcher, type Matcher, oneOf } from "./glob.ts";

/**
 * What a peer can ask of this node. `call` is a function call by `erpc` or `rpc`, `spawn` a process
 * that runs a function; `send` and `monitor` together are what `gen_server:call` takes.
 */
export type PeerOperation =
  | "send"
  | "link"
  | "monitor"
  | "exit"
  | "group_leader"
  | "spawn"
  | "call";

const OPERATIONS: Readonly<Record<PeerOperation, true>> = {
  send: true,
  link: true,
  monitor: true,
  exit: true,
  group_leader: true,
  spawn: true,
  call: true,
};

/** What some peers may do. A part that is left out restricts nothing. */
export interface PolicyRule {
  /** Full names of nodes; `*` stands for anything but `@`: `app@db.example`, `app@*`, `*@db.example`. */
  readonly peers: string | readonly string[];
  /** The operations that they may ask for. Default: all. */
  readonly operations?: readonly PeerOperation[];
  /**
   * Registered names of the processes that they may send to, monitor, link and so on; `*` stands for
   * anything. A process that has names is protected under its pid, too; one that has none can be
   * reached by whoever knows its pid. Default: all.
   */
  readonly names?: readonly string[];
  /** Exposed functions that they may call or spawn: `pricing:quote`, `pricing:*`. Default: all. */
  readonly functions?: readonly string[];
}

/** What a peer asks for, as a {@link PolicyFunction} is told. */
export interface PeerRequest {
  /** Full name of the node that asks. */
  readonly peer: string;
  /** What it wants to do. */
  readonly operation: PeerOperation;
  /** Registered names of the process in question, none for `spawn`, `call` and nameless processes. */
  readonly names: readonly string[];
  /** With `spawn` and `call`: the module of the function. */
  readonly module?: string;
  /** Its name. */
  readonly function?: string;
  /** How many arguments it gets. */
  readonly arity?: number;
}

/** Says whether a peer may do what it asks for. One that throws says no. */
export type PolicyFunction = (request: PeerRequest) => boolean;

/**
 * Who may do what: rules, of which the first that names the peer counts, or a function. A peer that no
 * rule names may do nothing.
 */
export type PolicyOptions = PolicyRule | readonly PolicyRule[] | PolicyFunction;

/** A function that a peer wants to have run. */
export interface WantedFunction {
  readonly module: Term;
  readonly function: Term;
  readonly arity: number;
}

/** A rule, for one peer. */
interface Permits {
  readonly operations: ReadonlySet<PeerOperation> | undefined;
  readonly name: Matcher | undefined;
  readonly function: Matcher | undefined;
}

const NOTHING: Permits = { operations: new Set(), name: undefined, function: undefined };

/**
 * Decides what peers may do. Answers to what this node asked for, ticks and the questions that
 * `net_kernel` answers (`net_adm:ping/1`) are never looked at.
 */
export class Policy {
  readonly #rules: readonly (Permits & { readonly peer: Matcher })[];
  readonly #decide: PolicyFunction | undefined;
  /** The rule of each peer; a name that nobody holds any more goes by itself. */
  readonly #byPeer = new WeakMap<Atom, Permits>();

  /** @throws TypeError when a rule is none. */
  constructor(options: PolicyOptions) {
    this.#decide = typeof options === "function" ? options : undefined;
    const rules = typeof options === "function" ? [] : toRules(options);
    this.#rules = rules.map(compileRule);
  }

  /** About a process: the names it has. */
  permitsProcess(peer: Atom, operation: PeerOperation, names: readonly Name[]): boolean {
    if (this.#decide !== undefined) {
      return this.#ask({ peer: peer.text, operation, names: names.map(nameText) });
    }
    const { operations, name } = this.#of(peer);
    if (operations?.has(operation) === false) return false;
    return name === undefined || names.length === 0 || names.some((n) => name(nameText(n)));
  }

  /** About a function that is to be called, or to be run by a new process. */
  permitsFunction(peer: Atom, operation: "call" | "spawn", wanted: WantedFunction): boolean {
    const module = nameOf(wanted.module);
    const fun = nameOf(wanted.function);
    if (this.#decide !== undefined) {
      const { arity } = wanted;
      return this.#ask({ peer: peer.text, operation, names: [], module, function: fun, arity });
    }
    const permits = this.#of(peer);
    if (permits.operations?.has(operation) === false) return false;
    return permits.function === undefined || permits.function(`${module}:${fun}`);
  }

  #ask(request: PeerRequest): boolean {
    try {
      return this.#decide?.(request) === true;
    } catch {
      return false;
    }
  }

  #of(peer: Atom): Permits {
    let permits = this.#byPeer.get(peer);
    if (permits === undefined) {
      permits = this.#rules.find((rule) => rule.peer(peer.text)) ?? NOTHING;
      this.#byPeer.set(peer, permits);
    }
    return permits;
  }
}

function nameText(name: Name): string {
  return name instanceof Atom ? name.text : String(name);
}

/** A peer may ask for what is no name at all. */
function nameOf(term: Term): string {
  return term instanceof Atom || typeof term === "boolean" ? nameText(term) : "";
}

const RULE_KEYS = new Set(["peers", "operations", "names", "functions"]);

function toRules(options: PolicyRule | readonly PolicyRule[]): readonly PolicyRule[] {
  const rules: unknown = Array.isArray(options) ? options : [options];
  if (!isArrayOfObjects(rules)) {
    throw new TypeError("policy is a rule, an array of rules, or a function");
  }
  for (const rule of rules) {
    for (const key of Object.keys(rule)) {
      if (!RULE_KEYS.has(key)) throw new TypeError(`a policy rule has no "${key}"`);
    }
  }
  return rules as readonly PolicyRule[];
}

function isArrayOfObjects(value: unknown): value is readonly object[] {
  return Array.isArray(value) && value.every((item) => typeof item === "object" && item !== null);
}

function compileRule({ peers, operations, names, functions }: PolicyRule): Permits & {
  readonly peer: Matcher;
} {
  const patterns = texts("peers", typeof peers === "string" ? [peers] : peers);
  for (const pattern of patterns) {
    if (pattern !== "*" && !/^[^@]+@[^@]+$/.test(pattern)) {
      throw new TypeError(`peers are name@host, with * for any part, or "*": not "${pattern}"`);
    }
  }
  for (const operation of texts("operations", operations ?? [])) {
    if (!Object.hasOwn(OPERATIONS, operation)) {
      throw new TypeError(`a policy knows no operation "${operation}"`);
    }
  }
  for (const pattern of texts("functions", functions ?? [])) {
    if (!pattern.includes(":")) {
      throw new TypeError(`functions are module:function or module:*, not "${pattern}"`);
    }
  }
  return {
    peer: oneOf(
      patterns.map((pattern) => (pattern === "*" ? () => true : globMatcher(pattern, "@"))),
    ),
    operations: operations === undefined ? undefined : new Set(operations),
    name: names && oneOf(texts("names", names).map((pattern) => globMatcher(pattern))),
    function: functions && oneOf(functions.map((pattern) => globMatcher(pattern))),
  };
}

function texts(what: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new TypeError(`${what} of a policy rule are an array of strings`);
}
