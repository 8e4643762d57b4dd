import type { Atom } from "./atom.ts";
import type { Binary } from "./binary.ts";
import type { BitString } from "./bitstring.ts";
import type { Float } from "./float.ts";
import type { ExternalFun, OpaqueFun } from "./fun.ts";
import type { ImproperList, List } from "./list.ts";
import type { LocalTerm } from "./local-term.ts";
import type { NativeRecord } from "./native-record.ts";
import type { Pid } from "./pid.ts";
import type { Port } from "./port.ts";
import type { Reference } from "./reference.ts";
import type { TermMap } from "./term-map.ts";
import type { AnyTuple } from "./tuple.ts";

/**
 * Any Erlang value, as a JavaScript value. What the decoder gives is encoded as the same term.
 *
 * | Erlang            | JavaScript                                                              |
 * |-------------------|-------------------------------------------------------------------------|
 * | atom              | {@link Atom}; `true` and `false` are booleans                             |
 * | integer           | `number` while safe, `bigint` above                                     |
 * | float             | `number` with a fraction, {@link Float} without one (`1.0`, `-0.0`)       |
 * | binary            | `Uint8Array` ({@link Binary} when asked for); a `string` is sent as UTF-8 |
 * | bit string        | {@link BitString}                                                         |
 * | list              | array; {@link ImproperList}                                               |
 * | tuple             | {@link Tuple}                                                             |
 * | map               | {@link TermMap}                                                           |
 * | pid, port, ref    | {@link Pid}, {@link Port}, {@link Reference}                                |
 * | fun               | {@link ExternalFun}, {@link OpaqueFun}                                      |
 * | native record     | {@link NativeRecord}                                                      |
 * | local format      | {@link LocalTerm}                                                         |
 *
 * A `string` goes out (as a binary) but never comes in. `null` and `undefined` are no terms: Erlang
 * has the atoms `nil`, `null` and `undefined` for three different things.
 */
export type Term =
  | Atom
  | boolean
  | number
  | bigint
  | Float
  | string
  | Uint8Array
  | Binary
  | BitString
  | List
  | ImproperList
  | AnyTuple
  | TermMap
  | Pid
  | Port
  | Reference
  | ExternalFun
  | OpaqueFun
  | NativeRecord
  | LocalTerm;
