import type { Carrier } from "../carrier/carrier.ts";
import { carrierFault } from "../carrier/carrier-fault.ts";
import { inet6Tcp, inetTcp } from "../carrier/tcp.ts";
import { inet6Tls, inetTls } from "../carrier/tls/tls.ts";
import { unixSocket } from "../carrier/unix/unix.ts";
import type { CarrierMaker } from "../start-options.ts";
import { type ErlFlags, hasFlag, valuesOf } from "./erl-flags.ts";
import { FlagError } from "./errors.ts";
import { nearestOf } from "./misspelt-flags.ts";
import type { AddressFamily, OptionsDraft } from "./options-draft.ts";
import { sslDistOpt } from "./ssl-dist-opt.ts";
import { readSslDistOptfile } from "./ssl-dist-optfile.ts";
import { sslDistNameBinding } from "./ssl-dist-name-binding.ts";
import type { SslDistOption } from "./ssl-dist-option.ts";
import { tlsSide } from "./ssl-side.ts";
import type { VerifyModules } from "./ssl-structures.ts";

/** What `-proto_dist` can name: a carrier, or a function that makes one. */
export type FlagCarrier = Carrier | (() => Carrier);

/** What `-proto_dist` goes by. */
export interface ProtoDistContext {
  readonly modules: VerifyModules;
  readonly carriers: Readonly<Record<string, FlagCarrier>>;
  readonly warnings: string[];
}

type NodeTls = NonNullable<OptionsDraft["tls"]>;

const NONE = "none";
const CARRIERS = ["inet_tcp", "inet6_tcp", "inet_tls", "inet6_tls", "erl_uds"];
const TLS_FLAGS = ["ssl_dist_optfile", "ssl_dist_opt", "ssl_dist_name_binding"];

/**
 * `-proto_dist`, one name or several, with `-ssl_dist_optfile` and `-ssl_dist_opt` where it says TLS and
 * `-erl_uds_directory` where it says unix sockets.
 * @returns of what kind the addresses are.
 * @throws FlagError
 */
export function applyProtoDist(
  parsed: ErlFlags,
  draft: OptionsDraft,
  context: ProtoDistContext,
): AddressFamily {
  const { flags } = parsed;
  const [names = ["inet_tcp"]] = valuesOf(flags, "proto_dist").slice(-1);
  const flag = `-proto_dist ${names.join(" ")}`.trimEnd();
  checkNames(names, flag, context);
  const tlsFlag = TLS_FLAGS.find((name) => hasFlag(flags, name));
  const isTls = (name: string): boolean =>
    name.endsWith("_tls") && !Object.hasOwn(context.carriers, name);
  if (tlsFlag !== undefined && !names.some(isTls)) {
    const message = `protects nothing with ${flag}; TLS is -proto_dist inet_tls`;
    throw new FlagError("ERR_FLAG_CONFLICT", `-${tlsFlag}`, message);
  }
  if (hasFlag(flags, "erl_uds_directory") && !names.includes("erl_uds")) {
    const message = `has no effect with ${flag}; unix sockets are -proto_dist erl_uds`;
    throw new FlagError("ERR_FLAG_CONFLICT", "-erl_uds_directory", message);
  }
  if (names.includes(NONE)) {
    checkNone(parsed, names, flag);
    draft.carrier = NONE;
  } else if (names.length > 1) {
    const tls = once(() => tlsOptions(parsed, flag, context));
    draft.carrier = names.map((name) => carrierCalled(name, parsed, flag, context, tls));
  } else {
    applyOne(names[0] ?? "", parsed, draft, context);
  }
  return familyOf(names);
}

