import { existsSync, readdirSync, readFileSync } from "node:fs";
import * as net from "node:net";
import * as tls from "node:tls";
import { type Node, type NodeStatus, type StartNodeOptions, startNode } from "disterl";
import { systemClock, VirtualClock } from "disterl/carrier";
import { type Discovery, noDiscovery } from "disterl/epmd";
import { RawPeer, TestAuthority, type TestCertificate } from "disterl/testing";
import { expect } from "vitest";
import { record } from "../node-events.ts";

export const COOKIE = "hostile over tls";
export const ME = "mallory@localhost";

type Tls = NonNullable<StartNodeOptions["tls"]>;
export type Refused = Extract<NodeStatus, { type: "refused" }>;

/** The CA of the cluster, a stranger's, and one good certificate. */
export class Certificates {
  readonly authority = new TestAuthority("cluster CA");
  readonly stranger = new TestAuthority("another CA");
  readonly good: TestCertificate = this.authority.issue("good");

  /** How a node of the cluster speaks TLS. */
  get tls(): Tls {
    return { ...this.good, cacertfile: this.authority.cacertfile, onWarning: () => {} };
  }

  /** The same for `node:tls`, with a certificate or without; it looks at nobody's. */
  raw(certificate: TestCertificate | "none" = this.good): tls.ConnectionOptions {
    return {
      ca: readFileSync(this.authority.cacertfile),
      rejectUnauthorized: false,
      servername: "localhost",
      ...(certificate === "none" ? {} : pair(certificate)),
    };
  }

  [Symbol.dispose](): void {
    this.authority[Symbol.dispose]();
    this.stranger[Symbol.dispose]();
  }
}

export function pair(certificate: TestCertificate): { cert: string; key: string } {
  return {
    cert: readFileSync(certificate.certfile, "utf8"),
    key: readFileSync(certificate.keyfile, "utf8"),
  };
}

/** Deadlines pass by hand; what is due at once goes on by itself, for sockets wait for nobody. */
class DeadlineClock extends VirtualClock {
  override soon(callback: () => void): void {
    systemClock.soon(callback);
  }
}

/** A node of ours over TLS, a healthy peer that must not notice anything, and room for hostile ones. */
export class TlsScene implements AsyncDisposable {
  readonly node: Node;
  readonly port: number;
  readonly events: readonly NodeStatus[];
  /** Time of the node alone: its limits pass without waiting. */
  readonly clock: VirtualClock;
  /** Where the node finds others: what it is to dial. */
  readonly ports: Map<string, number>;
  readonly #healthy: Node;
  /** Our end of the healthy connection. */
  readonly #connection: number | undefined;
  readonly #join: (name: string) => Promise<Node>;
  readonly #closers: (() => void)[] = [];
  #taken = 0;

  constructor(
    parts: Pick<TlsScene, "node" | "port" | "events" | "clock" | "ports">,
    healthy: Node,
    join: (name: string) => Promise<Node>,
  ) {
    this.node = parts.node;
    this.port = parts.port;
    this.events = parts.events;
    this.clock = parts.clock;
    this.ports = parts.ports;
    this.#healthy = healthy;
    this.#connection = healthy.peer(VICTIM)?.address.port;
    this.#join = join;
  }

  get refused(): readonly Refused[] {
    return this.events.filter((event) => event.type === "refused");
  }

