/**
 * Processes of this node, made by `node.spawn`: their types and errors.
 *
 * @module
 */
export type { AliasOptions } from "./aliases.ts";
export { currentProcess } from "./current-process.ts";
export type { Destination, NamedProcess } from "./destination.ts";
export type { Dictionary } from "./dictionary.ts";
export { ProcessError, type ProcessErrorCode } from "./errors.ts";
export { ErlangError, ErlangThrow, ExitReason } from "./exceptions.ts";
export type { AliasMode, DemonitorOptions, MonitorOptions, MonitorTarget } from "./monitor.ts";
export type { MonitorNodeOptions } from "./node-monitors.ts";
export type { MessageOptions, Process } from "./process.ts";
export type { ProcessInfo } from "./process-info.ts";
export type { ChildOptions, ProcessBody, ProcessOptions } from "./process-options.ts";
export type { MailboxLimits } from "./process-table.ts";
export type { ReceiveOptions } from "./receivers.ts";
export type { SpawnAtOptions, SpawnRequestOptions } from "./spawn-request.ts";
export type { TimerTarget } from "./timers.ts";
export type { TraceToken } from "./trace-token.ts";
