import type { Pid } from "../../term/pid.ts";
import type { Term } from "../../term/term.ts";
import type { GlobalParts } from "./host.ts";
import type { Resolved } from "./messages.ts";
import type { ExternalName, GlobalName } from "./name-table.ts";
import { TermTable } from "./term-table.ts";

/** Under which lock a name is changed: of the process that holds it, or of its requester. */
export type ChangedBy = Pid | { readonly requester: Term | undefined };

/**
 * A name means another process from now on, unless the lock under which that was decided is lost: then
 * nobody has the name. False when there are too many names.
 */
export function insertName(
  { names, locks }: Pick<GlobalParts, "names" | "locks">,
  entry: GlobalName,
  by: ChangedBy,
  external?: ExternalName,
): boolean {
  if (!locks.covers(by)) {
    names.delete(entry.name);
    return true;
  }
  return names.insert(entry, external?.registrar);
}

/** Does here what a merge has come to. */
export function applyOperations(
  parts: Pick<GlobalParts, "names" | "locks">,
  { operations, external }: Resolved,
  by: ChangedBy,
): void {
  const externals = new TermTable<ExternalName>();
  for (const name of external) externals.set(name.name, name);
  for (const operation of operations) {
    if (operation.type !== "insert") continue;
    const { entry } = operation;
    const one = externals.get(entry.name);
    insertName(parts, entry, by, one?.pid.equals(entry.pid) === true ? one : undefined);
  }
  for (const operation of operations) {
    if (operation.type === "delete") parts.names.delete(operation.name);
  }
}
