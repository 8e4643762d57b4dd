import type { Socket } from "node:net";
import { type Clock, systemClock } from "../carrier/clock.ts";
import type { EpmdClientEvent, EpmdClientOptions } from "./client-options.ts";
import { withDeadline } from "./deadline.ts";
import { addressesOf, dialFirst, knownAddresses, type ResolveHost, systemResolve } from "./dial.ts";
import type {
  Discovery,
  FoundNode,
  LookupOptions,
  RegisterOptions,
  Registration,
} from "./discovery.ts";
import { MAX_NAME_BYTES } from "./codes.ts";
import { ensureEpmd, LOOPBACK } from "./ensure-epmd.ts";
import { distVersions, type Environment, epmdAddresses, epmdPort } from "./environment.ts";
import { EpmdError } from "./errors.ts";
import { type Exchange, exchange, type Wait } from "./exchange.ts";
import { bestVersion, type NodeInfo, nodeFault, nodeInfo } from "./node-info.ts";
import {
  aliveRequest,
  MAX_PORT_REPLY_BYTES,
  type NameAndPort,
  type NamesReply,
  namesRequest,
  parseAliveReply,
  parseNamesReply,
  parsePortReply,
  portRequest,
} from "./packets.ts";
import { type AliveAnswer, EpmdRegistration, type RegistrationHost } from "./registration.ts";
import type { EpmdServer } from "./server.ts";

/** What epmd told of a node, and where it was asked. */
export interface EpmdFoundNode extends FoundNode {
  readonly address: string;
  readonly node: NodeInfo;
}

/**
 * Registers a node at the epmd of this machine and finds nodes at the epmds of all machines.
 * Mirrors `erl_epmd`; differs in: a name that seems taken is tried again for two seconds, the own
 * entry is looked at after registering, all addresses of a host are tried, and it may bring its own
 * epmd.
 */
export class EpmdClient implements Discovery, AsyncDisposable {
  /** Port of epmd, here and elsewhere. */
  readonly port: number;
  readonly #options: EpmdClientOptions;
  readonly #environment: Environment;
  readonly #clock: Clock;
  readonly #resolve: ResolveHost;
  readonly #versions: { readonly highest: number; readonly lowest: number };
  readonly #host: RegistrationHost;
  #registration: EpmdRegistration | undefined;
  #registering = false;
  #embedded: EpmdServer | undefined;
  readonly #closing = new AbortController();

  /** @throws EpmdError ERR_EPMD_BAD_ENVIRONMENT when `ERL_EPMD_PORT` is needed and holds no port. */
  constructor(options: EpmdClientOptions = {}) {
    this.#options = options;
    this.#environment = options.environment ?? process.env;
    this.port = options.port ?? epmdPort(this.#environment);
    this.#clock = options.clock ?? systemClock;
    this.#resolve = options.resolve ?? systemResolve;
    this.#versions = distVersions(this.#environment);
    this.#host = {
      clock: this.#clock,
      random: options.random ?? Math.random,
      retryMs: options.retryMs ?? 2000,
      attempt: (node, signal) => this.#attempt(node, signal),
      holderPort: async (name, signal) =>
        (await this.#find(name, this.#loopback(), { signal }))?.port,
      startEpmd: (signal) => this.#startEpmd(signal),
      tell: (event) => this.#tell(event),
    };
  }

  /** The epmd this client has started in this process, if any. */
  get embedded(): EpmdServer | undefined {
    return this.#embedded;
  }

  #tell(event: EpmdClientEvent): void {
    this.#options.onEvent?.(event);
  }