  /** The next refusal that is not taken yet. */
  async refusal(): Promise<Refused> {
    await expect
      .poll(() => this.refused.length, { timeout: 10_000, interval: 5 })
      .toBeGreaterThan(this.#taken);
    return this.refused[this.#taken++] as Refused;
  }

  /** Accepted, too. What the hostile side opens is closed with the scene. */
  async connect(localAddress = "127.0.0.1"): Promise<net.Socket> {
    const raw = net.connect({ port: this.port, host: "127.0.0.1", localAddress });
    const socket = await opened(this.#own(raw), "connect");
    // Both ends are of this process: the node hears of it in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    return socket;
  }

  connectTls(options: tls.ConnectionOptions): Promise<tls.TLSSocket> {
    const socket = tls.connect({ port: this.port, host: "127.0.0.1", ...options });
    return opened(this.#own(socket), "secureConnect");
  }

  /** A hostile server; the node finds it as `mallory@localhost`. */
  async serve(onConnection: (socket: net.Socket) => void): Promise<void> {
    this.ports.set(ME, await this.listen(onConnection));
  }

  /** One that the node does not find yet. Gives its port. */
  listen(onConnection: (socket: net.Socket) => void): Promise<number> {
    return this.#served(net.createServer((socket) => onConnection(this.#own(socket))));
  }

  async serveTls(
    options: tls.TlsOptions,
    onSecure: (socket: tls.TLSSocket) => void = () => {},
  ): Promise<void> {
    const server = tls.createServer(options, (socket) => onSecure(this.#own(socket)));
    server.on("tlsClientError", () => {});
    server.on("connection", (socket) => this.#own(socket));
    this.ports.set(ME, await this.#served(server));
  }

  /** The node dials `mallory@localhost`, which has to fail. */
  async dialFails(): Promise<Error & { code?: string; layer?: string }> {
    const error: unknown = await this.node.connect(ME).then(
      () => new Error("it was connected"),
      (reason: unknown) => reason,
    );
    expect(this.node.peer(ME)).toBeUndefined();
    return error as Error;
  }

  /** The healthy peer is connected as before, both ways, and a new one gets through. */
  async assertUnharmed(): Promise<void> {
    const told = (type: "nodeup" | "nodedown"): NodeStatus[] =>
      this.events.filter((event) => event.type === type && event.node === HEALTHY);
    expect(this.node.alive).toBe(true);
    expect(this.#healthy.peer(VICTIM)?.address.port).toBe(this.#connection);
    expect(told("nodeup")).toHaveLength(1);
    expect(told("nodedown")).toEqual([]);
    await this.#healthy.ping(VICTIM);
    const visitor = await this.#join(`visitor${++count}@localhost`);
    await visitor.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers) close();
    await this.#healthy.stop();
    await this.node.stop();
  }

  #own<Socket extends net.Socket>(socket: Socket): Socket {
    this.#closers.push(() => socket.destroy());
    return socket.on("error", () => {});
  }

  async #served(server: net.Server): Promise<number> {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#closers.push(() => server.close());
    return (server.address() as net.AddressInfo).port;
  }
}

const VICTIM = "victim@localhost";
const HEALTHY = "healthy@localhost";
let count = 0;

/** Starts the node, and connects the healthy peer. */
export async function tlsScene(
  certificates: Certificates,
  options: StartNodeOptions = {},
): Promise<TlsScene> {
  const clock = new DeadlineClock();
  const ports = new Map<string, number>();
  const node = await startNode({
    name: VICTIM,
    cookie: COOKIE,
    discovery: at(ports),
    clock,
    onWarning: () => {},
    ...options,
    tls: { ...certificates.tls, clock, ...options.tls },
  });
  const port = node.address?.port ?? 0;
  const events = record(node);
  const join = async (name: string): Promise<Node> => {
    const discovery = at(new Map([[VICTIM, port]]));
    // Their time is that of the machine, which may be busy.
    const patience = { netSetupTime: 20, tls: { ...certificates.tls, tlsHandshakeMs: 20_000 } };
    const peer = await startNode({ name, cookie: COOKIE, discovery, hidden: true, ...patience });
    await peer.connect(VICTIM);
    return peer;
  };
  return new TlsScene({ node, port, events, clock, ports }, await join(HEALTHY), join);
}

function at(ports: ReadonlyMap<string, number>): Discovery {
  return {
    ...noDiscovery,
    lookup: (name, host) => {
      const port = ports.get(`${name}@${host}`);
      return Promise.resolve(
        port === undefined ? undefined : { port, version: 6, address: "127.0.0.1" },
      );
    },
  };
}

/** Resolves when it is open, or gone: a server of TLS 1.2 that refuses is not waited for. */
function opened<Socket extends net.Socket>(socket: Socket, event: string): Promise<Socket> {
  return new Promise((resolve) => {
    socket.once(event, () => resolve(socket)).once("close", () => resolve(socket));
  });
}

/** Resolves when the other side has closed. */
export function gone(socket: net.Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    socket.once("end", () => socket.destroy()).once("close", () => resolve());
  });
}

/** A legitimate handshake of distribution over a TLS socket of `node:tls`. */
export async function introduce(socket: tls.TLSSocket, name = ME): Promise<RawPeer> {
  const peer = RawPeer.over(socket, 4);
  await peer.initiate({ name, cookie: COOKIE });
  return peer;
}

/** Descriptors, sockets and timers that are open now. */
export function openHandles(): { descriptors: number; sockets: number; timers: number } {
  const resources = process.getActiveResourcesInfo();
  const of = (pattern: RegExp): number => resources.filter((kind) => pattern.test(kind)).length;
  const listed = "/proc/self/fd";
  return {
    descriptors: existsSync(listed) ? readdirSync(listed).length : 0,
    sockets: of(/TCP|TLS|Pipe/),
    timers: of(/Timeout/),
  };
}

/** A promise, and what resolves it. */
export function once<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
