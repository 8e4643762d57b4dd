import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { systemClock } from "disterl/carrier";
import { chooseRelease } from "./c-epmd.ts";
import { Child, type WaitOptions } from "./child.ts";
import { TestingError } from "./errors.ts";
import { otpNodeLoop } from "./otp-node-loop.ts";
import { type OtpRelease, otpProgram, type ProgramCall } from "./otp-release.ts";
import { OtpReplies, READY_ID } from "./otp-replies.ts";

/** Options of {@link startOtpNode}. */
export interface OtpNodeOptions {
  /** Which Erlang/OTP; default: the oldest found. */
  readonly release?: string | OtpRelease | undefined;
  /** `-sname`, `-name`, or neither: a runtime that is not alive. */
  readonly nameType: "short" | "long" | "none";
  /**
   * With or without `@host`; the host is `localhost` for short names and `127.0.0.1` for long ones.
   * Default: a name nobody else has. `undefined@host` asks for a dynamic name.
   */
  readonly name?: string | undefined;
  /** `-setcookie`; without one, Erlang reads (or makes) the cookie file in `$HOME`. */
  readonly cookie?: string | undefined;
  /** Port of the epmd to use. The node never starts one itself. */
  readonly epmdPort?: number | undefined;
  /** More flags of `erl`. */
  readonly flags?: readonly string[] | undefined;
  /** Added to an environment that holds PATH, HOME (a temporary folder) and ERL_EPMD_PORT only. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Starts `elixir` instead of `erl`: {@link OtpNode.evalElixir} works then. */
  readonly elixir?: boolean | undefined;
  /** A command that starts another, for instance `["ip", "netns", "exec", "left"]`. */
  readonly within?: readonly string[] | undefined;
  /** The folder to run in, as the release sees it. Default: that of this process, or of its root. */
  readonly cwd?: string | undefined;
  /** How long the start may take; default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** Options of `OtpNode.eval`. */
export interface EvalOptions extends WaitOptions {
  /** Name of the process that evaluates: each name is one process. Default `main`. */
  readonly evaluator?: string | undefined;
}

/** A real Erlang node, in a process of its own, that evaluates what it is told. */
export interface OtpNode {
  /** As `node()` says: `"otp25_1a2b@localhost"`. */
  readonly nodeName: string;
  /** Of the Erlang machine itself. */
  readonly pid: number;
  readonly release: string;
  /** What the node and its expressions printed. */
  readonly output: string;
  /** Settles when the node has ended, with how. */
  readonly exited: Promise<string>;
  /**
   * Evaluates Erlang expressions; gives the value of the last, printed as `~0tp`. They run in one
   * process that lives on: mailbox, links, dictionary and registered names stay, variables do not.
   * @throws OtpEvalError with class and reason when they fail.
   */
  eval(expressions: string, options?: EvalOptions): Promise<string>;
  /** As {@link eval}; gives `term_to_binary` of the value. */
  evalTerm(expressions: string, options?: EvalOptions): Promise<Uint8Array>;
  /** Evaluates Elixir code; gives what `inspect` prints. */
  evalElixir(code: string, options?: EvalOptions): Promise<string>;
  /** Evaluates Elixir code; gives `term_to_binary` of the value. */
  evalElixirTerm(code: string, options?: EvalOptions): Promise<Uint8Array>;
  /** Compiles and loads an Erlang module from its source text; gives its name. */
  loadModule(source: string): Promise<string>;
  /** Resolves when {@link output} matches, at once when it does already. */
  waitFor(pattern: RegExp, options?: WaitOptions): Promise<RegExpExecArray>;
  /** Ends the node by `erlang:halt/2`: its sockets close, epmd forgets it. Resolves when it has ended. */
  stop(): Promise<void>;
  /** Ends it by a signal, default SIGKILL; resolves when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Freezes the whole process (SIGSTOP): sockets stay open, nothing answers. And goes on. */
  suspend(): void;
  resume(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a real Erlang node and resolves when it is alive and reads expressions. It listens on the
 * loopback address, never starts an epmd, and ends when this process does, however that ends.
 * @throws TestingError when the release is missing or the node does not come up; what it printed is
 *   in the message.
 */
export async function startOtpNode(options: OtpNodeOptions): Promise<OtpNode> {
  const otp = chooseRelease(options.release);
  const token = `disterl-${randomBytes(6).toString("hex")}`;
  const flags = nodeFlags(otp, options);
  const env: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"],
    HOME: otp.root === undefined ? tmpdir() : "/tmp",
    LANG: "C.UTF-8",
    ERL_CRASH_DUMP_SECONDS: "0",
    ...(options.epmdPort === undefined ? {} : { ERL_EPMD_PORT: String(options.epmdPort) }),
  };
  const loop = otpNodeLoop(token);
  const what = `Erlang node (OTP ${otp.release})`;
  const [program, args] = options.elixir
    ? (["elixir", ["--no-halt", "-e", ELIXIR_START]] as const)
    : (["erl", ["-noshell", ...flags, "-eval", loop]] as const);
  const call =
    options.cwd === undefined
      ? otpProgram(otp, program, args)
      : otpProgram(otp, "env", ["-C", options.cwd, program, ...args]);
  if (options.elixir) Object.assign(env, { ERL_AFLAGS: quoted(flags), DISTERL_LOOP: loop });
  const started = startedBy(options.within ?? [], call);
  return NodeProcess.start(what, started, { ...env, ...options.env }, token, options.timeoutMs);
}

function startedBy([program, ...words]: readonly string[], call: ProgramCall): ProgramCall {
  return program === undefined
    ? call
    : { file: program, args: [...words, call.file, ...call.args] };
}

function nodeFlags(otp: OtpRelease, options: OtpNodeOptions): string[] {
  const given = options.flags ?? [];
  const flags = ["+pc", "unicode"]; // ~tp shows text of any language as text
  if (options.nameType !== "none") {
    const host = options.nameType === "short" ? "localhost" : "127.0.0.1";
    const own = `otp${otp.release}_${randomBytes(4).toString("hex")}`;
    const name = options.name ?? own;
    const flag = options.nameType === "short" ? "-sname" : "-name";
    flags.push(flag, name.includes("@") || name === "undefined" ? name : `${name}@${host}`);
    if (!given.includes("inet_dist_use_interface")) {
      flags.push("-kernel", "inet_dist_use_interface", "{127,0,0,1}");
    }
    if (!given.includes("-start_epmd")) flags.push("-start_epmd", "false");
  }
  if (options.cookie !== undefined) flags.push("-setcookie", options.cookie);
  return [...flags, ...given];
}

/** Runs the loop inside Elixir, which takes no `-eval` of its own. */
const ELIXIR_START = [
  ':os.getenv(~c"DISTERL_LOOP")',
  ":erl_scan.string()",
  "elem(1)",
  ":erl_parse.parse_exprs()",
  "elem(1)",
  ":erl_eval.exprs([])",
].join(" |> ");

/** Flags for ERL_AFLAGS, each in double quotes. */
function quoted(flags: readonly string[]): string {
  return flags.map((flag) => `"${flag.replaceAll(/["\\]/g, "\\$&")}"`).join(" ");
}

class NodeProcess implements OtpNode {
  readonly nodeName: string;
  readonly pid: number;
  readonly release: string;
  readonly #child: Child;
  readonly #replies: OtpReplies;