  /**
   * Registers a node and keeps it registered until {@link Registration.unregister}, also when epmd
   * goes and comes. One node a client.
   * @throws EpmdError ERR_EPMD_NAME_TAKEN, ERR_EPMD_UNREACHABLE, ERR_EPMD_TIMEOUT,
   *   ERR_EPMD_ALREADY_REGISTERED, …; TypeError when name or port cannot be registered at all.
   */
  async register(name: string, port: number, options: RegisterOptions = {}): Promise<Registration> {
    const node = this.#checkedNode(name, port, options);
    this.#closing.signal.throwIfAborted();
    if (this.#registering || this.#registration?.active === true) {
      const message = "this client has registered a node already";
      throw new EpmdError("ERR_EPMD_ALREADY_REGISTERED", message, { nodeName: name });
    }
    this.#registering = true;
    try {
      const registration = await EpmdRegistration.start(this.#host, node, {
        duplicateRetryMs: this.#options.duplicateRetryMs ?? 2000,
        signal:
          options.signal === undefined
            ? this.#closing.signal
            : AbortSignal.any([options.signal, this.#closing.signal]),
      });
      this.#registration = registration;
      return registration;
    } finally {
      this.#registering = false;
    }
  }

  #checkedNode(name: string, port: number, options: RegisterOptions): NodeInfo {
    if (!Number.isInteger(port) || port < 1 || port > 0xffff) {
      throw new TypeError(`the port of a node is an integer from 1 to 65535, not ${port}`);
    }
    const node = nodeInfo(name, port, { ...this.#versions, ...definedOnly(options) });
    const fault = nodeFault(node);
    if (fault !== undefined) throw new TypeError(`a node cannot be registered: ${fault}`);
    return node;
  }

  #loopback(): readonly string[] {
    return this.#options.family === 6 ? LOOPBACK.toReversed() : LOOPBACK;
  }

  /** One attempt to register here. The socket is the registration when the answer is good. */
  async #attempt(node: NodeInfo, signal: AbortSignal): Promise<AliveAnswer> {
    const milliseconds = this.#options.registerTimeoutMs ?? 10_000;
    const addresses = this.#loopback();
    const asking: Exchange<{ result: number; creation: number }> = {
      requestName: "ALIVE2_REQ",
      request: aliveRequest(node),
      maxReplyBytes: 64,
      parse: parseAliveReply,
    };
    let opened: Socket | undefined;
    try {
      const wait = this.#wait(asking.requestName, addresses.join(", "), milliseconds, signal);
      const { request } = asking;
      const { socket } = await dialFirst(addresses, this.port, { ...wait, request });
      opened = socket;
      const reply = await exchange(socket, asking, { port: this.port }, wait);
      if (reply.result !== 0) socket.destroy();
      return { ...reply, socket };
    } catch (error) {
      // However it failed: an open connection could be a registration nobody knows of.
      opened?.destroy();
      throw error;
    }
  }

