import type { X509Certificate } from "node:crypto";
import * as net from "node:net";
import * as tls from "node:tls";
import { bindServer, ServerListener, socketSettings } from "../bind-server.ts";
import type { Channel, Listener, ListenOptions, NetAddress } from "../carrier.ts";
import type { Clock } from "../clock.ts";
import type { TlsProblem } from "./tls-certificate.ts";
import { TlsChannel } from "./tls-channel.ts";
import { TlsDoor } from "./tls-door.ts";
import { acceptError, certificateError, claimError, handshakeFailure } from "./tls-errors.ts";
import type { TlsIdentity } from "./tls-identity.ts";
import { isChecked, judgePeer } from "./tls-judge.ts";
import { expectedOf, nameProblem } from "./tls-names.ts";
import { watchNoise } from "./tls-noise.ts";
import type { NameBinding, TlsServerSide } from "./tls-options.ts";

/** What a {@link TlsListener} works with. */
export interface TlsListenerParts {
  readonly family: "inet" | "inet6";
  readonly side: TlsServerSide;
  readonly identity: TlsIdentity;
  readonly clock: Clock;
  readonly handshakeMs: number;
  readonly pending: number;
  readonly nameBinding: NameBinding;
}

/** Node.js has a timer of its own for handshakes; ours is always earlier. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * Accepts TLS. Every connection is accepted at once and has its own handshake: one that is silent, or
 * speaks something else, costs a socket for a while and nobody else anything.
 */
export class TlsListener implements Listener {
  readonly address: NetAddress;
  readonly #listener: ServerListener;
  readonly #acceptor: TlsAcceptor;

  private constructor(listener: ServerListener, acceptor: TlsAcceptor) {
    this.#listener = listener;
    this.#acceptor = acceptor;
    this.address = listener.address;
  }

  static async open(
    parts: TlsListenerParts,
    options: ListenOptions,
    onChannel: (channel: Channel) => void,
  ): Promise<TlsListener> {
    const acceptor = new TlsAcceptor(parts, onChannel, options.onRefused ?? (() => {}));
    // Not half-open: who hangs up before TLS is done is to be noticed at once. See #secured.
    const server = net.createServer({ allowHalfOpen: false, ...socketSettings(options) });
    server.on("connection", (socket) => acceptor.accept(socket));
    const host = options.host ?? (parts.family === "inet" ? "0.0.0.0" : "::");
    await bindServer(server, host, options, parts.family === "inet6");
    server.on("error", () => {});
    const bound = server.address();
    const { address, port } = bound as net.AddressInfo;
    const at: NetAddress = { family: parts.family, address, port };
    return new TlsListener(new ServerListener(server, at), acceptor);
  }

  close(): Promise<void> {
    this.#acceptor.close();
    return this.#listener.close();
  }
}

/** Makes channels of the connections that others open. */
class TlsAcceptor {
  readonly #parts: TlsListenerParts;
  readonly #server: tls.Server;
  /** What it has been given. */
  #options: tls.SecureContextOptions;
  readonly #door: TlsDoor<net.Socket>;
  readonly #remotes = new WeakMap<net.Socket, NetAddress>();
  readonly #onChannel: (channel: Channel) => void;
  readonly #onRefused: NonNullable<ListenOptions["onRefused"]>;

