import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A program of this folder, in a process of its own, that answers commands. */
export class Forked {
  /** What it called itself when it was ready. */
  name = "";
  #child;
  #exited;
  /** @readonly */
  #open = new Map();
  #nextId = 1;

  /** @param {string} program a file of this folder. @param {object} settings its only argument. */
  static async start(program, settings, execArgv = []) {
    const forked = new Forked();
    const path = fileURLToPath(new URL(program, import.meta.url));
    const child = fork(path, [JSON.stringify(settings)], { execArgv });
    forked.#child = child;
    forked.#exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve(forked.#ended(program, code, signal)));
    });
    const ready = new Promise((resolve, reject) => forked.#open.set(0, { resolve, reject }));
    child.on("message", (message) => forked.#message(message));
    forked.name = await ready;
    return forked;
  }

  get pid() {
    return this.#child.pid;
  }

  /** Runs a command there; resolves to what it gives. */
  ask(command, args = {}) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      this.#child.send({ id, command, args });
    });
  }

  #message({ id = 0, ready, value, error }) {
    const asked = this.#open.get(id);
    if (asked === undefined) return; // it has ended, which can be heard of before its last words
    this.#open.delete(id);
    if (error === undefined) asked.resolve(ready ?? value);
    else asked.reject(new Error(`in the peer ${this.name}: ${error}`));
  }

  #ended(program, code, signal) {
    for (const { reject } of this.#open.values()) {
      reject(new Error(`${program} ended (${signal ?? code})`));
    }
    this.#open.clear();
  }

  /** Asks it to end, and sees to it. */
  async stop() {
    const late = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await this.ask("stop").catch(() => {});
    await this.#exited;
    clearTimeout(late);
  }
}