  /** How long a request waits for its answer, from now on. */
  #wait(
    request: string,
    host: string,
    milliseconds: number,
    signal: AbortSignal | undefined,
  ): Wait {
    const late = (): EpmdError =>
      new EpmdError(
        "ERR_EPMD_TIMEOUT",
        `epmd at ${host} port ${this.port} gave no answer to ${request} within ${milliseconds} ms`,
        { request, host, port: this.port },
      );
    return { clock: this.#clock, deadline: this.#clock.now() + milliseconds, late, signal };
  }

  /** Sees to it that there is an epmd here. True when one was started. */
  async #startEpmd(signal: AbortSignal): Promise<boolean> {
    if (this.#options.allowStart !== true) return false;
    const server = await ensureEpmd({
      port: this.port,
      allowStart: true,
      server: { addresses: epmdAddresses(this.#environment), ...this.#options.server },
      clock: this.#clock,
      signal,
    }).catch((cause: unknown) => {
      throw this.#options.server?.addresses === undefined
        ? namingVariable(cause, this.#environment)
        : cause;
    });
    if (server === undefined) return true;
    if (this.#closing.signal.aborted) {
      await server.close();
      return false;
    }
    this.#embedded = server.unref();
    this.#tell({ type: "epmd_started", port: this.port });
    return true;
  }

  /**
   * Asks the epmd of a host for a node; `undefined` when it has none of that name.
   * @throws EpmdError ERR_EPMD_HOST_UNKNOWN, ERR_EPMD_UNREACHABLE, ERR_EPMD_TIMEOUT,
   *   ERR_EPMD_CLOSED, ERR_EPMD_BAD_REPLY; the signal's reason when aborted.
   */
  async lookup(
    name: string,
    host: string,
    options: LookupOptions = {},
  ): Promise<EpmdFoundNode | undefined> {
    if (name === "" || name.includes("\0") || Buffer.byteLength(name) > MAX_NAME_BYTES) {
      throw new TypeError("a node name has 1 to 1020 bytes and no zero byte");
    }
    return this.#find(name, host, options);
  }

  async #find(
    name: string,
    host: string | readonly string[],
    { signal }: LookupOptions,
  ): Promise<EpmdFoundNode | undefined> {
    const { value, address } = await this.#call(host, signal, {
      requestName: "PORT_PLEASE2_REQ",
      request: portRequest(name),
      maxReplyBytes: MAX_PORT_REPLY_BYTES + 1024,
      parse: parsePortReply,
    });
    const { node } = value;
    if (node === undefined) return undefined;
    return { port: node.port, version: bestVersion(this.#versions, node), address, node };
  }

  /** The nodes of a host. Lines nobody can trust are left out; {@link listing} has them. */
  async names(host: string, options: LookupOptions = {}): Promise<readonly NameAndPort[]> {
    return (await this.listing(host, options)).nodes;
  }

  /** All that the epmd of a host answers to NAMES. Rejects as {@link lookup} does. */
  async listing(host: string, { signal }: LookupOptions = {}): Promise<NamesReply> {
    const { value } = await this.#call(host, signal, {
      requestName: "NAMES_REQ",
      request: namesRequest(),
      maxReplyBytes: this.#options.maxReplyBytes ?? 1024 * 1024,
      parse: (bytes, ended) => (ended ? parseNamesReply(bytes) : undefined),
    });
    return value;
  }

  async #call<T>(
    where: string | readonly string[],
    signal: AbortSignal | undefined,
    asking: Exchange<T>,
  ): Promise<{ value: T; address: string }> {
    const milliseconds = this.#options.lookupTimeoutMs ?? 5000;
    const host = typeof where === "string" ? where : where.join(", ");
    const wait = this.#wait(asking.requestName, host, milliseconds, signal);
    const known =
      typeof where === "string"
        ? knownAddresses(where, this.#options.family ?? 0, this.#resolve)
        : where;
    const addresses = known ?? (await this.#resolved(host, milliseconds, wait));
    const { request } = asking;
    const { socket, address } = await dialFirst(addresses, this.port, { ...wait, request });
    const value = await exchange(socket, asking, { host, address, port: this.port }, wait);
    socket.on("error", () => {});
    // What was asked for is wanted now; the connection can be closed when there is time.
    this.#clock.soon(() => socket.destroy());
    return { value, address };
  }

  /** A resolver that does not answer, or does not look at the signal, is not waited for. */
  #resolved(
    host: string,
    milliseconds: number,
    { late, signal }: Wait,
  ): Promise<readonly string[]> {
    return withDeadline(this.#clock, milliseconds, signal, late, () =>
      addressesOf(host, this.#options.family ?? 0, this.#resolve),
    );
  }

  /** Unregisters, and ends the epmd this client has started, if any. */
  async close(): Promise<void> {
    this.#closing.abort(new EpmdError("ERR_EPMD_CLOSED", "this client is closed"));
    await this.#registration?.unregister();
    await this.#embedded?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** What is wrong with an address comes from `ERL_EPMD_ADDRESS`, which nobody may have thought of. */
function namingVariable(cause: unknown, { ERL_EPMD_ADDRESS: list = "" }: Environment): unknown {
  if (!(cause instanceof EpmdError) || list === "") return cause;
  if (cause.code !== "ERR_EPMD_BAD_ADDRESS" && cause.code !== "ERR_EPMD_LISTEN") return cause;
  const message = `${cause.message.replace("epmd: ", "")}; ERL_EPMD_ADDRESS holds IP addresses of this machine, with commas between them`;
  return new EpmdError(cause.code, message, cause.facts, { cause });
}

/** Without the entries that are `undefined`, so that defaults stay. */
function definedOnly({ hidden, extra, highest, lowest }: RegisterOptions): RegisterOptions {
  return {
    ...(hidden === undefined ? {} : { hidden }),
    ...(extra === undefined ? {} : { extra }),
    ...(highest === undefined ? {} : { highest }),
    ...(lowest === undefined ? {} : { lowest }),
  };
}
