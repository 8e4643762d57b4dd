import { type Atom, atom } from "../../term/atom.ts";
import type { Term } from "../../term/term.ts";
import { t } from "../../term/tuple.ts";
import type { GlobalParts } from "./host.ts";
import { LostConnections } from "./lost-connections.ts";
import { LOST_CONNECTION_VERSION } from "./membership.ts";
import type { PeerMessage } from "./messages.ts";
import { tell } from "./tell.ts";

const LOST_CONNECTION = atom("lost_connection");
const REMOVE_CONNECTION = atom("remove_connection");

/** How a node went: by itself, given up by us, or with nothing to tell the others. */
export type Departure = "disconnected" | "remove_connection" | "ignore_node";

type Message<Type extends PeerMessage["type"]> = Extract<PeerMessage, { type: Type }>;

/**
 * Prevents overlapping partitions: when two nodes have lost each other, all others give up one of them,
 * so that never two nodes are in one partition that cannot talk. Each loss is told to all, and each
 * passes it on once (kernel GL-50 to GL-55).
 */
export class Partitions {
  readonly #parts: GlobalParts;
  readonly #lost: LostConnections;
  /** Tells runs of this node apart even where their creations are equal. */
  readonly #extension: bigint;
  readonly #nodedown: (node: Atom, departure: Departure) => void;
  #operation = 0;

  /** `nodedown` handles a node that is given up. */
  constructor(parts: GlobalParts, nodedown: (node: Atom, departure: Departure) => void) {
    const { random } = parts.options;
    this.#parts = parts;
    this.#nodedown = nodedown;
    this.#lost = new LostConnections(parts.host.clock);
    this.#extension = (BigInt(random() & 0x3ff_ffff) << 32n) - (1n << 58n);
  }

  get #isOn(): boolean {
    const { connectAll, preventOverlappingPartitions } = this.#parts.options;
    return connectAll && preventOverlappingPartitions;
  }

  /** A node is gone that was not given up: the others hear of it. */
  informConnectionLoss(lost: Atom): void {
    if (!this.#isOn) return;
    const { processes } = this.#parts.host;
    const { pid } = this.#parts.server;
    const creation = this.#extension + BigInt(processes.identity.creation);
    this.#operation += 1;
    const message = t(LOST_CONNECTION, pid.node, creation, this.#operation, lost);
    for (const node of this.#parts.members.hearers(lost)) this.#send(node, message);
  }

  lostConnection(message: Message<"lost_connection">): void {
    if (!this.#isOn || !this.#lost.add(message)) return;
    const { members, server, host } = this.#parts;
    const { node, creation, operation, lost } = message;
    const own = server.pid.node;
    const told = t(LOST_CONNECTION, node, creation, operation, lost);
    for (const hearer of members.hearers(node)) this.#send(hearer, told);
    // Whoever is told of its own loss asks the other to leave.
    const leaver = lost === own ? node : lost;
    if (leaver === own || !members.isPotentiallyKnown(leaver)) return;
    const isOld = members.version(leaver, own) < LOST_CONNECTION_VERSION;
    if (isOld) host.disconnect(leaver);
    else this.askToLeave(leaver);
    this.#nodedown(leaver, "remove_connection");
    host.gaveUp(leaver, isOld ? "disconnected" : "requested");
  }

  askToLeave(node: Atom): void {
    this.#send(node, t(REMOVE_CONNECTION, this.#parts.server.pid.node));
  }

  removeConnection({ node }: Message<"remove_connection">): void {
    const { members, host } = this.#parts;
    if (!members.isPotentiallyKnown(node)) return;
    this.#nodedown(node, "remove_connection");
    host.disconnect(node);
    host.gaveUp(node, "disconnected");
  }

  #send(node: Atom, message: Term): void {
    tell(this.#parts.host, this.#parts.server, node, message);
  }
}
