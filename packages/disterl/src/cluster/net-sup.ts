import type { NetAddress } from "../carrier/carrier.ts";
import { NodeError } from "../node/errors.ts";
import type { FindCookieOptions } from "../node/find-cookie.ts";
import { findCookie } from "../node/find-cookie.ts";
import type { KeptConnections } from "../node/kept-connections.ts";
import type { NodeSubscriptions } from "../node/node-subscriptions.ts";
import type { Refusals } from "../node/refusals.ts";
import type { SpawnRequests } from "../process/spawn-requests.ts";
import type { Process } from "../process/process.ts";
import type { ProcessTable } from "../process/process-table.ts";
import { atoms } from "../term/atom.ts";
import { NO_CARRIER } from "./carrier-settings.ts";
import { Distribution, type LastingParts, type StopOptions } from "./distribution.ts";
import type { DistributionOptions } from "./distribution-options.ts";
import type { ExposedFunctions } from "./exposed-functions.ts";
import type { Global } from "./global/global.ts";
import {
  type DistributionSettings,
  distributionSettings,
  overDefaults,
} from "./distribution-settings.ts";

/** The pieces of a running node. */
export interface NodeParts extends LastingParts {
  readonly processes: ProcessTable;
  readonly spawnRequests: SpawnRequests;
  readonly nodeSubscriptions: NodeSubscriptions;
  readonly kept: KeptConnections;
  readonly netSup: NetSup;
  /** The process in whose name the node's own sends and calls are made. */
  readonly caller: Process;
  /** Names and locks of the mesh. */
  readonly global: Global;
  /** What other nodes can call. */
  readonly functions: ExposedFunctions;
  /** What peers were refused. */
  readonly refusals: Refusals;
}

/** What a node is told to tell its program. */
export interface NetSupOptions {
  /** What the program gave `startNode`: the defaults of each start. */
  readonly defaults: DistributionOptions;
  /** Is told what is likely a mistake. */
  readonly warn: (message: string, code: string) => void;
}

/** How distribution was started, if it was (`net_kernel:get_state/0`). */
export interface NetKernelState {
  /** `static`: with the node; `dynamic`: at run time; `no`: it does not run. */
  readonly started: "no" | "static" | "dynamic";
  /** The full name; undefined while a dynamic one was not given yet. */
  readonly name: string | undefined;
  /** Whether the program chose the name, or the first node that is connected to does. */
  readonly nameType: "static" | "dynamic" | undefined;
  /** Whether hosts are short or fully qualified. */
  readonly nameDomain: "shortnames" | "longnames" | undefined;
  /** Names of the carriers, in the order in which they are tried. */
  readonly carriers: readonly string[];
  /** Where it listens, in the same order; empty when it does not. */
  readonly addresses: readonly NetAddress[];
}

/**
 * Starts and stops distribution, at most one at a time, while the rest of the node lives on. Mirrors
 * `net_sup` as far as `net_kernel:start/2` and `stop/0` use it.
 */
export class NetSup {
  readonly #parts: Omit<NodeParts, "netSup" | "caller" | "global">;
  readonly #options: NetSupOptions;
  #current: Distribution | undefined;
  #started: "static" | "dynamic" = "static";
  /** The start under way, or the last one: it does not reject. */
  #starting: Promise<void> | undefined;
  /** The stop under way, or the last one: the next start waits for it. */
  #stopping: Promise<void> | undefined;
  readonly #warned = new Set<string>();
  #ended = false;

