import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import * as tls from "node:tls";
import { lookupSettings, socketSettings } from "../bind-server.ts";
import type { Channel, ConnectOptions, NetAddress } from "../carrier.ts";
import type { Clock } from "../clock.ts";
import { dialError } from "../errors.ts";
import { TlsChannel } from "./tls-channel.ts";
import { certificateError, handshakeError, handshakeFailure } from "./tls-errors.ts";
import type { TlsIdentity } from "./tls-identity.ts";
import { isChecked, judgePeer } from "./tls-judge.ts";
import type { Expected } from "./tls-names.ts";
import { watchNoise } from "./tls-noise.ts";
import type { NameBinding, TlsClientSide } from "./tls-options.ts";

/** What a dial works with. */
export interface TlsDialParts {
  readonly family: "inet" | "inet6";
  readonly side: TlsClientSide;
  readonly identity: TlsIdentity;
  readonly clock: Clock;
  readonly handshakeMs: number;
  readonly nameBinding: NameBinding;
}

/** Opens a connection, and looks at who answers before it is handed out. */
export function tlsDial(parts: TlsDialParts, options: ConnectOptions): Promise<Channel> {
  return new Promise((resolve, reject) => {
    const { signal } = options;
    if (signal?.aborted === true) return reject(signal.reason as Error);
    new TlsDial(parts, options, resolve, reject).start();
  });
}

class TlsDial {
  readonly #parts: TlsDialParts;
  readonly #options: ConnectOptions;
  readonly #resolve: (channel: Channel) => void;
  readonly #reject: (error: unknown) => void;
  readonly #expected: Expected;
  #connected = false;

  constructor(
    parts: TlsDialParts,
    options: ConnectOptions,
    resolve: (channel: Channel) => void,
    reject: (error: unknown) => void,
  ) {
    this.#parts = parts;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#expected = expectedPeer(parts, options);
  }

  start(): void {
    const { family, identity, clock, handshakeMs } = this.#parts;
    const { host, port, signal } = this.#options;
    const at = `${host}:${port}`;
    const name = this.#expected.host;
    const socket = tls.connect({
      host,
      port,
      ...lookupSettings(family),
      autoSelectFamily: false,
      allowHalfOpen: true,
      localAddress: this.#options.socket?.localAddress,
      secureContext: identity.context,
      minDHSize: 2_048, // as of RSA keys
      // judgePeer refuses, with reasons, before anybody gets the socket.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      servername: name === undefined || isIP(name) !== 0 ? "" : name,
    } as tls.ConnectionOptions);
    // Node.js would make objects of all certificates, for a checkServerIdentity that looks at none.
    socket.getPeerCertificate = () => ({}) as tls.DetailedPeerCertificate;
    // tls.connect does not take these as options.
    const { noDelay, keepAlive } = socketSettings(this.#options);
    socket.setNoDelay(noDelay).setKeepAlive(keepAlive);
    let timer: ReturnType<Clock["after"]> | undefined;
    const settle = (outcome: () => void): void => {
      timer?.cancel();
      signal?.removeEventListener("abort", onAbort);
      socket.off("error", onError).off("close", onClose).off("secureConnect", onSecure);
      outcome();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        socket.on("error", () => {});
        socket.destroy();
        this.#reject(error);
      });
    const onAbort = (): void => fail(signal?.reason);
    const onError = (error: Error): void => fail(this.#failure(at, error));
    const onClose = (): void => fail(handshakeError(at, new Error("closed"), identity.own));
    const onSecure = (): void => {
      Reflect.deleteProperty(socket, "getPeerCertificate"); // judgePeer may want it
      const { problem, certificate } = judgePeer(socket, {
        where: "client",
        side: this.#parts.side,
        revocation: identity.revocation,
        expected: this.#expected,
      });
      if (problem !== undefined) return fail(certificateError(this.#options.node ?? at, problem));
      settle(() => this.#resolve(this.#channel(socket, certificate)));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.on("error", onError).on("close", onClose).on("secureConnect", onSecure);
    socket.once("connect", () => {
      this.#connected = true;
      timer = clock.after(handshakeMs, () => {
        const why = `it did not finish the TLS handshake within ${handshakeMs} ms; it may be a node with plain TCP`;
        fail(handshakeFailure(at, why));
      });
    });
  }

  #failure(at: string, error: Error): Error {
    // A reset comes of who has accepted, even when it is heard of before the connection is.
    const isAccepted = this.#connected || ("code" in error && error.code === "ECONNRESET");
    return isAccepted ? handshakeError(at, error, this.#parts.identity.own) : dialError(at, error);
  }

  #channel(socket: tls.TLSSocket, certificate: X509Certificate | undefined): Channel {
    const { family, identity, clock, side } = this.#parts;
    const { localAddress, localPort, remoteAddress } = socket;
    const { host, port } = this.#options;
    const local: NetAddress = { family, address: localAddress ?? "", port: localPort ?? 0 };
    const remote: NetAddress = { family, address: remoteAddress ?? host, port };
    const ends = { local, remote };
    const checked = isChecked(side);
    const channel = new TlsChannel(socket, ends, clock, identity.own, checked, certificate);
    watchNoise(socket, channel, clock);
    return channel;
  }
}

/** The certificate is to be of the host in the node's name, wherever that was found to listen. */
function expectedPeer(
  { side, nameBinding: binding }: TlsDialParts,
  { host, node }: ConnectOptions,
): Expected {
  const { serverNameIndication: asked } = side;
  if (asked === false) return { host: undefined, node };
  if (asked !== undefined) return { host: asked, node: undefined };
  const at = node?.indexOf("@") ?? -1;
  return { host: at === -1 || node === undefined ? host : node.slice(at + 1), node, binding };
}
