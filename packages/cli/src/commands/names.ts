import { EpmdClient, printable } from "disterl/epmd";
import type { CliIo } from "../cli-io.ts";
import type { Command, OptionValues, Result } from "../command.ts";
import { readReachOptions, reachOptions } from "../shared-options.ts";
import { targetHost } from "../target-node.ts";
import { plainJson } from "../term-json.ts";

/** Lists the nodes that a host's epmd knows: `net_adm:names/1`, `epmd -names`. */
export const names: Command = {
  name: "names",
  summary: "list the nodes that are registered on a host",
  description: `Asks the epmd of a host which nodes it knows. Needs no cookie.

Examples:
  disterl names
  disterl names app-1.example.org --json`,
  operands: [{ name: "host", description: "the host to ask (default: localhost)", optional: true }],
  options: reachOptions,
  run: listNames,
};

async function listNames(
  [given]: readonly string[],
  options: OptionValues,
  io: CliIo,
): Promise<Result> {
  const host = given === undefined ? "localhost" : targetHost(given);
  const { timeoutMs, epmdPort } = readReachOptions(options, io);
  await using client = new EpmdClient({
    port: epmdPort,
    lookupTimeoutMs: timeoutMs,
    resolve: io.resolve,
  });
  const listed = await client.names(host, { signal: io.signal });
  const nodes = listed
    .map(({ name, port }) => ({ name, port }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    text:
      nodes.length === 0
        ? ""
        : table(nodes.map(({ name, port }) => [printable(name), String(port)])),
    json: () => [plainJson({ host, epmdPort, nodes })],
  };
}

/** Two columns: names are easy to cut out by a shell. */
function table(rows: readonly (readonly [string, string])[]): string {
  const width = rows.reduce((most, [name]) => Math.max(most, name.length), 0);
  return rows.map(([name, port]) => `${name.padEnd(width)}  ${port}\n`).join("");
}