  constructor(
    parts: TlsListenerParts,
    onChannel: (channel: Channel) => void,
    onRefused: NonNullable<ListenOptions["onRefused"]>,
  ) {
    this.#parts = parts;
    this.#onChannel = onChannel;
    this.#onRefused = onRefused;
    this.#options = parts.identity.options;
    this.#door = new TlsDoor(parts.clock, parts.handshakeMs, parts.pending);
    // Not rejectUnauthorized: a peer that is refused there is gone before we can say which of its
    // certificates was wrong. judgePeer refuses, before the socket is given to anybody.
    this.#server = tls.createServer({
      ...this.#options,
      requestCert: parts.side.verify !== "verify_none",
      rejectUnauthorized: false,
      handshakeTimeout: NEVER_MS,
    });
    this.#server.on("secureConnection", (socket) => this.#secured(socket));
    this.#server.on("tlsClientError", (error, socket) => this.#failed(error, socket));
  }

  accept(socket: net.Socket): void {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined) {
      socket.destroy(); // reset before it was accepted
      return;
    }
    const { options } = this.#parts.identity;
    if (options !== this.#options) this.#server.setSecureContext(options);
    this.#options = options;
    const remote = this.#address(remoteAddress, remotePort);
    this.#remotes.set(socket, remote);
    socket.on("error", () => {});
    socket.once("close", () => this.#door.leave(socket));
    this.#door.enter(socket, remoteAddress, (why) => {
      this.#remotes.delete(socket);
      socket.destroy();
      this.#onRefused(remote, handshakeFailure(remoteAddress, why));
    });
    this.#server.emit("connection", socket);
  }

  close(): void {
    this.#door.close();
  }

  #secured(socket: tls.TLSSocket): void {
    const raw = rawSocket(socket);
    if (raw === undefined) return this.#unknown(socket);
    this.#door.leave(raw);
    socket.allowHalfOpen = true; // from here on it is the channel that says how it ends
    const { family, side, identity, clock } = this.#parts;
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    const local: NetAddress = { family, address: localAddress ?? "", port: localPort ?? 0 };
    const remote = this.#address(remoteAddress, remotePort);
    const { problem, certificate, isConstrained } = judgePeer(socket, {
      where: "server",
      side,
      revocation: identity.revocation,
      expected: { host: undefined, node: undefined }, // it has not said yet who it is
    });
    if (problem !== undefined) {
      socket.on("error", () => {});
      socket.destroy();
      this.#onRefused(remote, certificateError(remote.address, problem));
      return;
    }
    const checked = isChecked(side);
    const channel = new TlsChannel(
      socket,
      { local, remote },
      clock,
      identity.own,
      checked,
      certificate,
    );
    watchNoise(socket, channel, clock);
    if (checked && certificate !== undefined) {
      channel.claims = (node) => {
        const found = this.#claimProblem(node, certificate, isConstrained);
        return found && claimError(remote.address, node, found);
      };
    }
    this.#onChannel(channel);
  }

  #claimProblem(
    node: string,
    certificate: X509Certificate,
    isConstrained: boolean,
  ): TlsProblem | undefined {
    const { nameBinding } = this.#parts;
    if (nameBinding === "none") return undefined;
    return nameProblem(certificate, expectedOf(node, nameBinding, isConstrained));
  }

  /** Its place at the door cannot be given back, and the time for its handshake would end it later. */
  #unknown(socket: tls.TLSSocket): void {
    const { remoteAddress, remotePort } = socket;
    const remote = this.#address(remoteAddress, remotePort);
    socket.on("error", () => {});
    socket.destroy();
    const why =
      `Node.js ${process.version} does not show which connection it came over: accept TLS with a ` +
      "version that disterl is tested with";
    this.#onRefused(remote, handshakeFailure(remote.address || "a peer", why));
  }

  #failed(error: Error, socket: tls.TLSSocket): void {
    const raw = rawSocket(socket);
    if (raw === undefined) return this.#unknown(socket);
    socket.on("error", () => {});
    socket.destroy();
    const remote = this.#remotes.get(raw);
    if (remote === undefined) return; // turned away, and told so
    this.#door.leave(raw);
    const isAnswered = raw.bytesWritten > 0;
    const { own } = this.#parts.identity;
    this.#onRefused(remote, acceptError(remote.address, error, own, isAnswered));
  }

  #address(address: string | undefined, port: number | undefined): NetAddress {
    return { family: this.#parts.family, address: address ?? "", port: port ?? 0 };
  }
}

/** The connection under a TLS socket of a server; Node.js documents no way to it. */
function rawSocket(socket: tls.TLSSocket): net.Socket | undefined {
  const { _parent: raw } = socket as unknown as { readonly _parent?: unknown };
  return raw instanceof net.Socket ? raw : undefined;
}
