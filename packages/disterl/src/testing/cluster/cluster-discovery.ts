import type { Discovery } from "disterl/epmd";
import { TestingError } from "../errors.ts";

interface Entry {
  readonly port: number;
  /** What the node is called in the network. */
  readonly host: string;
}

/** Where the nodes of a cluster find each other: one epmd, so to speak, that everybody reaches. */
export class ClusterDiscovery {
  readonly #entries = new Map<string, Entry>();
  #creation: number;

  /** `creation` is the first that is given; each registration gets the next, as from epmd. */
  constructor(creation: number) {
    this.#creation = creation;
  }

  /** As one node has it: it registers names at `at`, and is called `host` in the network. */
  of(at: string, host: string): Discovery {
    return {
      register: async (name, port) => {
        const fullName = `${name}@${at}`;
        if (this.#entries.has(fullName)) {
          const text = `a node called ${fullName} runs already`;
          throw new TestingError("ERR_TESTING_CLUSTER", text);
        }
        const entry = { port, host };
        this.#entries.set(fullName, entry);
        const unregister = async (): Promise<void> => {
          if (this.#entries.get(fullName) === entry) this.#entries.delete(fullName);
        };
        return { creation: this.#creation++, unregister };
      },
      lookup: async (name, where) => {
        const entry = this.#entries.get(`${name}@${where}`);
        if (entry === undefined) return undefined;
        return { port: entry.port, version: 6, address: entry.host };
      },
      names: async (where) =>
        [...this.#entries]
          .filter(([full]) => full.endsWith(`@${where}`))
          .map(([full, { port }]) => ({ name: full.slice(0, full.indexOf("@")), port })),
    };
  }

  /** A node was killed: its connection to epmd is gone, and so are its names. */
  forget(host: string): void {
    for (const [name, entry] of this.#entries) if (entry.host === host) this.#entries.delete(name);
  }
}
