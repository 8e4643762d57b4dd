import { namesReply } from "./listing-packets.ts";
import type { Registry } from "./registry.ts";

/**
 * The answer to NAMES, kept until a node comes or goes: many readers of one listing share its memory,
 * however slowly they read.
 */
export class NamesListing {
  readonly #registry: Registry;
  #version = -1;
  #reply: Uint8Array = new Uint8Array(0);

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  reply(epmdPort: number): Uint8Array {
    if (this.#version !== this.#registry.version) {
      this.#reply = namesReply(epmdPort, this.#registry.live());
      this.#version = this.#registry.version;
    }
    return this.#reply;
  }
}