  constructor(parts: Omit<NodeParts, "netSup" | "caller" | "global">, options: NetSupOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Where the node listens, in the order of its carriers. */
  get addresses(): readonly NetAddress[] {
    return this.#current?.addresses ?? [];
  }

  get settings(): DistributionSettings | undefined {
    return this.#current?.settings;
  }

  get state(): NetKernelState {
    const settings = this.#current?.settings;
    if (settings === undefined) {
      const unknown = { name: undefined, nameType: undefined, nameDomain: undefined };
      return { started: "no", ...unknown, carriers: [], addresses: [] };
    }
    const { tickTime } = this.#parts.netKernel;
    const { node, creation } = this.#parts.identity;
    return {
      started: this.#started,
      name: tickTime !== undefined && creation !== 0 ? node.text : undefined,
      nameType: settings.isDynamic ? "dynamic" : "static",
      nameDomain: settings.nameDomain,
      carriers: settings.carriers.map((carrier) => carrier.name),
      addresses: this.addresses,
    };
  }

  /**
   * Starts distribution. On failure it is as before.
   * @throws NodeError `ERR_DISTRIBUTION_ALREADY_STARTED`, `ERR_DISTRIBUTION_NONE`, and what the start of a node throws.
   */
  async start(
    name: string | undefined,
    options: DistributionOptions,
    how: "static" | "dynamic",
  ): Promise<void> {
    this.#assertStopped();
    // What a program was started without it does not get by an option later on.
    const isNone = this.#options.defaults.carrier === "none";
    if (isNone) throw new NodeError("ERR_DISTRIBUTION_NONE", NO_CARRIER);
    const { defaults } = this.#options;
    const warn = (message: string, code: string): void => this.#warn(message, code);
    const settings = distributionSettings(name, overDefaults(defaults, options), warn);
    const distribution = new Distribution(this.#parts, settings, warn);
    this.#current = distribution;
    this.#started = how;
    const starting = this.#run(distribution);
    this.#starting = starting.catch(() => {});
    await starting;
  }

  /** The same once only, however often distribution is started. */
  #warn(message: string, code: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#options.warn(message, code);
  }

  async #run(distribution: Distribution): Promise<void> {
    try {
      await this.#stopping;
      this.#findCookie();
      await distribution.start();
    } catch (error) {
      // Why the start failed is told, not what else went wrong after that.
      await distribution.stop({ ends: this.#ended }).catch(() => {});
      if (this.#current === distribution) this.#current = undefined;
      throw error;
    }
    this.#parts.kept.start();
  }

  #assertStopped(): void {
    if (this.#ended) throw new NodeError("ERR_NODE_STOPPED", "the node was stopped");
    if (this.#current === undefined) return;
    const { full } = this.#current.settings.name;
    const text = `distribution runs already, as ${full}: netKernel.stop() ends it`;
    throw new NodeError("ERR_DISTRIBUTION_ALREADY_STARTED", text);
  }

  /** Where no cookie was given the user's counts, as it is now. */
  #findCookie(): void {
    const { auth, env } = this.#parts;
    if (auth.isGiven) return;
    const options: FindCookieOptions = env === undefined ? {} : { env };
    const { cookie, warnings } = findCookie(options);
    auth.useFound(cookie);
    for (const { code, message } of warnings) {
      this.#options.warn(message, `cookie_${code}`);
    }
  }

  /**
   * Ends distribution; processes live on.
   * @throws NodeError `ERR_DISTRIBUTION_NOT_STARTED`; the first failure of a step, when all are taken.
   */
  async stop(): Promise<void> {
    const distribution = this.#current;
    if (distribution === undefined) {
      const text = "distribution does not run: there is nothing to stop";
      throw new NodeError("ERR_DISTRIBUTION_NOT_STARTED", text);
    }
    this.#current = undefined;
    this.#parts.kept.pause();
    const stopping = this.#stop(distribution, { ends: false });
    this.#stopping = stopping.catch(() => {});
    await stopping;
  }

  async #stop(distribution: Distribution, options: StopOptions): Promise<void> {
    distribution.abort();
    await this.#starting;
    await distribution.stop(options);
  }

  /** Ends the node: distribution, and all processes. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#parts.kept.pause();
    const { processes, refusals, status } = this.#parts;
    const distribution = this.#current;
    this.#current = undefined;
    const exitAll = (): void => {
      for (const process of [...processes.processes()]) process.exit(atoms.shutdown);
    };
    try {
      if (distribution !== undefined) {
        await this.#stop(distribution, { ends: true, beforeDisconnect: exitAll });
      } else {
        await this.#stopping;
        await this.#options.defaults.discovery?.close?.();
      }
    } finally {
      exitAll();
      processes.timers.stop();
      refusals.stop();
      status.close();
    }
  }
}

/**
 * Ends a node, in the reverse order of its start: nobody can find it any more, nobody can connect any
 * more, then processes and connections end, so that the peers hear of both.
 */
export function stopNode({ netSup }: NodeParts): Promise<void> {
  return netSup.end();
}
