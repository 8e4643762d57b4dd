import type { Discovery, FoundNode } from "../epmd/discovery.ts";
import { EpmdError } from "../epmd/errors.ts";
import { ConnectError } from "./errors.ts";
import type { NodeName } from "./node-name.ts";

/**
 * Asks the discovery where a node is (`port_please`, `address_please`).
 * @returns the ways to it, the best first; one at least.
 * @throws ConnectError of the layer discovery; the signal's reason on abort.
 */
export async function findNode(
  { name, host, full }: NodeName,
  discovery: Discovery,
  signal: AbortSignal,
): Promise<readonly FoundNode[]> {
  let found: FoundNode | undefined;
  try {
    found = await discovery.lookup(name, host, { signal });
  } catch (error) {
    signal.throwIfAborted();
    const text = `no answer about ${full}: ${error instanceof Error ? error.message : String(error)}`;
    const code = error instanceof EpmdError ? "ERR_CONNECT_NO_EPMD" : "ERR_CONNECT_DISCOVERY";
    throw new ConnectError(code, "discovery", full, text, error);
  }
  if (found !== undefined) return [found, ...(found.alternatives ?? [])];
  const text =
    discovery.title === undefined
      ? `epmd on ${host} answers, but no node called "${name}" is registered there: ` +
        "it is not running, or not distributed, or registered with another epmd"
      : `${discovery.title} has no node ${full}`;
  throw new ConnectError("ERR_CONNECT_NOT_REGISTERED", "discovery", full, text);
}
