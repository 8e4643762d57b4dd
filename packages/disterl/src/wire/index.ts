/**
 * What connected nodes say to each other, without any I/O: bytes in and signals out, signals in and
 * bytes out, and the flags that decide which messages there are.
 *
 * @module
 */
export { ByteSink } from "../bytes/byte-sink.ts";
export type * from "../signal/signal.ts";
export type { FieldKind, SignalType } from "./control-fields.ts";
export { type ControlMessage, controlMessages } from "./control-message.ts";
export { WireError, type WireErrorCode, type WireErrorFacts } from "./errors.ts";
export {
  agreedFlags,
  type DistFlag,
  defaultFlags,
  distFlags,
  expandMandatory25Digest,
  flagNames,
  KNOWN_FLAGS,
  MANDATORY_25,
  MANDATORY_26,
  type MissingFlag,
  missingFlags,
} from "./flags.ts";
export type { Fragments } from "./fragment-cutter.ts";
export type { WireLimits } from "./limits.ts";
export { MessageReader, type MessageReaderOptions, type ReadCounts } from "./message-reader.ts";
export { MessageWriter, type MessageWriterOptions } from "./message-writer.ts";
