import { fixedPort } from "../epmd/discovery.ts";
import { Atom } from "../term/atom.ts";
import { type ErlFlags, hasFlag, valuesOf } from "./erl-flags.ts";
import { FlagError } from "./errors.ts";
import { checkParameters, type FlagDiscovery, flagDiscovery } from "./flag-discoveries.ts";
import type { ListenDraft, OptionsDraft } from "./options-draft.ts";
import { type Given, portValue, wrong } from "./parameter-values.ts";

/** What `-epmd_module`, `-erl_epmd_port` and `-no_epmd` go by. */
export interface DiscoveryFlags {
  readonly parsed: ErlFlags;
  readonly kernel: ReadonlyMap<string, Given>;
  readonly discoveries: Readonly<Record<string, FlagDiscovery>>;
  readonly warnings: string[];
}

/**
 * How nodes are found: `-epmd_module` or the kernel parameter `epmd_module`; `-erl_epmd_port` or
 * `erl_epmd_node_listen_port`; `-no_epmd`. Runs when epmd's options, the carriers and the addresses to
 * listen on are known.
 * @throws FlagError
 */
export function applyDiscovery(
  { parsed, kernel, discoveries, warnings }: DiscoveryFlags,
  draft: OptionsDraft,
  listenAt: ListenDraft,
): void {
  const withoutEpmd = hasFlag(parsed.flags, "no_epmd");
  const { port: epmdPort = 0, start: startEpmd = true } = draft.epmd ?? {};
  if (withoutEpmd) draft.epmd = { port: epmdPort, start: false };
  const { module, flag } = discoveryModule(parsed, kernel);
  checkParameters(module, kernel, discoveries);
  const found =
    module === undefined
      ? undefined
      : flagDiscovery(module, flag, kernel, discoveries, { env: parsed.env, epmdPort, startEpmd });
  if (found !== undefined) draft.discovery = found;
  const fixed = listenPort(parsed, kernel);
  if (fixed !== undefined) {
    const ignored = ["inet_dist_listen_min", "inet_dist_listen_max"].find((key) => kernel.has(key));
    if (ignored !== undefined) {
      warnings.push(`${ignored} has no effect: ${fixed.flag} says where the node listens`);
    }
    delete listenAt.port;
    delete listenAt.lastPort;
    if (found !== undefined) listenAt.port = fixed.port;
    else if (withoutEpmd) draft.discovery = fixedPort(fixed.port);
    else draft.epmd = { ...draft.epmd, nodePort: fixed.port };
  }
  if (withoutEpmd && draft.discovery === undefined && !carriersFindNodes(draft)) {
    throw new FlagError(
      "ERR_FLAG_NOT_SUPPORTED",
      "-no_epmd",
      "needs something else that finds nodes: -epmd_module, -erl_epmd_port Port, or a carrier that " +
        "finds them itself",
    );
  }
}

function carriersFindNodes({ carrier }: OptionsDraft): boolean {
  return (
    carrier === "none" ||
    [carrier].flat().every((one) => typeof one === "object" && one.findsNodes === true)
  );
}

/** The name that is given, in one of the two places. */
function discoveryModule(
  { flags }: ErlFlags,
  kernel: ReadonlyMap<string, Given>,
): { readonly module?: string; readonly flag: string } {
  const flag = "-epmd_module";
  const [values] = valuesOf(flags, "epmd_module").slice(-1);
  const given = kernel.get("epmd_module");
  if (values === undefined) {
    if (given === undefined) return { flag };
    if (!(given.value instanceof Atom))
      throw wrong(given.flag, "the name of a module", given.value);
    return { module: given.value.text, flag: given.flag };
  }
  if (given !== undefined) {
    const message = `is given together with ${given.flag}, which takes its place`;
    throw new FlagError("ERR_FLAG_CONFLICT", flag, message);
  }
  const [module] = values;
  if (module === undefined || values.length !== 1) {
    const found = values.length === 0 ? "nothing" : values.join(" ");
    throw new FlagError("ERR_FLAG_VALUE", flag, `expected the name of one module; found ${found}`);
  }
  return { module, flag };
}

/** The port of all nodes, which is given in one of the two places. */
function listenPort(
  { flags }: ErlFlags,
  kernel: ReadonlyMap<string, Given>,
): { readonly port: number; readonly flag: string } | undefined {
  const flag = "-erl_epmd_port";
  const [values] = valuesOf(flags, "erl_epmd_port").slice(-1);
  const given = kernel.get("erl_epmd_node_listen_port");
  if (values === undefined) {
    return given === undefined ? undefined : { port: portValue(given), flag: given.flag };
  }
  if (given !== undefined) {
    const message = `is given together with ${given.flag}, which takes its place`;
    throw new FlagError("ERR_FLAG_CONFLICT", flag, message);
  }
  const [text = ""] = values;
  const port = values.length === 1 && /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 0xffff) return { port, flag };
  const found = JSON.stringify(values.join(" "));
  throw new FlagError("ERR_FLAG_VALUE", flag, `expected a port from 1 to 65535; found ${found}`);
}
