import { FlagError } from "./errors.ts";
import {
  addressValue,
  atomValue,
  booleanValue,
  type Given,
  integerValue,
  portValue,
} from "./parameter-values.ts";
import type { AddressFamily, ListenDraft, OptionsDraft } from "./options-draft.ts";
import { checkFamily, type SocketSettings, socketSettings } from "./socket-options.ts";

/** What a kernel parameter does to the options of a node. */
type Apply = (
  given: Given,
  draft: OptionsDraft,
  listenAt: ListenDraft,
  family: AddressFamily,
) => void;

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
  inet_dist_use_interface: (given, _draft, listenAt, family) => {
    const host = addressValue(given);
    checkFamily(given.flag, host, family);
    listenAt.host = host;
  },
  inet_dist_listen_min: (given, _draft, listenAt) => {
    listenAt.port = portValue(given);
  },
  inet_dist_listen_max: (given, _draft, listenAt) => {
    listenAt.lastPort = portValue(given);
  },
  dist_nodelay: check(booleanValue),
  check_ip: (given, _draft, listenAt) => {
    if (booleanValue(given)) listenAt.checkIp = true;
  },
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
  family: AddressFamily,
): void {
  for (const [name, given] of parameters) {
    if (Object.hasOwn(PARAMETERS, name)) PARAMETERS[name]?.(given, draft, listenAt, family);
  }
  checkPorts(parameters, listenAt);
  applySocketOptions(parameters, draft, listenAt, family);
}

/** `inet_dist_listen_options`, `inet_dist_connect_options` and `dist_nodelay`. */
function applySocketOptions(
  parameters: ReadonlyMap<string, Given>,
  draft: OptionsDraft,
  listenAt: ListenDraft,
  family: AddressFamily,
): void {
  const [listening, dialling] = (["listen", "connect"] as const).map((side) => {
    const given = parameters.get(`inet_dist_${side}_options`);
    return given === undefined ? undefined : socketSettings(given, side, family);
  });
  const { host } = listenAt;
  if (listening?.address !== undefined) {
    const isGiven = parameters.has("inet_dist_use_interface");
    if (isGiven && listening.address !== host) {
      const message = `${listening.address} is not inet_dist_use_interface, which is ${host}`;
      throw new FlagError("ERR_FLAG_CONFLICT", `${listening.flag} ip`, message);
    }
    listenAt.host = listening.address;
  }
  if (listening?.backlog !== undefined) listenAt.backlog = listening.backlog;
  const byParameter = parameters.get("dist_nodelay");
  const isDelaying = byParameter !== undefined && !booleanValue(byParameter);
  const noDelay = isDelaying ? { noDelay: false } : {};
  for (const settings of [listening, dialling]) {
    if (settings?.noDelay === false && !isDelaying) {
      const message = "dist_nodelay decides: -kernel dist_nodelay false";
      throw new FlagError("ERR_FLAG_CONFLICT", `${settings.flag} nodelay`, message);
    }
  }
  const listenSocket = { ...listenAt.socket, ...socketOf(listening), ...noDelay };
  const { ipv6Only: _, ...dialSocket } = {
    ...socketOf(dialling),
    ...(dialling?.address === undefined ? {} : { localAddress: dialling.address }),
    ...noDelay,
  };
  if (Object.keys(listenSocket).length > 0) listenAt.socket = listenSocket;
  if (Object.keys(dialSocket).length > 0) draft.connect = { socket: dialSocket };
}

/** What is set on sockets; Erlang's own setting of nodelay is `dist_nodelay`, and stays as it is. */
function socketOf(settings: SocketSettings | undefined): ListenDraft["socket"] {
  const { keepAlive, ipv6Only } = settings ?? {};
  return {
    ...(keepAlive === undefined ? {} : { keepAlive }),
    ...(ipv6Only === undefined ? {} : { ipv6Only }),
  };
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

function never(given: Given): never {
  throw notSupported(given, "is not available in this version");
}

function notSupported({ flag }: Given, message: string): FlagError {
  return new FlagError("ERR_FLAG_NOT_SUPPORTED", flag, message);
}
