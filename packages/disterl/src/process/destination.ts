import type { Name } from "../signal/signal.ts";
import { Atom, atomOrBoolean } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";

/** A registered name on a node: `{ name: "rex", node: "app@host" }`. */
export interface NamedProcess {
  /** The registered name. */
  readonly name: Name | string;
  /** Full name of the node. */
  readonly node: Atom | string;
}

/** Where a message can be sent: a pid, an alias, a name here, or a name on another node. */
export type Destination = Pid | Reference | Name | string | NamedProcess;

/** Texts become atoms; a bare name is one of `ownNode`. @internal */
export function namedDestination(
  to: Name | string | NamedProcess,
  ownNode: Atom,
): { name: Name; node: Atom } {
  if (typeof to === "string") return { name: atomOrBoolean(to), node: ownNode };
  if (typeof to === "boolean" || to instanceof Atom) return { name: to, node: ownNode };
  const name = typeof to.name === "string" ? atomOrBoolean(to.name) : to.name;
  return { name, node: nodeAtom(to.node) };
}

/** @throws TypeError when that cannot be the name of a node. @internal */
export function nodeAtom(node: Atom | string): Atom {
  const atom = typeof node === "string" ? atomOrBoolean(node) : node;
  if (typeof atom === "boolean") throw new TypeError(`${atom} is not the name of a node`);
  return atom;
}

/** The node that a message to `to` goes to. @internal */
export function destinationNode(to: Destination, ownNode: Atom): Atom {
  if (to instanceof Pid || to instanceof Reference) return to.node;
  return namedDestination(to, ownNode).node;
}
