/**
 * Processes of this node, made by `node.spawn`: their types and errors.
 *
 * @module
 */
export { ProcessError, type ProcessErrorCode } from "./errors.ts";
export { ErlangError, ErlangThrow, ExitReason } from "./exceptions.ts";
export type { Destination, NamedProcess } from "./destination.ts";
export type { Process, ProcessOptions } from "./process.ts";
export type { MailboxLimits } from "./process-table.ts";
export type { ReceiveOptions } from "./receivers.ts";
