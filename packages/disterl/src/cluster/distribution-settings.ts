import type { Carrier, SocketOptions } from "../carrier/carrier.ts";
import { type Discovery, discoveryFault } from "../epmd/discovery.ts";
import type { SessionOptions } from "../node/session.ts";
import {
  completeNodeName,
  DYNAMIC_NAME,
  type NameDomain,
  nameDomainOf,
  type NodeName,
} from "../node/node-name.ts";
import { defaultFlags } from "../wire/flags.ts";
import { carriersOf } from "./carrier-settings.ts";
import type { DistributionOptions, ListenAt } from "./distribution-options.ts";
import { checkConnect, checkEpmd, checkListen } from "./listen-settings.ts";

/** Options that were looked at, with their defaults: what one start of distribution goes by. */
export interface DistributionSettings {
  readonly name: NodeName;
  /** The first node that is connected to gives the name. */
  readonly isDynamic: boolean;
  readonly nameDomain: NameDomain;
  readonly flags: bigint;
  /** Undefined: it does not listen. */
  readonly listen: ListenAt | undefined;
  /** Of the sockets that are dialled with. */
  readonly dialSocket: SocketOptions | undefined;
  /** One at least. */
  readonly carriers: readonly Carrier[];
  /** The program's. It is closed when the node ends, not when distribution is stopped. */
  readonly discovery: Discovery | undefined;
  readonly epmd: DistributionOptions["epmd"];
  readonly setupTimeMs: number;
  /** Seconds. */
  readonly tickTime: number;
  readonly tickIntensity: number;
  /** Undefined: the event loop ticks alone. */
  readonly stallTimeMs: number | undefined;
  readonly autoConnect: SessionOptions["autoConnect"];
}

/**
 * `warn` is told of insecure TLS.
 * @throws NodeNameError; CarrierError for unusable certificates; TypeError when an option is out of its
 *   range.
 */
export function distributionSettings(
  given: string | undefined,
  options: DistributionOptions,
  warn: (message: string, code: string) => void,
): DistributionSettings {
  checkKinds(options);
  const { name, domain } = ownName(given ?? DYNAMIC_NAME, options.nameDomain);
  const isDynamic = name.name === DYNAMIC_NAME;
  const listens = options.listen !== false && !isDynamic;
  if (options.listen !== false) checkListen(options.listen ?? {});
  const carriers = carriersOf(options, warn);
  checkConnect(options.connect ?? {}, carriers);
  return {
    name,
    isDynamic,
    nameDomain: domain,
    flags: defaultFlags({ hidden: (options.hidden ?? true) || !listens }),
    listen: listens ? { ...options.listen } : undefined,
    dialSocket: options.connect?.socket,
    carriers,
    discovery: options.discovery,
    epmd: options.epmd,
    setupTimeMs: 1000 * inRange("netSetupTime", options.netSetupTime ?? 7, 1, 120),
    tickTime: inRange("netTickTime", options.netTickTime ?? 60, 1, 1e6),
    tickIntensity: inRange("netTickIntensity", options.netTickIntensity ?? 4, 4, 1000),
    stallTimeMs: stallTimeMs(options),
    autoConnect: autoConnect(options),
  };
}

/**
 * What is given over the defaults; what is undefined is not given. A carrier takes the place of TLS, and TLS
 * that of a carrier; so do a discovery and the port of all nodes.
 */
export function overDefaults(
  defaults: DistributionOptions,
  options: DistributionOptions,
): DistributionOptions {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  if (options.carrier !== undefined && options.tls === undefined) given["tls"] = undefined;
  if (options.tls !== undefined && options.carrier === undefined) given["carrier"] = undefined;
  if (options.discovery !== undefined && options.epmd === undefined) {
    given["epmd"] = { ...defaults.epmd, nodePort: undefined };
  }
  if (options.epmd?.nodePort !== undefined && options.discovery === undefined) {
    given["discovery"] = undefined;
  }
  return { ...defaults, ...given };
}

/** Of what a program in JavaScript may get wrong. @throws TypeError */
function checkKinds({ hidden, nameDomain, discovery, epmd }: DistributionOptions): void {
  if (hidden !== undefined && typeof hidden !== "boolean") {
    throw new TypeError(`hidden is true or false, not ${typeof hidden}`);
  }
  const domain: unknown = nameDomain;
  if (domain !== undefined && domain !== "shortnames" && domain !== "longnames") {
    throw new TypeError(`nameDomain is "shortnames" or "longnames", not ${JSON.stringify(domain)}`);
  }
  const fault = discovery === undefined ? undefined : discoveryFault(discovery);
  if (fault !== undefined) throw new TypeError(`discovery is no discovery: ${fault}`);
  checkEpmd(epmd ?? {});
  if (epmd?.nodePort !== undefined && discovery !== undefined) {
    throw new TypeError(
      "epmd.nodePort and discovery are given, and each says how nodes are found: choose one",
    );
  }
}

/** A dynamic name keeps its host: the peer puts it behind the name it gives. */
function ownName(
  given: string,
  nameDomain: NameDomain | undefined,
): { name: NodeName; domain: NameDomain } {
  const at = given.indexOf("@");
  const host = at === -1 ? "" : given.slice(at + 1);
  const domain = nameDomain ?? (host === "" ? "shortnames" : nameDomainOf(host));
  return { name: completeNodeName(given, domain), domain };
}

function stallTimeMs(options: DistributionOptions): number | undefined {
  const { ticks = "event_loop", netTickTime = 60, stallTime = 10 * netTickTime } = options;
  if (ticks !== "event_loop" && ticks !== "worker") {
    throw new TypeError(`ticks is "event_loop" or "worker" or left out, not "${String(ticks)}"`);
  }
  const milliseconds = 1000 * inRange("stallTime", stallTime, 1, 1e9);
  return ticks === "worker" ? milliseconds : undefined;
}

function autoConnect({ distAutoConnect }: DistributionOptions): SessionOptions["autoConnect"] {
  const given: string | undefined = distAutoConnect;
  if (given !== undefined && given !== "never" && given !== "once") {
    throw new TypeError(`distAutoConnect is "never" or "once" or left out, not "${given}"`);
  }
  return distAutoConnect ?? "always";
}

/** @throws TypeError @internal */
export function inRange(name: string, value: number, least: number, most: number): number {
  if (typeof value !== "number" || !(value >= least && value <= most)) {
    throw new TypeError(`${name} is a number from ${least} to ${most}, not ${String(value)}`);
  }
  return value;
}
