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
