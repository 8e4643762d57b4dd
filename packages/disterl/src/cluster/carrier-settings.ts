import type { Carrier } from "../carrier/carrier.ts";
import { carrierFault } from "../carrier/carrier-fault.ts";
import { inetTcp } from "../carrier/tcp.ts";
import { inet6Tls, inetTls } from "../carrier/tls/tls.ts";
import { checkTlsObject } from "../carrier/tls/tls-options.ts";
import { NodeError } from "../node/errors.ts";
import type { DistributionOptions } from "./distribution-options.ts";

/** Why a node that has no carrier is not distributed. @internal */
export const NO_CARRIER =
  'this node is not distributed and cannot be made so: its carrier is "none" (-proto_dist none)';

/**
 * The carriers of a node, in the order in which they are tried; those that are to be made are made.
 * `warn` is told of insecure TLS.
 * @throws CarrierError for unusable certificates; NodeError `ERR_DISTRIBUTION_NONE`; TypeError.
 * @internal
 */
export function carriersOf(
  { carrier, tls, listen }: DistributionOptions,
  warn: (message: string, code: string) => void,
): readonly Carrier[] {
  if (carrier === "none") throw new NodeError("ERR_DISTRIBUTION_NONE", NO_CARRIER);
  checkCarrier(carrier);
  if (tls !== undefined) {
    if (carrier === undefined) return [tlsCarrier(tls, warn)];
    throw new TypeError("carrier and tls are given: put inetTls(…) into the list of carriers");
  }
  const given = isList(carrier) ? carrier : [carrier ?? inetTcp];
  const carriers = given.map((one) => checked(typeof one === "function" ? one(warn) : one));
  if (carriers.length === 0) {
    throw new TypeError('carrier is an empty list: give carriers, or "none" for no distribution');
  }
  const twice = carriers.find((one, index) => carriers.findIndex(sameName(one)) !== index);
  if (twice !== undefined) throw new TypeError(`two carriers are called ${twice.name}`);
  if (listen !== false) checkPorts(carriers, listen ?? {});
  return carriers;
}

type List = Extract<DistributionOptions["carrier"], readonly unknown[]>;

function isList(carrier: DistributionOptions["carrier"]): carrier is List {
  return Array.isArray(carrier);
}

/** Of what a program in JavaScript may get wrong. */
function checkCarrier(carrier: unknown): void {
  if (carrier === undefined || typeof carrier === "function") return;
  if (typeof carrier === "object" && carrier !== null) return;
  const remedy =
    typeof carrier === "string" && carrier.endsWith("tls")
      ? "TLS is tls: { certfile, keyfile, cacertfile }"
      : "TCP over IPv4 is the one without the option";
  throw new TypeError(
    "carrier is one such as inetTcp of disterl/carrier, a function that makes one, a list of those, or " +
      `"none", not ${JSON.stringify(carrier) ?? typeof carrier}; ${remedy}`,
  );
}

function checked(carrier: Carrier): Carrier {
  const fault = carrierFault(carrier);
  if (fault === undefined) return carrier;
  throw new TypeError(`carrier holds something that is no carrier: ${fault}`);
}

function sameName({ name }: Carrier): (other: Carrier) => boolean {
  return (other) => other.name === name;
}

function tlsCarrier(
  tls: NonNullable<DistributionOptions["tls"]>,
  warn: (message: string, code: string) => void,
): Carrier {
  checkTlsObject("tls", tls);
  const { family = "inet", ...options } = tls;
  if (family !== "inet" && family !== "inet6") {
    throw new TypeError(`tls.family is "inet" or "inet6", not "${String(family)}"`);
  }
  return (family === "inet" ? inetTls : inet6Tls)({ onWarning: warn, ...options });
}

/** Of a range every carrier of a family gets a port of its own. */
function checkPorts(
  carriers: readonly Carrier[],
  { port = 0, lastPort = port }: Exclude<DistributionOptions["listen"], false | undefined>,
): void {
  if (port === 0) return;
  for (const isIpv6 of [false, true]) {
    const sharing = carriers.filter(
      ({ name, findsNodes }) => findsNodes !== true && name.startsWith("inet6_") === isIpv6,
    );
    const ports = lastPort - port + 1;
    if (sharing.length <= ports) continue;
    const names = sharing.map(({ name }) => name).join(", ");
    throw new TypeError(
      `listen.port ${port}${ports > 1 ? ` to ${lastPort}` : ""} is too little for ${names}, which ` +
        `take one port each: listen.lastPort is at least ${port + sharing.length - 1}`,
    );
  }
}

/**
 * What cannot be asked of a node that is never distributed.
 * @throws TypeError @internal
 */
export function checkNone(
  options: DistributionOptions & {
    readonly name?: string | undefined;
    readonly distribution?: boolean | undefined;
    readonly peers?: readonly unknown[] | undefined;
  },
): void {
  const { name, distribution, peers = [], tls } = options;
  const asked =
    name !== undefined
      ? `name "${name}"`
      : distribution === true
        ? "distribution"
        : peers.length > 0
          ? "peers"
          : tls !== undefined
            ? "tls"
            : undefined;
  if (asked === undefined) return;
  throw new TypeError(`carrier is "none", a node that is never distributed, and ${asked} is given`);
}
