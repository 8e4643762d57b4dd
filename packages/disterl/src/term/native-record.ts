import type { Atom } from "./atom.ts";
import type { Term } from "./term.ts";

/** A native record of OTP 29. Wire: RECORD_EXT, protocol ET-1. */
export class NativeRecord {
  readonly module: Atom | boolean;
  readonly name: Atom | boolean;
  readonly exported: boolean;
  /** Field names and values, in the order of the definition; the names differ from each other. */
  readonly fields: readonly (readonly [name: Atom | boolean, value: Term])[];

  constructor(
    module: Atom | boolean,
    name: Atom | boolean,
    exported: boolean,
    fields: readonly (readonly [name: Atom | boolean, value: Term])[],
  ) {
    this.module = module;
    this.name = name;
    this.exported = exported;
    this.fields = fields;
  }
}
