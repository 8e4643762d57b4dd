import { handshakeDone, handshakeFailed, handshakeStart, handshakeStep } from "./diagnostics.ts";
import type { TracedAddress, TracedHandshake } from "./payloads.ts";

let lastId = 0;

/** Tells how one handshake goes, to whoever has subscribed. Holds names and addresses only. */
export class HandshakeTrace {
  readonly #local: string;
  readonly #role: TracedHandshake["role"];
  readonly #node: string | undefined;
  readonly #id = ++lastId;
  #remote: TracedAddress = { family: "", address: "", port: 0 };
  #startedAt = 0;

  /** `node` is the name that is dialled. */
  constructor(local: string, role: TracedHandshake["role"], node?: string) {
    this.#local = local;
    this.#role = role;
    this.#node = node;
  }

  started(remote: TracedAddress, now: number): void {
    this.#remote = remote;
    this.#startedAt = now;
    if (handshakeStart.hasSubscribers) handshakeStart.publish(this.#about());
  }

  /** From now on this is awaited. */
  entered(step: string): void {
    if (handshakeStep.hasSubscribers) handshakeStep.publish({ ...this.#about(), step });
  }

  done(node: string, now: number): void {
    if (!handshakeDone.hasSubscribers) return;
    handshakeDone.publish({ ...this.#about(), node, durationMs: now - this.#startedAt });
  }

  failed(step: string, error: unknown, now: number): void {
    if (!handshakeFailed.hasSubscribers) return;
    const durationMs = now - this.#startedAt;
    handshakeFailed.publish({ ...this.#about(), step, error, durationMs });
  }

  #about(): TracedHandshake {
    const { family, address, port } = this.#remote;
    return {
      local: this.#local,
      id: this.#id,
      role: this.#role,
      node: this.#node,
      remote: { family, address, port },
    };
  }
}
