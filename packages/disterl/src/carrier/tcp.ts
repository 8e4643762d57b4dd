import * as net from "node:net";
import { bindServer, lookupSettings, ServerListener, socketSettings } from "./bind-server.ts";
import type {
  Carrier,
  Channel,
  ConnectOptions,
  Listener,
  ListenOptions,
  NetAddress,
} from "./carrier.ts";
import { type Clock, systemClock } from "./clock.ts";
import { dialError } from "./errors.ts";
import { adopt, onRead } from "./socket-reading.ts";
import { TcpChannel } from "./tcp-channel.ts";

/**
 * Plain TCP. Mirrors `inet_tcp_dist` and `inet6_tcp_dist` (OTP 29): no delay, length of two bytes in
 * the handshake. Differs in: a failed accept costs that connection, not the listener.
 *
 * Nothing is encrypted, and nobody between the nodes is kept from changing what they say.
 */
export class TcpCarrier implements Carrier {
  readonly name: "inet_tcp" | "inet6_tcp";
  readonly handshakeLengthBytes = 2;
  readonly #family: "inet" | "inet6";
  readonly #clock: Clock;

  constructor(family: "inet" | "inet6", clock: Clock = systemClock) {
    this.name = `${family}_tcp`;
    this.#family = family;
    this.#clock = clock;
  }

  async listen(options: ListenOptions, onChannel: (channel: Channel) => void): Promise<Listener> {
    const server = net.createServer({
      pauseOnConnect: true,
      allowHalfOpen: true,
      ...socketSettings(options),
    });
    server.on("connection", (accepted) => {
      const channel = this.#accepted(accepted);
      if (channel !== undefined) onChannel(channel);
    });
    const host = options.host ?? (this.#family === "inet" ? "0.0.0.0" : "::");
    await bindServer(server, host, options, this.#family === "inet6");
    server.on("error", noop);
    const bound = server.address();
    const { address, port } = bound as net.AddressInfo;
    return new ServerListener(server, this.#address(address, port));
  }

  #accepted(socket: net.Socket): TcpChannel | undefined {
    const { localAddress, localPort, remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined) {
      socket.destroy(); // reset before it was accepted
      return undefined;
    }
    adopt(socket, (chunk) => channel.received(chunk));
    const local = this.#address(localAddress, localPort);
    const remote = this.#address(remoteAddress, remotePort);
    const channel = new TcpChannel(socket, local, remote, this.#clock);
    return channel;
  }

  connect(options: ConnectOptions): Promise<Channel> {
    const { host, port, socket: settings, signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      let channel: TcpChannel | undefined;
      const socket = net.connect({
        host,
        port,
        ...lookupSettings(this.#family),
        autoSelectFamily: false,
        localAddress: settings?.localAddress,
        allowHalfOpen: true,
        ...socketSettings(options),
        onread: onRead((chunk) => channel?.received(chunk)),
      });
      socket.pause();
      const onAbort = (): void => {
        socket.destroy();
        reject(signal?.reason);
      };
      const onError = (error: Error): void => {
        signal?.removeEventListener("abort", onAbort);
        reject(dialError(`${host}:${port}`, error));
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      socket.once("error", onError);
      socket.once("connect", () => {
        signal?.removeEventListener("abort", onAbort);
        socket.off("error", onError);
        const local = this.#address(socket.localAddress, socket.localPort);
        const remote = this.#address(socket.remoteAddress ?? host, port);
        channel = new TcpChannel(socket, local, remote, this.#clock);
        resolve(channel);
      });
    });
  }

  #address(address: string | undefined, port: number | undefined): NetAddress {
    return { family: this.#family, address: address ?? "", port: port ?? 0 };
  }
}

function noop(): void {}

/** TCP over IPv4: `-proto_dist inet_tcp`, the default. */
export const inetTcp: Carrier = new TcpCarrier("inet");
/** TCP over IPv6: `-proto_dist inet6_tcp`. */
export const inet6Tcp: Carrier = new TcpCarrier("inet6");
