/**
 * Calls as `gen_server` makes and answers them, in the name of a process of your own; `node.call` and
 * `node.cast` make them in the name of the node.
 *
 * @module
 */
export { CallError, type CallErrorCode } from "./errors.ts";
export {
  type CallOptions,
  call,
  cast,
  DEFAULT_CALL_TIMEOUT,
  type From,
  type GenRequest,
  genRequest,
  reply,
} from "./gen.ts";
