/**
 * The Erlang port mapper: its protocol, a client, a server, and the seam through which a node finds
 * others.
 *
 * @module
 */
export { EpmdClient, type EpmdFoundNode } from "./client.ts";
export type { EpmdClientEvent, EpmdClientOptions } from "./client-options.ts";
export { EPMD_PORT, NODE_HIDDEN, NODE_NORMAL } from "./codes.ts";
export type { ResolveHost } from "./dial.ts";
export {
  type Discovery,
  type FoundNode,
  fixedPort,
  type LookupOptions,
  noDiscovery,
  type RegisterOptions,
  type Registration,
} from "./discovery.ts";
export {
  type DnsSrvOptions,
  dnsSrv,
  type ResolveSrv,
  type SrvRecord,
} from "./discoveries/dns-srv.ts";
export { type EnsureEpmdOptions, ensureEpmd } from "./ensure-epmd.ts";
export {
  distVersions,
  type Environment,
  epmdAddresses,
  epmdPort,
  epmdRelaxed,
} from "./environment.ts";
export {
  DiscoveryError,
  type DiscoveryErrorCode,
  type DiscoveryErrorFacts,
  EpmdError,
  type EpmdErrorCode,
  type EpmdErrorFacts,
} from "./errors.ts";
export { fileDiscovery } from "./discoveries/file-discovery.ts";
export { splitAddresses } from "./listen-addresses.ts";
export { bestVersion, type NodeInfo, nodeInfo } from "./node-info.ts";
export type { NodePlace } from "./discoveries/node-places.ts";
export * from "./packets.ts";
export { printable } from "./printable.ts";
export {
  type LiveNode,
  Registry,
  type RegistryAnswer,
  type RegistryOptions,
  type ReleasedName,
} from "./registry.ts";
export { type EpmdServer, startEpmdServer } from "./server.ts";
export type { EpmdEvent } from "./server-event.ts";
export {
  DEFAULT_EPMD_LIMITS,
  type EpmdServerLimits,
  type EpmdServerOptions,
} from "./server-options.ts";
export { staticMap } from "./discoveries/static-map.ts";
