import type { HandshakeStep } from "./errors.ts";

/** Send this packet (the length before it is the carrier's business). */
export interface SendEffect {
  readonly send: Uint8Array;
}

/** Wait for one whole packet and resume with it. */
export interface ExpectEffect {
  readonly expect: HandshakeStep;
}

/** Wait for something on this node, then resume. */
export interface WaitEffect {
  readonly wait: Promise<unknown>;
  readonly step: HandshakeStep;
}

/** What a handshake asks of whoever drives it. */
export type HandshakeEffect = SendEffect | ExpectEffect | WaitEffect;

/**
 * A handshake as a generator: it reads from top to bottom like the specification, and owns no
 * socket and no timer. Whoever drives it carries out the effects it yields and resumes it with the
 * packet it expects (with anything after the others). It throws `HandshakeError`, and cleans up when
 * it is thrown into or returned.
 */
export type Handshake<Result> = Generator<HandshakeEffect, Result, Uint8Array>;

/** Sends a packet. */
export function* send(packet: Uint8Array): Handshake<void> {
  yield { send: packet };
}

/** Waits for the packet of a step. It is valid until the next effect. */
export function* expectPacket(step: HandshakeStep): Handshake<Uint8Array> {
  return yield { expect: step };
}

/** Waits for a promise of this node. */
export function* waitFor(step: HandshakeStep, promise: Promise<unknown>): Handshake<void> {
  yield { wait: promise, step };
}

/** Who the peer is, once both sides have proved that they know the cookie. */
export interface AgreedPeer {
  /** Full node name, `name@host`. */
  readonly name: string;
  /** Tells this incarnation from others of the same name: 32 bits, 0 when the peer tells none. */
  readonly creation: number;
  /** The flags in force: what both have. */
  readonly flags: bigint;
  /** What the peer announced. */
  readonly peerFlags: bigint;
  /** Not a visible connection: one of the two is hidden. */
  readonly hidden: boolean;
  /** Version of the handshake: 6, or 5 for a peer that introduced itself with the old `n`. */
  readonly version: 5 | 6;
  /** The acceptor named the initiator in this handshake (`NAME_ME`). */
  readonly named: boolean;
  /** Our own full name in this connection: the given one, when the acceptor named us. */
  readonly ourName: string;
  /** Our own creation in this connection. */
  readonly ourCreation: number;
}