  static async start(
    what: string,
    call: ProgramCall,
    env: NodeJS.ProcessEnv,
    token: string,
    timeoutMs = 30_000,
  ): Promise<NodeProcess> {
    const replies = new OtpReplies(token);
    const child = new Child(what, call, env, (text) => replies.take(text));
    void child.exited.then(() => replies.end(child.gone()));
    const timer = systemClock.after(timeoutMs, () =>
      replies.end(child.late("the node to be alive", timeoutMs)),
    );
    try {
      return new NodeProcess(child, replies, await replies.wait(READY_ID, "the start"));
    } catch (cause) {
      await child.kill();
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TestingError("ERR_TESTING_OTP_START", `no Erlang node: ${why}`, { cause });
    } finally {
      timer.cancel();
    }
  }

  private constructor(child: Child, replies: OtpReplies, ready: readonly Buffer[]) {
    const [pid, name, release] = ready.map(String);
    this.#child = child;
    this.#replies = replies;
    this.pid = Number(pid);
    this.nodeName = name ?? "";
    this.release = release ?? "";
  }

  get output(): string {
    return this.#child.output;
  }

  get exited(): Promise<string> {
    return this.#child.exited;
  }

  async eval(expressions: string, options?: EvalOptions): Promise<string> {
    return (await this.#ask("p", expressions, options)).toString();
  }

  async evalTerm(expressions: string, options?: EvalOptions): Promise<Uint8Array> {
    return new Uint8Array(await this.#ask("t", expressions, options));
  }

  async evalElixir(code: string, options?: EvalOptions): Promise<string> {
    return (await this.#ask("x", code, options)).toString();
  }

  async evalElixirTerm(code: string, options?: EvalOptions): Promise<Uint8Array> {
    return new Uint8Array(await this.#ask("y", code, options));
  }

  async loadModule(source: string): Promise<string> {
    return (await this.#ask("m", source)).toString();
  }

  async #ask(kind: string, text: string, options: EvalOptions = {}): Promise<Buffer> {
    const { evaluator = "main", timeoutMs = 15_000 } = options;
    if (!/^\w+$/.test(evaluator)) throw new TypeError(`evaluator: one word, not "${evaluator}"`);
    if (this.#child.ending !== undefined) throw this.#child.gone();
    const id = this.#replies.nextId();
    const timer = systemClock.after(timeoutMs, () => {
      this.#replies.fail(id, this.#child.late(`the value of: ${text.slice(0, 200)}`, timeoutMs));
    });
    this.#child.write(`${id} ${kind} ${evaluator} ${Buffer.from(text).toString("base64")}\n`);
    try {
      const [value] = await this.#replies.wait(id, text);
      return value ?? Buffer.alloc(0);
    } finally {
      timer.cancel();
    }
  }

  waitFor(pattern: RegExp, options?: WaitOptions): Promise<RegExpExecArray> {
    return this.#child.waitFor(pattern, options);
  }

  stop(): Promise<void> {
    this.resume();
    return this.#child.endWithin(10_000, () => this.#child.endInput());
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.#signal(signal);
    await this.#child.exited;
  }

  suspend(): void {
    this.#signal("SIGSTOP");
  }

  resume(): void {
    this.#signal("SIGCONT");
  }

  /** To the Erlang machine; a wrapper that stayed between us and it ends with it. */
  #signal(signal: NodeJS.Signals): void {
    if (this.#child.ending !== undefined) return;
    try {
      process.kill(this.pid, signal);
    } catch {
      // It ended a moment ago; `exited` tells.
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
