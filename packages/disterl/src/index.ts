/**
 * A full node of a distributed Erlang system, in TypeScript.
 *
 * @module
 */
export { DistError } from "./errors.ts";
export { Node, type NodesKind, type PeerInfo, type SpawnOptions } from "./node.ts";
export { ConnectError, NodeError } from "./node/errors.ts";
export type { NodeStatus } from "./node/status.ts";
export { CallError } from "./otp/errors.ts";
export { type From, genRequest, reply } from "./otp/gen.ts";
export { ExitReason } from "./process/exit-reason.ts";
export type { Process } from "./process/process.ts";
export { startNode } from "./start-node.ts";
export type { StartNodeOptions } from "./start-options.ts";
export { type Atom, atom, atoms } from "./term/atom.ts";
export { text } from "./term/binary.ts";
export { float } from "./term/float.ts";
export { charlist, charlistToString } from "./term/list.ts";
export type { Term } from "./term/term.ts";
export { type Tuple, t } from "./term/tuple.ts";
export { CookieError } from "./node/cookie-error.ts";
export type { CookieFile } from "./node/cookie-file.ts";
export { readCookieFile } from "./node/cookie-file.ts";
export { findCookie } from "./node/find-cookie.ts";
export { nameDomainOf, type NodeName, NodeNameError, parseNodeName } from "./node/node-name.ts";
