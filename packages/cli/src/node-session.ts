import { hostname } from "node:os";
import { ConnectError, type Node, startNode } from "disterl";
import { inet6Tcp } from "disterl/carrier";
import { type Discovery, EpmdClient, printable } from "disterl/epmd";
import { nameDomainOf, type NodeName } from "disterl/node";
import { CliFailure } from "./cli-failure.ts";
import { cliCookie } from "./cli-cookie.ts";
import type { CliIo } from "./cli-io.ts";
import type { OptionValues } from "./command.ts";
import { explainError } from "./explain-error.ts";
import { discoveryAt, givenAddress } from "./node-address.ts";
import { certifiedHost, type SessionCarrier, sessionCarrier } from "./session-carrier.ts";
import { readReachOptions, readTimeout } from "./shared-options.ts";

/** A connection to the node that a command is about. */
export interface Session {
  readonly node: Node;
  readonly target: NodeName;
  /** For every wait: the time that is left, and the user's interrupt. */
  readonly wait: () => { timeout: number; signal: AbortSignal };
}

/** More names than this are not listed when one is not found. */
const MAX_LISTED = 20;

/**
 * Connects to a node, does something there, and leaves no trace: we are hidden, do not listen, are
 * registered nowhere, and go by a name that the node gives (unless `--name` says another).
 *
 * @throws CliFailure that says which layer failed.
 */
export async function withNode<T>(
  target: NodeName,
  options: OptionValues,
  io: CliIo,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const timeoutMs = readTimeout(options);
  const address = givenAddress(options);
  const carrier = sessionCarrier(options, io);
  const cookie = cliCookie(options["cookieFile"] as string | undefined, io);
  const nameDomain = nameDomainOf(target.host);
  const discovery =
    address === undefined ? epmdClient(options, carrier, io) : discoveryAt(target.full, address);
  await using node = await startNode({
    ...carrier,
    name: ownName((options["name"] as string | undefined) ?? "undefined", nameDomain, carrier),
    nameDomain,
    listen: false,
    cookie,
    discovery,
    onWarning: (message) => io.stderr(`disterl: warning: ${printable(message)}\n`),
    // What a function prints over there is talk; what it returns is the data.
    output: (text) => io.stderr(printable(text, "\n\t")),
  });
  const deadline = performance.now() + timeoutMs;
  const wait = () => ({
    timeout: Math.max(1, Math.ceil(deadline - performance.now())),
    signal: io.signal,
  });
  try {
    await node.connect(target.full, wait());
    return await use({ node, target, wait });
  } catch (error) {
    if (io.signal.aborted) throw error;
    throw await withListing(error, target, discovery);
  }
}

function epmdClient(options: OptionValues, carrier: SessionCarrier, io: CliIo): EpmdClient {
  const { timeoutMs, epmdPort } = readReachOptions(options, io);
  return new EpmdClient({
    port: epmdPort,
    lookupTimeoutMs: timeoutMs,
    resolve: io.resolve,
    family: isIpv6(carrier) ? 6 : 0,
  });
}

/** The full name: of the host in our certificate; else a long name needs a host with a dot, any will do. */
function ownName(
  name: string,
  domain: "shortnames" | "longnames",
  carrier: SessionCarrier,
): string {
  if (name.includes("@")) return name;
  const certified = certifiedHost(carrier, (host) => domain === "longnames" || !host.includes("."));
  if (certified !== undefined) return `${name}@${certified}`;
  if (domain === "shortnames") return name;
  const host = hostname();
  return `${name}@${/^[\w-]+(?:\.[\w-]+)+$/.test(host) ? host : "disterl.local"}`;
}

function isIpv6({ tls, carrier }: SessionCarrier): boolean {
  return tls?.family === "inet6" || carrier === inet6Tcp;
}

/** A node that is not registered: who is? */
async function withListing(error: unknown, target: NodeName, epmd: Discovery): Promise<unknown> {
  const failure = explainError(error);
  const isMissing =
    failure?.cause instanceof ConnectError && failure.cause.code === "ERR_CONNECT_NOT_REGISTERED";
  if (failure === undefined || !isMissing) return error;
  let note = "";
  let registered: string[] = [];
  try {
    const nodes = await epmd.names(target.host);
    registered = nodes.map(({ name }) => name).sort();
    const listed = registered
      .slice(0, MAX_LISTED)
      .map((name) => `${printable(name)}@${target.host}`);
    const more =
      registered.length > MAX_LISTED ? ` and ${registered.length - MAX_LISTED} more` : "";
    note =
      registered.length === 0
        ? `no node is registered at the epmd of ${target.host}`
        : `registered there: ${listed.join(", ")}${more}`;
  } catch {
    // The listing is an extra; the failure stands without it.
    return failure;
  }
  return new CliFailure(failure.exitCode, failure.layer, failure.code, failure.message, {
    ...failure.details,
    notes: [note],
    facts: { registered },
  });
}
