import { atom } from "../../term/atom.ts";
import type { Term } from "../../term/term.ts";
import { t } from "../../term/tuple.ts";
import type { ExternalName, GlobalName } from "./name-table.ts";
import type { KnownNode, Operation } from "./messages.ts";

const INSERT = atom("insert");
const DELETE = atom("delete");

/** `{Name, Pid, Method}` */
export function nameTerm({ name, pid, method }: GlobalName): Term {
  return t(name, pid, method);
}

/** `{Name, Pid, RegistrarNode}` */
export function externalTerm({ name, pid, registrar }: ExternalName): Term {
  return t(name, pid, registrar);
}

/** `{insert, {Name, Pid, Method}}` or `{delete, Name}` */
export function operationTerm(operation: Operation): Term {
  return operation.type === "insert"
    ? t(INSERT, nameTerm(operation.entry))
    : t(DELETE, operation.name);
}

/** `{Node, Version}` */
export function knownTerm([node, version]: KnownNode): Term {
  return t(node, version);
}
