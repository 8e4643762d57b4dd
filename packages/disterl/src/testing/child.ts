import { type ChildProcess, spawn } from "node:child_process";
import { systemClock } from "disterl/carrier";
import { TestingError } from "./errors.ts";
import type { ProgramCall } from "./otp-release.ts";

/** Only the last of what a child printed is kept. */
const OUTPUT_CHARS = 4 * 1024 * 1024;

const running = new Set<Child>();
let exitHook = false;

/** What {@link Child.waitFor} may take. */
export interface WaitOptions {
  /** Default 15,000. */
  readonly timeoutMs?: number | undefined;
}

interface Waiter {
  readonly pattern: RegExp;
  readonly found: (match: RegExpExecArray) => void;
  readonly failed: (error: Error) => void;
}

/** A program we started, what it printed, and its end. Killed when we exit. */
export class Child {
  readonly what: string;
  readonly pid: number;
  /** Settles when the program has ended, with how. */
  readonly exited: Promise<string>;
  readonly #process: ChildProcess;
  readonly #waiters = new Set<Waiter>();
  #output = "";
  #ending: string | undefined;

  /** `filter` sees what comes on standard output first, and gives what of it is output. */
  constructor(
    what: string,
    call: ProgramCall,
    env: NodeJS.ProcessEnv,
    filter: (text: string) => string = (text) => text,
  ) {
    this.what = what;
    this.#process = spawn(call.file, call.args, { env, stdio: ["pipe", "pipe", "pipe"] });
    this.pid = this.#process.pid ?? 0;
    this.exited = new Promise((resolve) => {
      const ended = (how: string): void => {
        this.#end(how);
        resolve(how);
      };
      this.#process.once("error", (error) => ended(error.message));
      this.#process.once("close", (code, signal) =>
        ended(`ended with ${signal ?? `code ${code}`}`),
      );
    });
    this.#process.stdout?.setEncoding("utf8").on("data", (text) => this.#append(filter(text)));
    this.#process.stderr?.setEncoding("utf8").on("data", (text) => this.#append(text));
    this.#process.stdin?.on("error", () => {}); // told by `exited`
    remember(this);
  }

  /** What it printed on both streams. */
  get output(): string {
    return this.#output;
  }

  /** How it ended; `undefined` while it runs. */
  get ending(): string | undefined {
    return this.#ending;
  }

  /** Writes to its standard input. */
  write(text: string): void {
    this.#process.stdin?.write(text);
  }

  /** Ends its standard input. */
  endInput(): void {
    this.#process.stdin?.end();
  }

  #append(text: string): void {
    if (text === "") return;
    this.#output = (this.#output + text).slice(-OUTPUT_CHARS);
    for (const waiter of this.#waiters) this.#look(waiter);
  }

  /** Resolves as soon as {@link output} matches. */
  waitFor(pattern: RegExp, options: WaitOptions = {}): Promise<RegExpExecArray> {
    const timeoutMs = options.timeoutMs ?? 15_000;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        timer.cancel();
        this.#waiters.delete(waiter);
      };
      const waiter: Waiter = {
        pattern: new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")),
        found: (match) => {
          done();
          resolve(match);
        },
        failed: (error) => {
          done();
          reject(error);
        },
      };
      const timer = systemClock.after(timeoutMs, () =>
        waiter.failed(this.late(pattern, timeoutMs)),
      );
      this.#waiters.add(waiter);
      this.#look(waiter);
      if (this.#ending !== undefined) waiter.failed(this.gone());
    });
  }

  #look(waiter: Waiter): void {
    const match = waiter.pattern.exec(this.#output);
    if (match !== null) waiter.found(match);
  }

  #end(how: string): void {
    this.#ending ??= how;
    running.delete(this);
    for (const waiter of this.#waiters) waiter.failed(this.gone());
  }

  /** The error for who waits for a program that is no more. */
  gone(): TestingError {
    const text = `${this.what} ${this.#ending ?? "is gone"}${this.#tail()}`;
    return new TestingError("ERR_TESTING_OTP_EXITED", text);
  }

  /** The error for who waited too long. */
  late(whatFor: RegExp | string, timeoutMs: number): TestingError {
    const text = `${this.what}: waited ${timeoutMs} ms for ${whatFor}${this.#tail()}`;
    return new TestingError("ERR_TESTING_OTP_TIMEOUT", text);
  }

  #tail(): string {
    const tail = this.#output.trim().slice(-2000);
    return tail === "" ? "" : `; it printed:\n${tail}`;
  }

  /** Sends a signal; nothing happens when it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.#ending === undefined && this.pid !== 0) this.#process.kill(signal);
  }

  /** Sends a signal that ends it, and resolves when it has ended. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.signal(signal);
    await this.exited;
  }

  /** Resolves when it has ended, which `how` should bring about; kills it when that takes too long. */
  async endWithin(milliseconds: number, how: () => void): Promise<void> {
    if (this.#ending !== undefined) return;
    const timer = systemClock.after(milliseconds, () => this.signal("SIGKILL"));
    how();
    await this.exited;
    timer.cancel();
  }
}

function remember(child: Child): void {
  if (!exitHook) {
    exitHook = true;
    process.once("exit", () => {
      for (const left of running) left.signal("SIGKILL");
    });
  }
  running.add(child);
}
