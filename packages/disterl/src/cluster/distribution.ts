import type { Listener, NetAddress } from "../carrier/carrier.ts";
import type { Clock } from "../carrier/clock.ts";
import { EpmdClient } from "../epmd/client.ts";
import type { Discovery, Registration } from "../epmd/discovery.ts";
import { randomCreation } from "../handshake/dynamic-names.ts";
import type { PendingHandshakesOptions } from "../handshake/pending-handshakes.ts";
import { Acceptor } from "../node/acceptor.ts";
import type { AllowList } from "../node/allow-list.ts";
import type { Auth } from "../node/auth.ts";
import { NodeError } from "../node/errors.ts";
import type { NodeName } from "../node/node-name.ts";
import type { NodeLimits } from "../node/limits.ts";
import type { NetKernel } from "../node/net-kernel.ts";
import type { NodeTable } from "../node/node-table.ts";
import type { StatusFeed } from "../node/status.ts";
import type { Identity } from "../process/identity.ts";
import type { DistributionSettings } from "./distribution-settings.ts";
import { disallowedIp, exposure } from "./listen-settings.ts";

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
  #listener: Listener | undefined;
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
    const { carrier, flags, setupTimeMs } = settings;
    const pending = atTheDoor(limits);
    this.#acceptor = new Acceptor(
      {
        carrier,
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

  /** Where it listens. */
  get address(): NetAddress | undefined {
    return this.#listener?.address;
  }

  /** The listener, the registration, the name: in this order others can rely on it. */
  async start(): Promise<void> {
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
      this.#listener = await this.#listen(settings.listen);
      const exposed = exposure(settings.carrier, this.#listener.address);
      if (exposed !== undefined) this.#warn(exposed, "DISTERL_TCP_EXPOSED");
      const { port } = this.#listener.address;
      const { signal } = this.#starting;
      signal.throwIfAborted();
      this.#registration = await this.#discovery.register(name.name, port, { signal });
      signal.throwIfAborted();
      creation = this.#registration.creation;
    }
    netKernel.alive(name.full, creation ?? randomCreation(random));
    this.#acceptor.open();
  }

  async #listen(at: NonNullable<DistributionSettings["listen"]>): Promise<Listener> {
    const { carrier, name } = this.settings;
    const { host = "127.0.0.1", port = await this.#listenPort(name), lastPort } = at;
    const { backlog, socket } = at;
    const onRefused = (remote: NetAddress, error: Error): void => {
      this.#acceptor.refused(remote.address, error);
    };
    const node = name.full;
    return carrier.listen({ host, port, lastPort, backlog, socket, node, onRefused }, (channel) => {
      const disallowed = disallowedIp(at, channel.remote);
      if (disallowed === undefined) return void this.#acceptor.serve(channel);
      channel.destroy();
      onRefused(channel.remote, disallowed);
    });
  }

  async #listenPort({ name, host }: NodeName): Promise<number | undefined> {
    const discovery = this.#discovery;
    return (await discovery.listenPortPlease?.(name, host)) ?? discovery.listenPort;
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
        return this.#listener?.close();
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

function epmdDiscovery(
  { clock, random, env, status }: LastingParts,
  { epmd, carrier }: DistributionSettings,
): Discovery {
  return new EpmdClient({
    port: epmd?.port,
    // The address at which epmd has answered is the one that is dialled.
    family: carrier.name.startsWith("inet6_") ? 6 : 0,
    allowStart: epmd?.start ?? true,
    clock,
    random: () => random() / 2 ** 32,
    environment: env,
    onEvent: (event) => {
      status.publish({
        type: "epmd",
        event: event.type,
        error: "error" in event ? event.error : undefined,
        holderPort: "holderPort" in event ? event.holderPort : undefined,
      });
    },
  });
}
