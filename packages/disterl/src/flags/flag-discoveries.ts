import { type DnsSrvOptions, dnsSrv } from "../epmd/discoveries/dns-srv.ts";
import { type Discovery, discoveryFault } from "../epmd/discovery.ts";
import { fileDiscovery } from "../epmd/discoveries/file-discovery.ts";
import { type NodePlace, placeOfTerm } from "../epmd/discoveries/node-places.ts";
import { staticMap } from "../epmd/discoveries/static-map.ts";
import { Atom } from "../term/atom.ts";
import { charlistToString, isList } from "../term/list.ts";
import type { Term } from "../term/term.ts";
import type { Environment } from "./erl-flags.ts";
import { FlagError } from "./errors.ts";
import { type Given, wrong } from "./parameter-values.ts";

/** What the command line tells a discovery that is made for it. */
export interface DiscoveryParameters {
  /** A parameter of the kernel application, from `-kernel Name Value` or a `-config` file. */
  parameter(name: string): Term | undefined;
  /** The environment, with the `-env Key Value` flags applied. */
  readonly env: Environment;
  /** epmd's port: `ERL_EPMD_PORT`, else 4369. */
  readonly epmdPort: number;
  /** Whether an epmd may be started (`-start_epmd`). */
  readonly startEpmd: boolean;
}

/** What `-epmd_module` can name: a discovery, or a function that makes one for the command line. */
export type FlagDiscovery = Discovery | ((parameters: DiscoveryParameters) => Discovery);

/** How those that come with the library are made from kernel parameters. */
const BUILT_IN: Readonly<Record<string, (kernel: ReadonlyMap<string, Given>) => Discovery>> = {
  disterl_static_map: (kernel) => {
    const given = needed(kernel, "disterl_nodes", `"[{'app@db1', 5210}]"`);
    if (!isList(given.value)) throw wrong(given.flag, "a list of {'app@host', Port}", given.value);
    const nodes: Record<string, NodePlace> = {};
    for (const term of given.value) {
      const found = placeOfTerm(term);
      if (typeof found === "string") throw new FlagError("ERR_FLAG_VALUE", given.flag, found);
      if (Object.hasOwn(nodes, found.node)) {
        throw new FlagError("ERR_FLAG_VALUE", given.flag, `${found.node} is there twice`);
      }
      nodes[found.node] = found.place;
    }
    return staticMap(nodes);
  },
  disterl_file: (kernel) => {
    return fileDiscovery(text(needed(kernel, "disterl_nodes_file", `'"/etc/app/nodes"'`)));
  },
  disterl_dns_srv: (kernel) => {
    const query = kernel.get("disterl_srv_query");
    const servers = kernel.get("disterl_srv_servers");
    const options: DnsSrvOptions = {
      ...(query === undefined ? {} : { query: text(query) }),
      ...(servers === undefined ? {} : { servers: texts(servers) }),
    };
    try {
      return dnsSrv(options);
    } catch (cause) {
      const flag = (query ?? servers)?.flag ?? "-epmd_module disterl_dns_srv";
      throw new FlagError("ERR_FLAG_VALUE", flag, (cause as Error).message, cause);
    }
  },
};

/** The parameters of those, and whose they are. */
const PARAMETERS: Readonly<Record<string, string>> = {
  disterl_nodes: "disterl_static_map",
  disterl_nodes_file: "disterl_file",
  disterl_srv_query: "disterl_dns_srv",
  disterl_srv_servers: "disterl_dns_srv",
};

/**
 * Those that are given are of the discovery that is chosen; one of the program has its own.
 * @throws FlagError
 */
export function checkParameters(
  module: string | undefined,
  kernel: ReadonlyMap<string, Given>,
  discoveries: Readonly<Record<string, FlagDiscovery>>,
): void {
  if (module !== undefined && Object.hasOwn(discoveries, module)) return;
  for (const [name, { flag }] of kernel) {
    if (!name.startsWith("disterl_")) continue;
    const owner = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
    if (owner === undefined) {
      const known = Object.keys(PARAMETERS).join(", ");
      throw new FlagError("ERR_FLAG_NOT_SUPPORTED", flag, `there are only ${known}`);
    }
    if (owner === module) continue;
    const message = `has no effect without -epmd_module ${owner}`;
    throw new FlagError("ERR_FLAG_CONFLICT", flag, message);
  }
}

/** Names of the discoveries that need no module. @internal */
export const builtInDiscoveries: readonly string[] = ["erl_epmd", ...Object.keys(BUILT_IN)];

/**
 * The discovery of that name; undefined for `erl_epmd`.
 * @param flag where the name was given.
 * @throws FlagError
 */
export function flagDiscovery(
  name: string,
  flag: string,
  kernel: ReadonlyMap<string, Given>,
  discoveries: Readonly<Record<string, FlagDiscovery>>,
  parameters: Omit<DiscoveryParameters, "parameter">,
): Discovery | undefined {
  if (Object.hasOwn(discoveries, name)) {
    const given = discoveries[name];
    const made =
      typeof given === "function"
        ? given({ ...parameters, parameter: (key) => kernel.get(key)?.value })
        : given;
    const fault = discoveryFault(made);
    if (fault === undefined) return made;
    const message = `${name} is no discovery: ${fault}`;
    throw new FlagError("ERR_FLAG_VALUE", flag, message);
  }
  if (name === "erl_epmd") return undefined;
  const make = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
  if (make !== undefined) return make(kernel);
  const known = builtInDiscoveries.join(", ");
  throw new FlagError(
    "ERR_FLAG_NOT_SUPPORTED",
    flag,
    `no discovery is called ${name}; there are ${known}, those of the program ` +
      "(startOptionsFromFlags(flags, { discoveries })), and modules in the folders of -pa where the " +
      "program imports them (importFlagModules)",
  );
}

function needed(kernel: ReadonlyMap<string, Given>, name: string, example: string): Given {
  const given = kernel.get(name);
  if (given !== undefined) return given;
  const message = `has to be given beside -epmd_module, such as -kernel ${name} ${example}`;
  throw new FlagError("ERR_FLAG_VALUE", `-kernel ${name}`, message);
}

function text({ flag, value }: Given): string {
  const found = value instanceof Atom ? value.text : listText(value);
  if (found === undefined || found === "") throw wrong(flag, 'text, "..."', value);
  return found;
}

function texts(given: Given): string[] {
  const { flag, value } = given;
  if (!isList(value)) throw wrong(flag, 'a list such as ["10.0.0.2:53"]', value);
  return Array.from(value, (entry) => text({ flag, value: entry }));
}

function listText(value: Term): string | undefined {
  if (!isList(value)) return undefined;
  try {
    return charlistToString(value);
  } catch {
    return undefined;
  }
}
