/**
 * The other end of a network cable that can be cut: a network namespace, joined to this machine by a
 * veth pair. Takes root and `ip` of iproute2.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

let count = 0;
let missing: string | undefined | false = false;

/** Why there can be no network namespaces here; undefined when there can. */
export function namespacesMissing(): string | undefined {
  if (missing === false) missing = tryOne();
  return missing;
}

function tryOne(): string | undefined {
  if (process.platform !== "linux") return "network namespaces: they are Linux's";
  if (process.getuid?.() !== 0) return "network namespaces: they take root";
  try {
    removeLeftovers();
    new FarSide()[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return `network namespaces: ${(error as Error).message.trim().split("\n").at(-1)} (apt-get install iproute2)`;
  }
}

/** Of test runs that were killed: the names hold their process ids. */
function removeLeftovers(): void {
  const list = execFileSync("ip", ["netns", "list"], { encoding: "utf8" });
  for (const [name, pid] of list.matchAll(/^disterl-(\d+)-\d+/gm)) {
    if (!existsSync(`/proc/${pid}`)) ip("netns", "delete", name);
  }
}

/** A network namespace at the end of a cable. */
export class FarSide implements Disposable {
  readonly name: string;
  /** Our address on the cable. */
  readonly here: string;
  /** The address at its other end. */
  readonly there: string;
  /** Starts a command there. */
  readonly within: readonly string[];
  readonly #near: string;

  constructor() {
    const id = ++count;
    this.name = `disterl-${process.pid}-${id}`;
    this.#near = `dt${process.pid}n${id}`;
    // 198.18.0.0/15 is for tests of networks: nobody is there (RFC 2544).
    const block = ((process.pid * 16 + id) % 16_384) * 4;
    const address = (last: number): string => `198.18.${block >> 8}.${(block & 255) + last}`;
    this.here = address(1);
    this.there = address(2);
    this.within = ["ip", "netns", "exec", this.name];
    this.#make();
  }

  #make(): void {
    ip("netns", "add", this.name);
    try {
      const far = ["peer", "name", "far", "netns", this.name];
      ip("link", "add", this.#near, "type", "veth", ...far);
      ip("address", "add", `${this.here}/30`, "dev", this.#near);
      ip("link", "set", this.#near, "up");
      this.#ip("address", "add", `${this.there}/30`, "dev", "far");
      this.#ip("link", "set", "lo", "up");
      this.#ip("link", "set", "far", "up");
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Cuts the cable: nobody is told. */
  cut(): void {
    this.#ip("link", "set", "far", "down");
  }

  heal(): void {
    this.#ip("link", "set", "far", "up");
    ip("neighbour", "flush", "dev", this.#near);
  }

  /** What is sent from there does not arrive here; the other way all is well. */
  muteThere(): void {
    this.#ip("neighbour", "replace", this.here, "lladdr", NOBODY, "dev", "far", "nud", "permanent");
  }

  /** What is sent from here does not arrive there; the other way all is well. */
  muteHere(): void {
    ip("neighbour", "replace", this.there, "lladdr", NOBODY, "dev", this.#near, "nud", "permanent");
  }

  /**
   * The machine at the other end is another one, which knows of no connections: what was there is gone
   * without a word. Its processes must have ended.
   */
  replace(): void {
    this[Symbol.dispose]();
    this.#make();
  }

  #ip(...args: string[]): void {
    ip("-netns", this.name, ...args);
  }

  /** The cable goes first, at once; the kernel takes its time for what else there was. */
  [Symbol.dispose](): void {
    spawnSync("ip", ["link", "delete", this.#near]);
    spawnSync("ip", ["netns", "delete", this.name]);
  }
}

/** An address of the locally administered kind that no interface has. */
const NOBODY = "02:00:5e:00:00:99";

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
}
