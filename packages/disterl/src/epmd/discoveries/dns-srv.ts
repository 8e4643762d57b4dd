import { Resolver } from "node:dns/promises";
import { type Clock, systemClock } from "../../carrier/clock.ts";
import { DIST_VERSION_LOW } from "../codes.ts";
import { withDeadline } from "../deadline.ts";
import { type Discovery, type FoundNode, type LookupOptions, UNREGISTERED } from "../discovery.ts";
import { DiscoveryError } from "../errors.ts";
import { isHost } from "./node-places.ts";

/** A record of the type SRV (RFC 2782), as `node:dns` gives it. */
export interface SrvRecord {
  /** The host that has the service. */
  readonly name: string;
  /** The port of the service, there. */
  readonly port: number;
  /** Lower ones are dialled first. */
  readonly priority: number;
  /** Of equal priority the greater is the more likely to be first. */
  readonly weight: number;
}

/** Asks for the records of a name, such as `dns.promises.resolveSrv`. */
export type ResolveSrv = (name: string, signal: AbortSignal) => Promise<readonly SrvRecord[]>;

/** Options of {@link dnsSrv}. */
export interface DnsSrvOptions {
  /**
   * What is asked for; `{name}` and `{host}` stand for the parts of the node's name. Default
   * `_{name}._tcp.{host}`. With one node a host, `_erlang._tcp.{host}` does.
   */
  readonly query?: string | undefined;
  /** Name servers to ask, `10.0.0.2` or `10.0.0.2:5353`. Default: the system's. */
  readonly servers?: readonly string[] | undefined;
  /** How many milliseconds a look-up may take, up to 120,000. Default 5000. */
  readonly timeoutMs?: number | undefined;
  /** In place of asking name servers. */
  readonly resolve?: ResolveSrv | undefined;
  /** Numbers from 0 to 1, to choose by weight. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Time, for tests. */
  readonly clock?: Clock | undefined;
}

const DEFAULT_QUERY = "_{name}._tcp.{host}";

const OTHERS: Readonly<Record<Exclude<keyof DnsSrvOptions, "query" | "timeoutMs">, true>> = {
  servers: true,
  resolve: true,
  random: true,
  clock: true,
};

/** More ways to one node nobody has. */
const MAX_RECORDS = 16;

/**
 * Nodes that the DNS knows, by SRV records:
 *
 *     _shop._tcp.db2.example.org. 300 IN SRV 0 0 5211 db2.example.org.
 *
 * Of several records those of the lowest priority are dialled first, those of equal priority in an order
 * that chance and weight make; the next is tried when one does not answer. Nobody is told of this node:
 * its own record is the administrator's business, and so is the port it listens on. `names` knows none.
 * A look-up rejects with a DiscoveryError `ERR_DISCOVERY_DNS` when there is no answer; a name that does
 * not exist, or has no such records, is no such node.
 *
 * @throws TypeError
 */
export function dnsSrv(options: DnsSrvOptions = {}): Discovery {
  const { query = DEFAULT_QUERY, timeoutMs = 5000, clock = systemClock } = options;
  const { servers, random = Math.random } = options;
  checkOptions(options);
  const resolve = options.resolve ?? askingServers(servers, timeoutMs);
  const lookup = async (
    name: string,
    host: string,
    { signal }: LookupOptions = {},
  ): Promise<FoundNode | undefined> => {
    const asked = query.replaceAll("{name}", () => name).replaceAll("{host}", () => host);
    const late = (): Error => dnsError(asked, `no answer within ${timeoutMs} ms`);
    const records = await withDeadline(clock, timeoutMs, signal, late, async (inner) => {
      try {
        return await resolve(asked, inner);
      } catch (cause) {
        inner.throwIfAborted();
        return whyNot(asked, cause);
      }
    });
    const ways = inOrder(usable(records, asked), random).map(wayOf);
    const [first, ...alternatives] = ways;
    return first === undefined ? undefined : { ...first, alternatives };
  };
  return {
    title: `the DNS (SRV ${query})`,
    register: () => Promise.resolve(UNREGISTERED),
    lookup,
    names: () => Promise.resolve([]),
  };
}

function checkOptions({
  query = DEFAULT_QUERY,
  timeoutMs = 5000,
  ...options
}: DnsSrvOptions): void {
  if (!/^[^\s{}]*(?:\{(?:name|host)\}[^\s{}]*)+$/u.test(query)) {
    throw new TypeError(`dnsSrv: the query "${query}" holds {name} or {host}, and no other braces`);
  }
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0 && timeoutMs <= 120_000)) {
    throw new TypeError(`dnsSrv: timeoutMs is a number up to 120000, not ${String(timeoutMs)}`);
  }
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(OTHERS, name)) throw new TypeError(`dnsSrv has no option "${name}"`);
  }
  if (options.servers?.length === 0) {
    throw new TypeError("dnsSrv: servers is an empty list; without it the system's are asked");
  }
  if (options.servers !== undefined && options.resolve !== undefined) {
    throw new TypeError("dnsSrv: servers and resolve are given, and only one of them is asked");
  }
}

function wayOf({ name, port }: SrvRecord): FoundNode {
  return { port, address: name, version: DIST_VERSION_LOW };
}

/** @throws TypeError for what is no name server. */
function askingServers(servers: readonly string[] | undefined, timeoutMs: number): ResolveSrv {
  const resolver = (): Resolver => {
    // Its own limits are behind ours: it is asked twice at most.
    const made = new Resolver({ timeout: Math.ceil(timeoutMs / 2), tries: 2 });
    if (servers !== undefined) made.setServers(servers);
    return made;
  };
  resolver();
  return async (name, signal) => {
    const asking = resolver();
    const cancel = (): void => asking.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      return await asking.resolveSrv(name);
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  };
}

/** No such name, or none of its records are of this type: no such node. */
function whyNot(query: string, cause: unknown): readonly SrvRecord[] {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOTFOUND" || code === "ENODATA") return [];
  const why = typeof code === "string" ? code : String(cause);
  throw dnsError(query, `no answer (${why}); check the name servers`, cause);
}

function dnsError(query: string, what: string, cause?: unknown): DiscoveryError {
  return new DiscoveryError(
    "ERR_DISCOVERY_DNS",
    `DNS: SRV ${query}: ${what}`,
    { query },
    { cause },
  );
}

/** Without what says that there is no service (the target "."). */
function usable(records: readonly SrvRecord[], query: string): SrvRecord[] {
  const found = records.filter(({ name }) => name !== "" && name !== ".");
  if (found.length > MAX_RECORDS) {
    throw dnsError(query, `${found.length} records; no more than ${MAX_RECORDS} are dialled`);
  }
  for (const { name, port } of found) {
    if (isHost(name) && Number.isInteger(port) && port >= 1 && port <= 0xffff) continue;
    throw dnsError(query, `a record has no host and port: ${JSON.stringify({ name, port })}`);
  }
  return found;
}

/** RFC 2782: by priority; of equal ones each is drawn with the chance of its weight. */
function inOrder(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const left = records.toSorted((a, b) => a.priority - b.priority || a.weight - b.weight);
  const ordered: SrvRecord[] = [];
  while (left.length > 0) {
    const same = left.filter(({ priority }) => priority === left[0]?.priority);
    let draw = random() * same.reduce((sum, { weight }) => sum + weight, 0);
    const drawn = same.find(({ weight }) => (draw -= weight) <= 0) ?? same[0];
    if (drawn === undefined) break;
    ordered.push(drawn);
    left.splice(left.indexOf(drawn), 1);
  }
  return ordered;
}
