import type { Process } from "../../process/process.ts";
import type { Atom } from "../../term/atom.ts";
import type { Term } from "../../term/term.ts";
import { t } from "../../term/tuple.ts";
import { atom } from "../../term/atom.ts";
import type { GlobalHost } from "./host.ts";
import { GLOBAL_NAME_SERVER } from "./lock-calls.ts";

const GEN_CAST = atom("$gen_cast");

/**
 * Tells the name server of a node something, if there is a connection: a node that was disconnected is
 * not connected to again for it. One that takes so little that too much waits for it already cannot be
 * part of the mesh: it is disconnected.
 */
export function tell(host: GlobalHost, from: Process, node: Atom, message: Term): void {
  if (host.isConnected(node)) send(host, from, node, message);
}

/** As {@link tell}, in the form of a cast. */
export function castTo(host: GlobalHost, from: Process, node: Atom, message: Term): void {
  tell(host, from, node, t(GEN_CAST, message));
}

/** As {@link castTo}; waits for a connection that is being set up. */
export function castToMember(host: GlobalHost, from: Process, node: Atom, message: Term): void {
  send(host, from, node, t(GEN_CAST, message));
}

function send(host: GlobalHost, from: Process, node: Atom, message: Term): void {
  try {
    from.send({ name: GLOBAL_NAME_SERVER, node }, message, { noconnect: true });
  } catch {
    host.disconnect(node);
  }
}