function familyOf(names: readonly string[]): AddressFamily {
  const isIpv6 = names.some((name) => name.startsWith("inet6_"));
  const isIpv4 = names.some((name) => name.startsWith("inet_"));
  return isIpv6 ? (isIpv4 ? "both" : "inet6") : "inet";
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

function applyOne(
  name: string,
  parsed: ErlFlags,
  draft: OptionsDraft,
  context: ProtoDistContext,
): void {
  const flag = `-proto_dist ${name}`;
  const tls = (): NodeTls => tlsOptions(parsed, flag, context);
  const isOurs = Object.hasOwn(context.carriers, name);
  if (!isOurs && name.endsWith("_tls")) {
    draft.tls = { ...tls(), ...(name === "inet6_tls" ? { family: "inet6" } : {}) };
  } else if (isOurs || name !== "inet_tcp") {
    draft.carrier = carrierCalled(name, parsed, flag, context, tls);
  }
}

/** TLS is made when the node starts, which is then told what is wrong with it. */
function carrierCalled(
  name: string,
  parsed: ErlFlags,
  flag: string,
  { carriers }: ProtoDistContext,
  tls: () => NodeTls,
): Carrier | CarrierMaker {
  const given = Object.hasOwn(carriers, name) ? carriers[name] : undefined;
  if (given !== undefined) {
    const carrier: unknown = typeof given === "function" ? given() : given;
    const fault = carrierFault(carrier);
    if (fault === undefined) return carrier as Carrier;
    throw new FlagError("ERR_FLAG_VALUE", flag, `${name} is no carrier: ${fault}`);
  }
  if (name === "inet_tcp") return inetTcp;
  if (name === "inet6_tcp") return inet6Tcp;
  if (name === "erl_uds") return unixSocket({ directory: unixDirectory(parsed) });
  const options = tls();
  const make = name === "inet_tls" ? inetTls : inet6Tls;
  return (warn) => make({ onWarning: warn, ...options });
}

/** As `erl_uds_dist` does: where the program was started, unless it is told. */
function unixDirectory({ flags }: ErlFlags): string {
  const [values] = valuesOf(flags, "erl_uds_directory").slice(-1);
  if (values === undefined) return ".";
  const [directory] = values;
  if (directory === undefined || directory === "" || values.length > 1) {
    throw new FlagError("ERR_FLAG_VALUE", "-erl_uds_directory", "expected one directory");
  }
  return directory;
}

function checkNames(names: readonly string[], flag: string, { carriers }: ProtoDistContext): void {
  const known = [...CARRIERS, ...Object.keys(carriers)].join(", ");
  if (names.length === 0) {
    throw new FlagError("ERR_FLAG_VALUE", flag, `expected a carrier: ${known}; or none`);
  }
  const unknown = names.find(
    (name) => ![...CARRIERS, NONE].includes(name) && !Object.hasOwn(carriers, name),
  );
  if (unknown !== undefined) {
    const message = `there is no carrier ${unknown}, only ${known}, or none; one of your own is a module that -pa finds`;
    throw new FlagError("ERR_FLAG_NOT_SUPPORTED", flag, message);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new FlagError("ERR_FLAG_VALUE", flag, `${twice} is given twice`);
}

/** A node that is never distributed has no name and no second carrier. */
function checkNone({ flags }: ErlFlags, names: readonly string[], flag: string): void {
  if (names.length > 1) {
    const message = "none is for a node that is never distributed: it stands alone";
    throw new FlagError("ERR_FLAG_CONFLICT", flag, message);
  }
  const named = flags.find(({ name }) => name === "name" || name === "sname");
  if (named === undefined) return;
  const message = `-${named.name} asks for a node of a cluster: leave out one of the two`;
  throw new FlagError("ERR_FLAG_CONFLICT", flag, message);
}

/** Options of the command line come before those of the file, as in OTP 27 and 29. */
function tlsOptions(
  parsed: ErlFlags,
  flag: string,
  { modules, warnings }: ProtoDistContext,
): NodeTls {
  const { flags } = parsed;
  const files = valuesOf(flags, "ssl_dist_optfile");
  const [file] = files;
  const [path] = file ?? [];
  if (files.length > 1 || (file !== undefined && (path === undefined || file.length > 1))) {
    const found = files.map((values) => values.join(" ")).join(", ") || "nothing";
    const message = `expected one file, once; found ${found}`;
    throw new FlagError("ERR_FLAG_VALUE", "-ssl_dist_optfile", message);
  }
  const pairs = sslDistOpt(valuesOf(flags, "ssl_dist_opt").flat());
  if (path === undefined && pairs.length === 0) {
    const wrong = flags.find(({ name }) => nearestOf(name, TLS_FLAGS) !== undefined);
    const meant = wrong === undefined ? "" : `; -${wrong.name} is not known`;
    const message = `needs -ssl_dist_optfile File, or -ssl_dist_opt: without certificates no connection comes about${meant}`;
    throw new FlagError("ERR_FLAG_VALUE", flag, message);
  }
  const given: SslDistOption[] = [...pairs];
  if (path !== undefined) given.push(...readSslDistOptfile(path));
  return {
    server: tlsSide("server", given, modules, warnings),
    client: tlsSide("client", given, modules, warnings),
    ...sslDistNameBinding(parsed),
  };
}
