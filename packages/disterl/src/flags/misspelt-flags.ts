import type { ErlFlags } from "./erl-flags.ts";

/** Flags that say who may reach a node, and how. */
const FLAGS = [
  ...["proto_dist", "ssl_dist_optfile", "ssl_dist_opt", "ssl_dist_name_binding", "dist_listen"],
  ...[
    "start_epmd",
    "erl_epmd_port",
    "epmd_module",
    "no_epmd",
    "hidden",
    "setcookie",
    "connect_all",
  ],
];

/** Kernel parameters that do. */
const PARAMETERS = [
  ...["inet_dist_use_interface", "inet_dist_listen_min", "inet_dist_listen_max"],
  ...["inet_dist_listen_options", "inet_dist_connect_options", "erl_epmd_node_listen_port"],
  ...["epmd_module", "check_ip", "dist_nodelay", "net_ticktime", "net_setuptime"],
  ...["disterl_nodes", "disterl_nodes_file", "disterl_srv_query", "disterl_srv_servers"],
  ...["dist_auto_connect", "connect_all", "start_distribution", "prevent_overlapping_partitions"],
];

/** How many letters may be wrong. */
const MOST_WRONG = 2;

/**
 * Warnings about what is nearly a flag or kernel parameter of distribution: as with `erl` a name that
 * is not known is the program's own, so that `-dist_lisen false` would listen without a word.
 */
export function misspeltFlags(
  { flags }: ErlFlags,
  parameters: ReadonlyMap<string, { readonly flag: string }>,
): string[] {
  const warnings = new Set<string>();
  const look = (shown: string, name: string, known: readonly string[], sign: string): void => {
    if (known.includes(name)) return;
    const meant = nearestOf(name, known);
    if (meant === undefined) return;
    warnings.add(`${shown} is not known and has no effect; is ${sign}${meant} meant?`);
  };
  for (const { name } of flags) look(`-${name}`, name, FLAGS, "-");
  for (const [name, { flag }] of parameters) look(flag, name, PARAMETERS, "");
  return [...warnings];
}

/** The one of the names that was meant most likely; undefined when none is nearly that. */
export function nearestOf(name: string, known: readonly string[]): string | undefined {
  return known.find((other) => isNear(name, other));
}

function isNear(name: string, other: string): boolean {
  return Math.abs(name.length - other.length) <= MOST_WRONG && distance(name, other) <= MOST_WRONG;
}

/** How many letters have to be added, left out or changed: Levenshtein's distance. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
