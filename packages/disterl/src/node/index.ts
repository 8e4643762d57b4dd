/**
 * What a node is made with and tells: names, cookies and their files, limits, and its errors.
 *
 * @module
 */
export type { ConnectionStats, ConnectionTotals } from "../connection/connection-stats.ts";
export type { NodedownReason } from "../connection/errors.ts";
export { Cookie } from "../handshake/cookie.ts";
export { CookieError, type CookieErrorCode } from "./cookie-error.ts";
export {
  type CookieFile,
  type CookieWarning,
  type CookieWarningCode,
  type ReadCookieOptions,
  readCookieFile,
} from "./cookie-file.ts";
export {
  ConnectError,
  type ConnectErrorCode,
  type ConnectLayer,
  NodeError,
  type NodeErrorCode,
} from "./errors.ts";
export { type FindCookieOptions, findCookie } from "./find-cookie.ts";
export type { HostNames } from "./host-names.ts";
export { DEFAULT_NODE_LIMITS, type NodeLimits } from "./limits.ts";
export {
  completeNodeName,
  type NameDomain,
  nameDomainOf,
  type NodeName,
  NodeNameError,
  type NodeNameErrorCode,
  parseNodeName,
} from "./node-name.ts";
export type {
  PeerOperation,
  PeerRequest,
  PolicyFunction,
  PolicyOptions,
  PolicyRule,
} from "./policy.ts";
export type { RefusalCause } from "./refusals.ts";
export type { NodeStatus } from "./status.ts";
