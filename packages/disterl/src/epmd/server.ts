import type { Server, Socket } from "node:net";
import { type Clock, systemClock } from "../carrier/clock.ts";
import { closeServer, type Listeners, listenAll, listenOnDescriptors } from "./listeners.ts";
import { listenAddresses } from "./listen-addresses.ts";
import { EPMD_PORT } from "./codes.ts";
import { limitsWithinDescriptors } from "./descriptor-limit.ts";
import { NamesListing } from "./names-listing.ts";
import { PendingConnections } from "./pending-connections.ts";
import { type LiveNode, Registry } from "./registry.ts";
import { type RequestContext, serve } from "./serve-request.ts";
import { type ConnectionOwner, ServerConnection } from "./server-connection.ts";
import type { EpmdEvent } from "./server-event.ts";
import { epmdLimits, type EpmdServerLimits, type EpmdServerOptions } from "./server-options.ts";

/** How often the same limit is told. */
const LIMIT_WINDOW_MS = 60_000;

/**
 * The Erlang port mapper: nodes of this machine register here, and everybody asks it where they
 * listen. Speaks to OTP of any release. Mirrors `epmd_srv.c`; differs in:
 *
 * - empty names, names with control characters or `@`, and port 0 are refused;
 * - a refused registration is answered and then closed, so it cannot use up places;
 * - the time a connection may wait is not prolonged by what it sends;
 * - STOP of an unknown name is answered `NOEXIST` only;
 * - KILL has to be allowed.
 *
 * Made by {@link startEpmdServer}.
 */
export class EpmdServer implements AsyncDisposable {
  readonly #options: EpmdServerOptions;
  readonly #clock: Clock;
  readonly #limits: EpmdServerLimits;
  readonly #registry: Registry;
  readonly #pending: PendingConnections<ServerConnection>;
  readonly #registered = new Map<LiveNode, ServerConnection>();
  readonly #open = new Set<ServerConnection>();
  readonly #limitsTold = new Map<string, number>();
  readonly #listing: NamesListing;
  readonly #context: RequestContext;
  readonly #connectionOwner: ConnectionOwner;
  #servers: readonly Server[] = [];
  #port = 0;
  #connections = 0;
  #closing: Promise<void> | undefined;
  #tellEnd: (how: "closed" | "killed") => void = () => {};
  /** Resolves when the server has ended: by {@link close}, or by an allowed KILL. */
  readonly ended: Promise<"closed" | "killed">;

