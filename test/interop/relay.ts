import { createServer, connect, type Server, type Socket } from "node:net";

/** Stands between two ends of TCP connections, hands on what they say, and does harm when told to. */
export class Relay implements AsyncDisposable {
  readonly port: number;
  /** Bytes of the far end that go on to the near end before the harm; infinite at first. */
  #allowed = Number.POSITIVE_INFINITY;
  #harm: (near: Socket, far: Socket) => void = () => {};
  #rewrite: (chunk: Buffer) => void = () => {};
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** Connections to the relay are made to `port` of loopback in turn. */
  static start(port: number): Promise<Relay> {
    const server = createServer();
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => resolve(new Relay(server, port)));
    });
  }

  private constructor(server: Server, port: number) {
    this.#server = server;
    const address = server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
    server.on("connection", (near) => this.#join(near, connect(port, "127.0.0.1")));
  }

  /** After so many more bytes of the far end: none of them goes on, and this happens instead. */
  after(bytes: number, harm: (near: Socket, far: Socket) => void): void {
    this.#allowed = bytes;
    this.#harm = harm;
  }

  /** What the far end says can be changed on its way, chunk by chunk. */
  rewrite(change: (chunk: Buffer) => void): void {
    this.#rewrite = change;
  }

  #join(near: Socket, far: Socket): void {
    const ends = [near, far] as const;
    for (const [from, to] of [ends, [far, near] as const]) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    near.on("data", (chunk) => far.write(chunk));
    far.on("data", (chunk) => {
      this.#rewrite(chunk);
      const part = chunk.subarray(0, this.#allowed);
      this.#allowed -= part.length;
      if (this.#allowed > 0) near.write(part);
      else near.write(part, () => this.#harm(near, far));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
