import { FlagError } from "./errors.ts";
import { readTextFile } from "./read-text-file.ts";
import { splitArguments } from "./split-arguments.ts";

/** One flag and the arguments after it. */
export interface ErlFlag {
  /** Without the sign: `kernel`, `zdbbl`. */
  readonly name: string;
  readonly values: readonly string[];
}

/** The environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A command line in Erlang's syntax, taken apart as `erl` does it and not yet judged. Flags that
 * Erlang does not know are kept: they belong to the program.
 */
export interface ErlFlags {
  /** The `-flags`, in order. */
  readonly flags: readonly ErlFlag[];
  /** The `+flags`, which `erl` hands to the emulator. */
  readonly emulator: readonly ErlFlag[];
  /** What belongs to no flag: after `--` up to the next flag, and everything after `-extra`. */
  readonly plain: readonly string[];
  /** The environment, with the `-env Key Value` flags applied. */
  readonly env: Environment;
  /** Whether there were any of those flags. */
  readonly changesEnv?: true | undefined;
}

/** Which `ERL_OTP<n>_FLAGS` is read. */
const OTP_RELEASE = 29;
/** `-args_file` in an `-args_file`, and so on: deeper is a circle. */
const MAX_ARGS_FILES = 16;

/**
 * Takes a command line apart: `ERL_OTP29_FLAGS` and `ERL_AFLAGS` before `argv`, `ERL_FLAGS` and
 * `ERL_ZFLAGS` after it, `-args_file`s replaced by what they contain. Mirrors `erlexec` and
 * `init:parse_boot_args/1`.
 *
 * @param argv the arguments after the program: `process.argv.slice(2)`.
 * @throws FlagError for files that cannot be read, open quotes, and flags that lack their value.
 */
export function parseErlFlags(argv: readonly string[], env: Environment = process.env): ErlFlags {
  const state = new Parser(env);
  state.parts(fromVariable(`ERL_OTP${OTP_RELEASE}_FLAGS`, env));
  state.parts(fromVariable("ERL_AFLAGS", env));
  state.parts(argv);
  state.parts(fromVariable("ERL_FLAGS", env));
  state.parts(fromVariable("ERL_ZFLAGS", env));
  return state.finish();
}

/** The values of each occurrence of a flag, in order: `init:get_argument/1`. */
export function valuesOf(flags: readonly ErlFlag[], name: string): (readonly string[])[] {
  return flags.filter((flag) => flag.name === name).map((flag) => flag.values);
}

/** Whether a flag is given at all. */
export function hasFlag(flags: readonly ErlFlag[], name: string): boolean {
  return flags.some((flag) => flag.name === name);
}

function fromVariable(name: string, env: Environment): string[] {
  const text = env[name];
  return text === undefined ? [] : splitArguments(text, name, false);
}

class Parser {
  readonly #flags: { name: string; values: string[] }[] = [];
  readonly #emulator: ErlFlag[] = [];
  readonly #plain: string[] = [];
  readonly #env: Record<string, string | undefined>;
  #changesEnv: true | undefined;
  /** Where arguments go: to the last flag, or to the plain ones. */
  #target: string[] = this.#plain;

  constructor(env: Environment) {
    this.#env = { ...env };
  }

  /** One part of the command line; `-extra` takes the rest of its part only. */
  parts(part: readonly string[]): void {
    const all = withArgsFiles(part, 0);
    const extra = all.indexOf("-extra");
    const own = extra === -1 ? all : all.slice(0, extra);
    for (let at = 0; at < own.length; ) at += this.#take(own, at);
    if (extra !== -1) {
      this.#plain.push(...all.slice(extra + 1));
      this.#target = this.#plain;
    }
  }

  /** Takes the argument at `at`; returns how many arguments that used up. */
  #take(all: readonly string[], at: number): number {
    const argument = all[at] as string;
    if (argument === "--") {
      this.#target = this.#plain;
      return 1;
    }
    if (argument === "-env") return this.#takeEnv(all[at + 1], all[at + 2]);
    if (argument.startsWith("-")) {
      const flag = { name: argument.slice(1), values: [] };
      this.#flags.push(flag);
      this.#target = flag.values;
      return 1;
    }
    if (argument.startsWith("+")) return this.#takeEmulator(argument, all[at + 1]);
    this.#target.push(argument);
    return 1;
  }

  #takeEnv(key: string | undefined, value: string | undefined): number {
    if (key === undefined || value === undefined) {
      throw new FlagError("ERR_FLAG_VALUE", "-env", "expected a name and a value");
    }
    this.#env[key] = value;
    this.#changesEnv = true;
    return 3;
  }

  #takeEmulator(argument: string, next: string | undefined): number {
    const name = argument.slice(1);
    const takesValue = !BARE_EMULATOR_FLAGS.test(name) && next !== undefined && !/^[-+]/.test(next);
    this.#emulator.push({ name, values: takesValue ? [next] : [] });
    return takesValue ? 2 : 1;
  }

  finish(): ErlFlags {
    return {
      flags: this.#flags,
      emulator: this.#emulator,
      plain: this.#plain,
      env: this.#env,
      ...(this.#changesEnv && { changesEnv: true }),
    };
  }
}

/** Emulator flags that take no value of their own. */
const BARE_EMULATOR_FLAGS = /^(?:B[cdi]?|d|D|l|r|v|V|x)$/;

function withArgsFiles(all: readonly string[], depth: number): string[] {
  const found: string[] = [];
  for (let at = 0; at < all.length; at++) {
    const argument = all[at] as string;
    if (argument === "-extra") return [...found, ...all.slice(at)];
    if (argument !== "-args_file") {
      found.push(argument);
      continue;
    }
    const file = all[++at];
    if (file === undefined) {
      throw new FlagError("ERR_FLAG_VALUE", "-args_file", "expected the name of a file");
    }
    if (depth === MAX_ARGS_FILES) {
      throw new FlagError(
        "ERR_FLAG_FILE",
        `-args_file ${file}`,
        "the files name each other in a circle",
      );
    }
    const text = readTextFile(file, `-args_file ${file}`);
    found.push(...withArgsFiles(splitArguments(text, `-args_file ${file}`, true), depth + 1));
  }
  return found;
}