  /** @internal use {@link startEpmdServer} */
  constructor(options: EpmdServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#limits = limitsWithinDescriptors(epmdLimits(options.limits));
    this.#registry = new Registry({ ...this.#limits, wallSeconds: options.wallSeconds });
    this.#listing = new NamesListing(this.#registry);
    this.#pending = new PendingConnections({
      limits: this.#limits,
      clock: this.#clock,
      timeoutMs: options.packetTimeoutMs ?? 10_000,
      onTimeout: (connection) => this.#onTimeout(connection),
    });
    this.#context = this.#requestContext();
    this.#connectionOwner = this.#ownerOfConnections();
    this.ended = new Promise((resolve) => {
      this.#tellEnd = resolve;
    });
  }

  /** @internal */
  async listen(): Promise<void> {
    const { descriptors, addresses, port = EPMD_PORT } = this.#options;
    const owner = {
      onConnection: (socket: Socket) => this.#accept(socket),
      onEvent: (event: EpmdEvent) => this.#tell(event),
    };
    const listeners: Listeners =
      descriptors === undefined
        ? await listenAll(listenAddresses(addresses), port, owner)
        : await listenOnDescriptors(descriptors, owner);
    this.#servers = listeners.servers;
    this.#port = listeners.port;
    for (const server of this.#servers) {
      server.on("error", (error) => this.#onAcceptError(error));
    }
  }

  /** The port all addresses share. */
  get port(): number {
    return this.#port;
  }

  /** Live nodes, newest registration first. */
  nodes(): readonly LiveNode[] {
    return this.#registry.live();
  }

  /** Open connections: registrations and others. */
  get connections(): number {
    return this.#open.size;
  }

  /** Lets the program end although the server is running. */
  unref(): this {
    for (const server of this.#servers) server.unref();
    return this;
  }

  /** Stops accepting, closes every connection; resolves when the port is free. */
  close(): Promise<void> {
    return this.#end("closed");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #end(how: "closed" | "killed"): Promise<void> {
    this.#closing ??= this.#closeAll().then(() => this.#tellEnd(how));
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    this.#pending.close();
    const closed = this.#servers.map(closeServer);
    for (const connection of this.#open) connection.destroy();
    await Promise.all(closed);
  }

  #tell(event: EpmdEvent): void {
    this.#options.onEvent?.(event);
  }

  #tellLimit(limit: string, peer: string): void {
    const now = this.#clock.now();
    const told = this.#limitsTold.get(limit);
    if (told !== undefined && now - told < LIMIT_WINDOW_MS) return;
    this.#limitsTold.set(limit, now);
    this.#tell({ type: "limit", limit, peer });
  }

  #accept(socket: Socket): void {
    if (this.#closing !== undefined) {
      socket.on("error", () => {});
      socket.destroy();
      return;
    }
    this.#connections += 1;
    const connection = new ServerConnection(
      socket,
      this.#connections,
      this.#connectionOwner,
      this.#limits.requestBytes,
    );
    this.#open.add(connection);
    const admission = this.#pending.add(connection);
    if (!admission.admitted) {
      this.#tellLimit(admission.limit, connection.peer);
      connection.destroy();
      return;
    }
    if (admission.evicted !== undefined) {
      this.#tellLimit("connections", admission.evicted.peer);
      admission.evicted.destroy();
    }
    if (this.#options.onEvent !== undefined) {
      this.#tell({ type: "connected", peer: connection.peer, local: connection.local });
    }
    this.#after(this.#options.delayAcceptMs, () => connection.start());
  }

  /** Descriptors have run out, as a rule: connections that wait give theirs back. */
  #onAcceptError(error: Error): void {
    this.#tell({ type: "accept_error", error });
    const waiting = this.#pending.all();
    for (const connection of waiting.slice(0, Math.ceil(waiting.length / 4))) connection.destroy();
  }

  #after(milliseconds: number | undefined, action: () => void): void {
    if (milliseconds === undefined || milliseconds === 0) action();
    else this.#clock.after(milliseconds, action).unref();
  }

  #ownerOfConnections(): ConnectionOwner {
    return {
      onRequest: (connection, body) => {
        const { delayWriteMs } = this.#options;
        const held = delayWriteMs === undefined ? body : new Uint8Array(body);
        this.#after(delayWriteMs, () => serve(this.#context, connection, held));
      },
      onBroken: (connection, error) => this.#reject(connection, error),
      onUnexpectedBytes: (connection) => {
        this.#release(connection, "unexpected_bytes");
        connection.destroy();
      },
      onClosed: (connection) => {
        this.#open.delete(connection);
        this.#pending.delete(connection);
        this.#release(connection, "closed");
      },
    };
  }

  #reject(connection: ServerConnection, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#tell({ type: "rejected", peer: connection.peer, reason });
    connection.destroy();
  }

  #onTimeout(connection: ServerConnection): void {
    this.#tell({ type: "timeout", peer: connection.peer });
    connection.destroy();
  }

  #release(connection: ServerConnection, reason: "closed" | "unexpected_bytes" | "stopped"): void {
    const { node } = connection;
    if (node === undefined) return;
    connection.node = undefined;
    this.#registered.delete(node);
    this.#registry.release(node);
    this.#tell({ type: "unregistered", name: node.name, port: node.port, reason });
  }

  #keep(connection: ServerConnection, node: LiveNode): void {
    connection.node = node;
    this.#pending.delete(connection);
    this.#registered.set(node, connection);
  }

  /** Makes room for one more long reply: who has not read theirs for longest is closed. */
  #boundUnread(adding: number): void {
    const limit = this.#limits.unreadReplyBytes;
    const waiting = this.#pending.all().filter((one) => one.unreadReplyBytes > 0);
    let unread = adding + waiting.reduce((sum, one) => sum + one.unreadReplyBytes, 0);
    for (const connection of waiting) {
      if (unread <= limit) return;
      unread -= connection.unreadReplyBytes;
      this.#tellLimit("unreadReplyBytes", connection.peer);
      connection.destroy();
    }
  }

  #requestContext(): RequestContext {
    const { relaxedCommandCheck = false, allowKill = false } = this.#options;
    return {
      registry: this.#registry,
      relaxed: relaxedCommandCheck,
      allowKill,
      port: () => this.#port,
      names: () => this.#listing.reply(this.#port),
      keep: (connection, node) => this.#keep(connection, node),
      forget: (node) => {
        const connection = this.#registered.get(node);
        if (connection === undefined) return;
        this.#release(connection, "stopped");
        connection.destroy();
      },
      boundUnread: (adding) => this.#boundUnread(adding),
      reject: (connection, error) => this.#reject(connection, error),
      killed: () => {
        void this.#end("killed");
      },
      requested: (connection, request) => {
        // Most servers have nobody to tell, and the address costs a system call.
        if (this.#options.onEvent === undefined) return;
        this.#tell({ type: "request", peer: connection.peer, request });
      },
      tell: (event) => this.#tell(event),
      tellLimit: (limit, peer) => this.#tellLimit(limit, peer),
    };
  }
}

/**
 * Starts an epmd server in this process.
 * @throws EpmdError ERR_EPMD_ADDRESS_IN_USE when one is running there, ERR_EPMD_LISTEN,
 *   ERR_EPMD_BAD_ADDRESS.
 */
export async function startEpmdServer(options: EpmdServerOptions = {}): Promise<EpmdServer> {
  const server = new EpmdServer(options);
  await server.listen();
  return server;
}
