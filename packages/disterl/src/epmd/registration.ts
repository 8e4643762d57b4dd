import type { Socket } from "node:net";
import type { Clock } from "../carrier/clock.ts";
import type { EpmdClientEvent } from "./client-options.ts";
import { pause } from "./deadline.ts";
import type { Registration } from "./discovery.ts";
import { EpmdError } from "./errors.ts";
import type { NodeInfo } from "./node-info.ts";

/** epmd's answer, and the connection that is the registration when `result` is 0. */
export interface AliveAnswer {
  readonly result: number;
  readonly creation: number;
  readonly socket: Socket;
}

/** What a registration needs of the client it belongs to. */
export interface RegistrationHost {
  readonly clock: Clock;
  readonly random: () => number;
  readonly retryMs: number;
  attempt(node: NodeInfo, signal: AbortSignal): Promise<AliveAnswer>;
  /** Where the node with that name listens, according to the epmd here. */
  holderPort(name: string, signal: AbortSignal): Promise<number | undefined>;
  /** Sees to it that there is an epmd here; false when that is not allowed. */
  startEpmd(signal: AbortSignal): Promise<boolean>;
  tell(event: EpmdClientEvent): void;
}

/** Between attempts while the name seems taken. */
const DUPLICATE_PAUSE_MS = 250;
/** How long the end of a registration is waited for before the connection is cut. */
const UNREGISTER_MS = 1000;

/** A node that is registered, and registered again whenever epmd has lost it. */
export class EpmdRegistration implements Registration {
  readonly node: NodeInfo;
  /**
   * What epmd gave at first. Later ones are ignored: the node lives on. `undefined` when that was 0,
   * which no node may have.
   */
  readonly creation: number | undefined;
  readonly #host: RegistrationHost;
  readonly #stopping = new AbortController();
  #socket: Socket | undefined;
  /** Port of the node that has taken our name, as last told. */
  #toldHolder: number | undefined;

  private constructor(host: RegistrationHost, node: NodeInfo, answer: AliveAnswer) {
    this.#host = host;
    this.node = node;
    this.creation = answer.creation === 0 ? undefined : answer.creation;
    this.#adopt(answer.socket);
  }

  /** Registers a node, starting an epmd when that is needed and allowed. */
  static async start(
    host: RegistrationHost,
    node: NodeInfo,
    options: {
      readonly duplicateRetryMs: number;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<EpmdRegistration> {
    const signal = options.signal ?? new AbortController().signal;
    const believeAt = host.clock.now() + options.duplicateRetryMs;
    for (;;) {
      const answer = await attemptOrStart(host, node, signal);
      if (answer.result === 0) {
        const registration = new EpmdRegistration(host, node, answer);
        const { name, port } = node;
        host.tell({ type: "registered", name, port, creation: answer.creation });
        registration.#verify();
        return registration;
      }
      if (host.clock.now() >= believeAt) throw await nameTaken(host, node, answer, signal);
      await pause(host.clock, DUPLICATE_PAUSE_MS, signal);
    }
  }

  /** False once {@link unregister} was called. */
  get active(): boolean {
    return !this.#stopping.signal.aborted;
  }

  /** The registration stands; false while it is being tried again. */
  get registered(): boolean {
    return this.#socket !== undefined;
  }

  #adopt(socket: Socket): void {
    this.#socket = socket;
    this.#toldHolder = undefined;
    socket.on("error", () => {});
    socket.once("close", () => this.#onClose(socket));
    socket.resume();
    if (socket.destroyed) this.#onClose(socket);
  }

  #onClose(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    if (!this.active) return;
    this.#host.tell({ type: "lost", name: this.node.name });
    this.#tryAgain().catch(() => {
      // Unregistered meanwhile: nothing is left to do.
    });
  }

  async #tryAgain(): Promise<void> {
    const { clock, random, retryMs } = this.#host;
    const { signal } = this.#stopping;
    while (this.active && this.#socket === undefined) {
      await pause(clock, retryMs * (0.75 + random() / 2), signal);
      try {
        await this.#tryOnce(signal);
      } catch (error) {
        if (!this.active) return;
        const reason = error instanceof Error ? error : new Error(String(error));
        this.#host.tell({ type: "retry_failed", name: this.node.name, error: reason });
      }
    }
  }

  async #tryOnce(signal: AbortSignal): Promise<void> {
    const { name } = this.node;
    const answer = await attemptOrStart(this.#host, this.node, signal);
    if (answer.result !== 0) {
      const holder = await this.#host.holderPort(name, signal);
      if (holder !== this.node.port) this.#tellHolder(holder);
      return;
    }
    if (!this.active) {
      answer.socket.destroy();
      return;
    }
    this.#adopt(answer.socket);
    this.#host.tell({ type: "reregistered", name, creation: answer.creation });
    this.#verify();
  }

  #tellHolder(holderPort: number | undefined): void {
    if (holderPort !== undefined && holderPort === this.#toldHolder) return;
    this.#toldHolder = holderPort;
    this.#host.tell({ type: "name_lost", name: this.node.name, holderPort });
  }

  /** Looks at the own entry: whoever answers on epmd's port could say yes to everybody. */
  #verify(): void {
    const { signal } = this.#stopping;
    const socket = this.#socket;
    this.#host.holderPort(this.node.name, signal).then(
      (holder) => {
        if (this.#socket === socket && holder !== this.node.port) this.#tellHolder(holder);
      },
      () => {
        // An epmd that has gone shows on the registration itself.
      },
    );
  }

  /** Gives the name back. Resolves when epmd has noticed, within a second. */
  unregister(): Promise<void> {
    this.#stopping.abort(new Error("unregistered"));
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#host.clock.after(UNREGISTER_MS, () => socket.destroy());
      socket.once("close", () => {
        timer.cancel();
        resolve();
      });
      socket.end();
    });
  }
}

async function attemptOrStart(
  host: RegistrationHost,
  node: NodeInfo,
  signal: AbortSignal,
): Promise<AliveAnswer> {
  try {
    return await host.attempt(node, signal);
  } catch (error) {
    if (!(error instanceof EpmdError) || error.code !== "ERR_EPMD_UNREACHABLE") throw error;
    if (!(await host.startEpmd(signal))) throw error;
    return host.attempt(node, signal);
  }
}

async function nameTaken(
  host: RegistrationHost,
  { name }: NodeInfo,
  { result }: AliveAnswer,
  signal: AbortSignal,
): Promise<EpmdError> {
  const holderPort = await host.holderPort(name, signal).catch(() => undefined);
  const holder =
    holderPort === undefined ? "another node" : `the node that listens on port ${holderPort}`;
  return new EpmdError(
    "ERR_EPMD_NAME_TAKEN",
    `the name ${name} seems to be in use by ${holder} (result ${result}); stop that node or choose another name`,
    { request: "ALIVE2_REQ", nodeName: name, holderPort },
  );
}
