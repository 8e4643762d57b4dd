import type { Atom } from "./atom.ts";
import type { Pid } from "./pid.ts";
import type { Term } from "./term.ts";

/** `fun Module:Name/Arity`: a function known by name. Wire: EXPORT_EXT. */
export class ExternalFun {
  /** The module that exports it. */
  readonly module: Atom | boolean;
  /** The name of the function. */
  readonly name: Atom | boolean;
  /** 0 to 255. */
  readonly arity: number;

  constructor(module: Atom | boolean, name: Atom | boolean, arity: number) {
    this.module = module;
    this.name = name;
    this.arity = arity;
  }
}

/** What NEW_FUN_EXT carries, field by field. */
export interface OpaqueFunFields {
  readonly module: Atom | boolean;
  /** 0 to 255. */
  readonly arity: number;
  /** 16 bytes: MD5 of the module's code. */
  readonly uniq: Uint8Array;
  readonly index: number;
  readonly oldIndex: number | bigint;
  readonly oldUniq: number | bigint;
  /** Its creator; anonymised by OTP 27 and later. */
  readonly pid: Pid;
  readonly freeVariables: readonly Term[];
}

/**
 * A fun made on another node. Its code is there: we cannot call it, but hand it back unchanged.
 * Wire: NEW_FUN_EXT.
 */
export class OpaqueFun implements OpaqueFunFields {
  readonly module: Atom | boolean;
  readonly arity: number;
  readonly uniq: Uint8Array;
  readonly index: number;
  readonly oldIndex: number | bigint;
  readonly oldUniq: number | bigint;
  readonly pid: Pid;
  readonly freeVariables: readonly Term[];

  constructor(fields: OpaqueFunFields) {
    this.module = fields.module;
    this.arity = fields.arity;
    this.uniq = fields.uniq;
    this.index = fields.index;
    this.oldIndex = fields.oldIndex;
    this.oldUniq = fields.oldUniq;
    this.pid = fields.pid;
    this.freeVariables = fields.freeVariables;
  }
}
