/**
 * A full node of a distributed Erlang system, in TypeScript: what most programs need.
 *
 * The other doors hold the rest: `disterl/term` all about terms, `disterl/node` names, cookies and
 * limits, and one for each layer of the protocol.
 *
 * @module
 */
export type { ExposedCall } from "./cluster/exposed-call.ts";
export {
  type ExposedFunction,
  type ExposedModule,
  type ExposedResult,
  type FunctionWithCall,
  withCall,
} from "./cluster/exposed-functions.ts";
export { DistError } from "./errors.ts";
export { Node, type SpawnOptions } from "./node.ts";
export { NetKernelControl } from "./cluster/net-kernel-control.ts";
export type { NetKernelState } from "./cluster/net-sup.ts";
export type { ListedNode, NodesKind, NodeTableEntry } from "./cluster/node-lists.ts";
export type { ResolveFunction, ResolveMethod } from "./cluster/global/conflict.ts";
export { GlobalError, type GlobalErrorCode } from "./cluster/global/errors.ts";
export type {
  Global,
  GlobalInfo,
  GlobalLockOptions,
  GlobalRegisterOptions,
} from "./cluster/global/global.ts";
export type { LockId } from "./cluster/global/lock-table.ts";
export type { ConnectOptions } from "./node/connect-options.ts";
export { ConnectError, NodeError } from "./node/errors.ts";
export type { KeepConnectedOptions, KeptConnection } from "./node/kept-connections.ts";
export type { MonitorNodesOptions } from "./node/node-subscriptions.ts";
export type { PeerInfo } from "./node/peer-info.ts";
export type { EpmdStatus, NodeStatus, VerboseAction } from "./node/status.ts";
export type { NetTickTime, NetTickTimeChange } from "./node/tick-time.ts";
export { CallError } from "./otp/errors.ts";
export { type CallOptions, type From, type GenRequest, genRequest, reply } from "./otp/gen.ts";
export type { Destination, NamedProcess } from "./process/destination.ts";
export { ProcessError } from "./process/errors.ts";
export { ErlangError, ErlangThrow, ExitReason } from "./process/exceptions.ts";
export type { MonitorOptions } from "./process/monitor.ts";
export { currentProcess } from "./process/current-process.ts";
export type { MessageOptions, Process } from "./process/process.ts";
export type { ProcessInfo } from "./process/process-info.ts";
export type { ProcessBody } from "./process/process-options.ts";
export type { ReceiveOptions } from "./process/receivers.ts";
export type { SendOptions, SendResult } from "./signal/router.ts";
export { startNode } from "./start-node.ts";
export type {
  CarrierMaker,
  DialFrom,
  DistributionOptions,
  ListenAt,
  NodeTlsOptions,
  StartNodeOptions,
  WantedPeer,
} from "./start-options.ts";
export { type Atom, atom, atoms } from "./term/atom.ts";
export { text } from "./term/binary.ts";
export { float } from "./term/float.ts";
export { charlist, charlistToString, type List } from "./term/list.ts";
export { isMatch, match, type Matched, type Pattern } from "./term/match.ts";
export { Pid } from "./term/pid.ts";
export { Reference } from "./term/reference.ts";
export { isTaggedTuple } from "./term/tagged-tuple.ts";
export type { Term } from "./term/term.ts";
export { isTuple, type Tuple, t } from "./term/tuple.ts";
