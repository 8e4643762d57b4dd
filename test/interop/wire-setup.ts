import { systemClock } from "disterl/carrier";
import {
  type CEpmd,
  freePort,
  type OtpNode,
  type OtpRelease,
  RawPeer,
  startCEpmd,
  startOtpNode,
} from "disterl/testing";
import { atom, Pid, Reference } from "disterl/term";
import {
  agreedFlags,
  ByteSink,
  type Fragments,
  MessageReader,
  MessageWriter,
  type Signal,
} from "disterl/wire";

const COOKIE = "wire tests";
const CREATION = 4711;
const PATIENCE_MS = 15_000;

/** The process of the Erlang node that does as it is told; see `wire.test.ts`. */
export interface WireLink extends AsyncDisposable {
  readonly otp: OtpNode;
  /** What both nodes have. */
  readonly flags: bigint;
  /** Pids and references of the node we pretend to be. */
  pid(id: number): Pid;
  reference(): Reference;
  /** Writes a signal and sends it, all fragments included. */
  send(signal: Signal): void;
  /** Writes without sending: fragments can be interleaved then. */
  write(signal: Signal): Fragments | undefined;
  next(fragments: Fragments): boolean;
  /** Sends what was written. */
  flush(): void;
  /** The next signal of this type, in order; others of other types are kept. */
  expect<T extends Signal["type"]>(type: T): Promise<Extract<Signal, { type: T }>>;
  /** What nobody has asked for yet. */
  readonly signals: readonly Signal[];
}

/**
 * Starts an Erlang node and connects to it as a hidden node that has these flags: the handshake by
 * a raw peer, all that follows by the reader and the writer under test.
 */
export async function startWireLink(release: OtpRelease, flags: bigint): Promise<WireLink> {
  const epmd = await startCEpmd({ release });
  const port = await freePort();
  const otp = await startOtpNode({
    release,
    nameType: "short",
    cookie: COOKIE,
    epmdPort: epmd.port,
    flags: ["-kernel", "inet_dist_listen_min", `${port}`, "inet_dist_listen_max", `${port}`],
  });
  const raw = await RawPeer.dial({ port });
  const name = `wire_${process.pid}@localhost`;
  const agreement = await raw.initiate({ name, cookie: COOKIE, flags, creation: CREATION });
  return new Link(epmd, otp, raw, name, agreedFlags(flags, agreement.flags));
}

class Link implements WireLink {
  readonly otp: OtpNode;
  readonly flags: bigint;
  readonly signals: Signal[] = [];
  readonly #epmd: CEpmd;
  readonly #raw: RawPeer;
  readonly #name: string;
  readonly #writer: MessageWriter;
  readonly #sink = new ByteSink();
  #references = 0;
  #wake = (): void => {};
  #failure: Error | undefined = undefined;

  constructor(epmd: CEpmd, otp: OtpNode, raw: RawPeer, name: string, flags: bigint) {
    this.otp = otp;
    this.flags = flags;
    this.#epmd = epmd;
    this.#raw = raw;
    this.#name = name;
    this.#writer = new MessageWriter({ flags });
    const reader = new MessageReader({
      flags,
      peer: otp.nodeName,
      onSignal: (signal) => {
        this.signals.push(signal);
      },
      onTick: () => raw.sendFrame(""),
    });
    const take = (chunk: Uint8Array): void => {
      try {
        reader.push(chunk);
      } catch (error) {
        this.#failure ??= error as Error;
      }
      this.#wake();
    };
    raw.socket.removeAllListeners("data");
    raw.socket.on("data", take);
    take(raw.received);
  }

  pid(id: number): Pid {
    return new Pid(atom(this.#name), id, 0, CREATION);
  }

  reference(): Reference {
    this.#references++;
    return new Reference(atom(this.#name), CREATION, [this.#references, 2, 3]);
  }

  send(signal: Signal): void {
    const rest = this.write(signal);
    while (rest !== undefined && !this.next(rest)) this.flush();
    this.flush();
  }

  write(signal: Signal): Fragments | undefined {
    return this.#writer.write(signal, this.#sink);
  }

  next(fragments: Fragments): boolean {
    return fragments.nextFragment(this.#sink);
  }

  flush(): void {
    // A copy: the sink is used again before the socket has taken the bytes.
    this.#raw.socket.write(Buffer.concat(this.#sink.pieces()));
    this.#sink.truncate();
  }

  async expect<T extends Signal["type"]>(type: T): Promise<Extract<Signal, { type: T }>> {
    const until = systemClock.now() + PATIENCE_MS;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const index = this.signals.findIndex((signal) => signal.type === type);
      if (index >= 0) {
        return this.signals.splice(index, 1)[0] as Extract<Signal, { type: T }>;
      }
      const left = until - systemClock.now();
      if (this.#raw.closed || left <= 0) {
        const why = this.#raw.closed ? "the node closed the connection" : "nothing came";
        throw new Error(`no ${type}: ${why}; it printed: ${this.otp.output.slice(-2000)}`);
      }
      await new Promise<void>((resolve) => {
        const timer = systemClock.after(Math.min(left, 1000), resolve);
        this.#wake = () => {
          timer.cancel();
          resolve();
        };
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#raw.close();
    await this.otp.stop();
    await this.#epmd.stop();
  }
}
