import type { NetAddress } from "../carrier/carrier.ts";
import type { Clock } from "../carrier/clock.ts";
import { orAborted } from "../epmd/deadline.ts";
import type { Discovery, Registration } from "../epmd/discovery.ts";
import { randomCreation } from "../handshake/dynamic-names.ts";
import type { PendingHandshakesOptions } from "../handshake/pending-handshakes.ts";
import { Acceptor } from "../node/acceptor.ts";
import type { AllowList } from "../node/allow-list.ts";
import type { Auth } from "../node/auth.ts";
import { NodeError } from "../node/errors.ts";
import type { NodeLimits } from "../node/limits.ts";
import type { NetKernel } from "../node/net-kernel.ts";
import type { NodeTable } from "../node/node-table.ts";
import type { StatusFeed } from "../node/status.ts";
import type { Identity } from "../process/identity.ts";
import type { DistributionSettings } from "./distribution-settings.ts";
import { epmdDiscovery } from "./epmd-discovery.ts";
import { exposure } from "./listen-settings.ts";
import { Listeners } from "./listeners.ts";

/** What of a node stays when distribution ends, as far as distribution needs it. */
export interface LastingParts {
  readonly identity: Identity;
  readonly clock: Clock;
  /** 32 random bits, unsigned. */
  readonly random: () => number;
  /** Where epmd's variables are looked up. */
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
  readonly limits: NodeLimits;
  readonly auth: Auth;
  readonly allowList: AllowList;
  readonly nodes: NodeTable;
  readonly netKernel: NetKernel;
  readonly status: StatusFeed;
}

/**
 * Distribution while it runs, from one start to the next stop: the listener, the name at the
 * discovery, who serves those that connect. What net_sup supervises in OTP.
 */
export class Distribution {
  readonly settings: DistributionSettings;
  readonly #parts: LastingParts;
  readonly #discovery: Discovery;
  readonly #acceptor: Acceptor;
  readonly #warn: (message: string, code: string) => void;
  readonly #starting = new AbortController();
  #listeners: Listeners | undefined;
  #registration: Registration | undefined;

  /** `warn` is told what is likely a mistake. */
  constructor(
    parts: LastingParts,
    settings: DistributionSettings,
    warn: (message: string, code: string) => void,
  ) {
    this.#parts = parts;
    this.settings = settings;
    this.#warn = warn;
    this.#discovery = settings.discovery ?? epmdDiscovery(parts, settings);
    const { clock, random, auth, allowList, limits, identity, nodes, netKernel, status } = parts;
    const { flags, setupTimeMs } = settings;
    const pending = atTheDoor(limits);
    this.#acceptor = new Acceptor(
      {
        clock,
        random,
        auth,
        allowList,
        flags,
        setupTimeMs,
        connections: limits.connections,
        pending,
      },
      { identity, nodes, netKernel, status },
    );
  }

  /** Where it listens, in the order of its carriers. */
  get addresses(): readonly NetAddress[] {
    return this.#listeners?.addresses ?? [];
  }

  /**
   * The listeners, the registration, the name: in this order others can rely on it.
   * @throws NodeError `ERR_DISTRIBUTION_NOT_STARTED` when it was aborted.
   */
  async start(): Promise<void> {
    this.#starting.signal.throwIfAborted();
    const { parts, settings } = { parts: this.#parts, settings: this.settings };
    const { clock, random, auth, allowList, netKernel } = parts;
    const { name, isDynamic } = settings;
    netKernel.start({
      ...settings,
      clock,
      random,
      auth,
      allowList,
      discovery: this.#discovery,
      dynamicHost: isDynamic ? name.host : undefined,
    });
    if (isDynamic) return;
    let creation: number | undefined;
    if (settings.listen !== undefined) {
      this.#listeners = await this.#listen(settings.listen);
      for (const [carrier, address] of this.#listeners.entries()) {
        const exposed = exposure(carrier, address);
        if (exposed !== undefined) this.#warn(exposed, "DISTERL_TCP_EXPOSED");
      }
      creation = await this.#register(this.#listeners.port);
    }
    netKernel.alive(name.full, creation ?? randomCreation(random));
    this.#acceptor.open();
  }

  #listen(at: NonNullable<DistributionSettings["listen"]>): Promise<Listeners> {
    const { carriers, name } = this.settings;
    return Listeners.open({
      at,
      carriers,
      name,
      discovery: this.#discovery,
      signal: this.#starting.signal,
      onChannel: (channel, carrier) => {
        void this.#acceptor.serve(channel, carrier);
      },
      onRefused: (remote, error) => this.#acceptor.refused(remote.address, error),
    });
  }

  /** Makes the port known, of a node that is not found without; gives the creation. */
  async #register(port: number | undefined): Promise<number | undefined> {
    const { signal } = this.#starting;
    signal.throwIfAborted();
    if (port === undefined) return undefined;
    const { name } = this.settings.name;
    const registering = this.#discovery.register(name, port, { signal });
    // A discovery that does not look at its signal keeps nobody from stopping; what it does then is undone.
    const registered = registering.then((registration) => {
      if (signal.aborted) void registration.unregister().catch(() => {});
      return registration;
    });
    this.#registration = await orAborted(registered, signal);
    return this.#registration.creation;
  }

  /** Ends a start that is under way; {@link stop} is still to be called. */
  abort(): void {
    const text = "distribution was stopped while it was being started";
    this.#starting.abort(new NodeError("ERR_DISTRIBUTION_NOT_STARTED", text));
  }

  /**
   * The reverse of the start: nobody can find the node any more, nobody can connect any more, then the
   * connections end. A step that fails does not keep the others from being taken; the first failure is
   * thrown at the end. `ends`: the whole node does, and `beforeDisconnect` ends its processes, so that
   * the peers hear why.
   */
  async stop({ ends, beforeDisconnect }: StopOptions): Promise<void> {
    this.abort();
    const { discovery } = this.settings;
    const steps: (() => Promise<void> | undefined)[] = [
      () => this.#registration?.unregister(),
      () => {
        this.#acceptor.stop();
        return this.#listeners?.close();
      },
      () => {
        beforeDisconnect?.();
        return this.#parts.netKernel.stop(ends);
      },
      // The program's own discovery may be started with again.
      () => (discovery === undefined || ends ? this.#discovery.close?.() : undefined),
    ];
    const failures: unknown[] = [];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** How {@link Distribution.stop} ends. */
export interface StopOptions {
  readonly ends: boolean;
  readonly beforeDisconnect?: (() => void) | undefined;
}

/** On loopback nodes often start all at once, and the cookie file is at hand: it gets more. */
function atTheDoor(limits: NodeLimits): PendingHandshakesOptions {
  return {
    pendingHandshakes: limits.pendingHandshakes,
    pendingPerSource: limits.pendingPerSource,
    pendingFromLoopback: limits.pendingHandshakes,
    authFailPerSource: limits.authFailPerSource,
    authFailFromLoopback: 10 * limits.authFailPerSource,
  };
}
