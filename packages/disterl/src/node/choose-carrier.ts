import type { Carrier } from "../carrier/carrier.ts";
import type { Discovery, FoundNode } from "../epmd/discovery.ts";
import { ConnectError } from "./errors.ts";
import { findNode } from "./find-node.ts";
import type { NodeName } from "./node-name.ts";

/** One way to a node: what to dial on, and where. */
export interface Way {
  readonly carrier: Carrier;
  readonly host: string;
  readonly port: number;
}

/**
 * The ways to a node, the best first: over the first carrier that reaches it, or the one that the
 * discovery names. A discovery is asked only for carriers that do not find nodes themselves; of the ways
 * that it knows those on carriers that are not here are left out.
 *
 * A carrier that is the only one is not asked whether it reaches the node: what it says when it is
 * dialled on is the better answer.
 *
 * @throws ConnectError of the layer discovery, or carrier; the signal's reason on abort.
 */
export async function waysTo(
  name: NodeName,
  carriers: readonly Carrier[],
  discovery: Discovery,
  signal: AbortSignal,
): Promise<readonly Way[]> {
  const able =
    carriers.length === 1
      ? carriers
      : carriers.filter((carrier) => carrier.reaches?.(name.full) ?? true);
  const [first] = able;
  if (first === undefined) {
    throw noCarrier(name, `none of its carriers reaches that node (${namesOf(carriers)})`);
  }
  if (first.findsNodes === true) return [{ carrier: first, host: name.host, port: 0 }];
  const found = await findNode(name, discovery, signal);
  const ways = found.flatMap((way) => {
    const { address: host = name.host, port } = way;
    const carrier = carrierOf(way, first, carriers);
    return carrier === undefined ? [] : [{ carrier, host, port }];
  });
  if (ways.length > 0) return ways;
  const wanted = [...new Set(found.map(({ carrier }) => carrier))].join(" or ");
  const text = `it is to be dialled on ${wanted}, says the discovery, and here is ${namesOf(carriers)}`;
  throw noCarrier(name, text);
}

/** The carrier that the discovery names, whatever its `reaches` says, or the first that is able. */
function carrierOf(
  { carrier: wanted }: FoundNode,
  first: Carrier,
  carriers: readonly Carrier[],
): Carrier | undefined {
  return wanted === undefined ? first : carriers.find((one) => one.name === wanted);
}

function namesOf(carriers: readonly Carrier[]): string {
  return carriers.map(({ name }) => name).join(", ");
}

function noCarrier({ full }: NodeName, why: string): ConnectError {
  return new ConnectError("ERR_CONNECT_CARRIER", "carrier", full, `cannot reach ${full}: ${why}`);
}
