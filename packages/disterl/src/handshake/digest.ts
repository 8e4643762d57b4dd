import { randomInt, timingSafeEqual } from "node:crypto";

/**
 * Whether a digest is the expected one. Takes the same time for every wrong digest of the right
 * length, so that an answer cannot be guessed byte by byte.
 */
export function sameDigest(expected: Uint8Array, received: Uint8Array): boolean {
  return expected.length === received.length && timingSafeEqual(expected, received);
}

/**
 * The challenges this node has sent as acceptor and that nobody has answered yet.
 *
 * Each is random, used once, and forgotten when its handshake ends. A node we dial that sends one
 * of them back as its own wants *us* to compute the answer it owes us: the dial is aborted. (Against
 * a relay over a third node only a cookie per peer or TLS helps.)
 */
export class OutstandingChallenges {
  readonly #challenges = new Set<number>();
  readonly #random: () => number;

  /** `random` gives 32 bits, unsigned. Default: the system's generator. */
  constructor(random: () => number = randomChallenge) {
    this.#random = random;
  }

  get size(): number {
    return this.#challenges.size;
  }

  /** A fresh challenge, 32 bits, noted as outstanding. */
  issue(): number {
    let challenge = this.#random();
    while (this.#challenges.has(challenge)) challenge = this.#random();
    this.#challenges.add(challenge);
    return challenge;
  }

  has(challenge: number): boolean {
    return this.#challenges.has(challenge);
  }

  forget(challenge: number): void {
    this.#challenges.delete(challenge);
  }
}

/** 32 bits from the system's generator. */
export function randomChallenge(): number {
  return randomInt(0, 2 ** 32);
}
