import { Atom } from "../term/atom.ts";
import type { Term } from "../term/term.ts";
import { FlagError } from "./errors.ts";
import {
  addressValue,
  atomValue,
  booleanValue,
  type Given,
  integerValue,
  portValue,
  shown,
  wrong,
} from "./parameter-values.ts";
import { type ListenDraft, type OptionsDraft, useFixedPort } from "./options-draft.ts";

/** What a kernel parameter does to the options of a node. */
type Apply = (given: Given, draft: OptionsDraft, listenAt: ListenDraft) => void;

const check =
  (judge: (given: Given) => unknown): Apply =>
  (given) => {
    judge(given);
  };

/**
 * The parameters of the kernel application that concern distribution. Others are Erlang's own
 * business and have no effect.
 */
const PARAMETERS: Readonly<Record<string, Apply>> = {
  // A tick time under a second is taken as one second, an intensity is brought into its range: as OTP.
  net_ticktime: (given, draft) => {
    draft.netTickTime = Math.max(1, integerValue(given, 0, 1_000_000));
  },
  net_tickintensity: (given, draft) => {
    draft.netTickIntensity = Math.min(1000, Math.max(4, integerValue(given, 0, 1_000_000)));
  },
  net_setuptime: (given, draft) => {
    draft.netSetupTime = integerValue(given, 1, 120);
  },
  dist_auto_connect: (given, draft) => {
    draft.distAutoConnect = atomValue(given, ["never", "once"]);
  },
  inet_dist_use_interface: (given, draft, listenAt) => {
    const host = addressValue(given);
    const tls = draft.tls === undefined ? undefined : `${draft.tls.family ?? "inet"}_tls`;
    const carrier = tls ?? draft.carrier?.name ?? "inet_tcp";
    if (host.includes(":") !== carrier.startsWith("inet6_")) {
      const message = `${shown(given.value)} is not an address of the carrier ${carrier} (-proto_dist)`;
      throw new FlagError("ERR_FLAG_CONFLICT", given.flag, message);
    }
    listenAt.host = host;
  },
  inet_dist_listen_min: (given, _draft, listenAt) => {
    listenAt.port = portValue(given);
  },
  inet_dist_listen_max: (given, _draft, listenAt) => {
    listenAt.lastPort = portValue(given);
  },
  erl_epmd_node_listen_port: (given, draft) => useFixedPort(draft, portValue(given)),
  epmd_module: check((given) => atomOnly(given, "erl_epmd")),
  inet_dist_listen_options: check(emptyOnly),
  inet_dist_connect_options: check(emptyOnly),
  dist_nodelay: check((given) => valueOnly(given, true)),
  check_ip: check((given) => valueOnly(given, false)),
  start_distribution: (given, draft) => {
    draft.distribution = booleanValue(given);
  },
  connect_all: (given, draft) => {
    draft.connectAll = booleanValue(given);
  },
  prevent_overlapping_partitions: (given, draft) => {
    draft.preventOverlappingPartitions = booleanValue(given);
  },
  log_missed_net_ticks: check(booleanValue),
  global_groups: check((given) => never(given)),
  sync_nodes_mandatory: check((given) => never(given)),
  sync_nodes_optional: check((given) => never(given)),
};

/** @throws FlagError naming the parameter. */
export function applyKernelParameters(
  parameters: ReadonlyMap<string, Given>,
  draft: OptionsDraft,
  listenAt: ListenDraft,
): void {
  for (const [name, given] of parameters) {
    if (Object.hasOwn(PARAMETERS, name)) PARAMETERS[name]?.(given, draft, listenAt);
  }
  checkPorts(parameters, listenAt);
}

function checkPorts(parameters: ReadonlyMap<string, Given>, { port, lastPort }: ListenDraft): void {
  if (lastPort === undefined) return;
  const flag = parameters.get("inet_dist_listen_max")?.flag ?? "inet_dist_listen_max";
  if (port === undefined) {
    throw new FlagError("ERR_FLAG_CONFLICT", flag, "needs inet_dist_listen_min beside it");
  }
  if (port > lastPort) {
    throw new FlagError(
      "ERR_FLAG_CONFLICT",
      flag,
      `${lastPort} is less than inet_dist_listen_min, which is ${port}`,
    );
  }
}

function atomOnly(given: Given, text: string): void {
  if (given.value instanceof Atom && given.value.text === text) return;
  throw notSupported(given, `this version knows ${text}, not ${shown(given.value)}`);
}

function valueOnly(given: Given, only: Term): void {
  if (typeof given.value !== "boolean") throw wrong(given.flag, "true or false", given.value);
  if (given.value !== only) throw notSupported(given, `only ${shown(only)} is available`);
}

function emptyOnly(given: Given): void {
  if (Array.isArray(given.value) && given.value.length === 0) return;
  throw notSupported(given, "socket options cannot be set in this version");
}

function never(given: Given): never {
  throw notSupported(given, "is not available in this version");
}

function notSupported({ flag }: Given, message: string): FlagError {
  return new FlagError("ERR_FLAG_NOT_SUPPORTED", flag, message);
}
