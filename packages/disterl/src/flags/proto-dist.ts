import { inet6Tcp } from "../carrier/tcp.ts";
import { type ErlFlags, hasFlag, valuesOf } from "./erl-flags.ts";
import { FlagError } from "./errors.ts";
import type { OptionsDraft } from "./options-draft.ts";
import { sslDistOpt } from "./ssl-dist-opt.ts";
import { readSslDistOptfile } from "./ssl-dist-optfile.ts";
import { sslDistNameBinding } from "./ssl-dist-name-binding.ts";
import type { SslDistOption } from "./ssl-dist-option.ts";
import { tlsSide } from "./ssl-side.ts";
import type { VerifyModules } from "./ssl-structures.ts";

const CARRIERS = ["inet_tcp", "inet6_tcp", "inet_tls", "inet6_tls"];

/**
 * `-proto_dist`, with `-ssl_dist_optfile` and `-ssl_dist_opt` where it says TLS.
 * @returns the address that stands for all interfaces.
 * @throws FlagError
 */
export function applyProtoDist(
  parsed: ErlFlags,
  draft: OptionsDraft,
  modules: VerifyModules,
  warnings: string[],
): string {
  const { flags } = parsed;
  const [carriers = ["inet_tcp"]] = valuesOf(flags, "proto_dist").slice(-1);
  const flag = `-proto_dist ${carriers.join(" ")}`.trimEnd();
  const [carrier] = carriers;
  if (carrier === undefined) {
    throw new FlagError("ERR_FLAG_VALUE", flag, `expected a carrier: ${CARRIERS.join(", ")}`);
  }
  if (carriers.length > 1 || !CARRIERS.includes(carrier)) {
    const message = `this version takes one carrier: ${CARRIERS.join(", ")}`;
    throw new FlagError("ERR_FLAG_NOT_SUPPORTED", flag, message);
  }
  const isIpv6 = carrier.startsWith("inet6_");
  const tlsFlag = ["ssl_dist_optfile", "ssl_dist_opt", "ssl_dist_name_binding"].find((name) =>
    hasFlag(flags, name),
  );
  if (carrier.endsWith("_tls")) {
    draft.tls = {
      ...tlsOptions(parsed, flag, modules, warnings),
      ...(isIpv6 ? { family: "inet6" } : {}),
    };
  } else if (tlsFlag !== undefined) {
    const message = `protects nothing with -proto_dist ${carrier}; TLS is -proto_dist inet_tls`;
    throw new FlagError("ERR_FLAG_CONFLICT", `-${tlsFlag}`, message);
  } else if (isIpv6) {
    draft.carrier = inet6Tcp;
  }
  return isIpv6 ? "::" : "0.0.0.0";
}

/** Options of the command line come before those of the file, as in OTP 27 and 29. */
function tlsOptions(
  parsed: ErlFlags,
  flag: string,
  modules: VerifyModules,
  warnings: string[],
): NonNullable<OptionsDraft["tls"]> {
  const { flags } = parsed;
  const files = valuesOf(flags, "ssl_dist_optfile");
  const [file] = files;
  const [path] = file ?? [];
  if (files.length > 1 || (file !== undefined && (path === undefined || file.length > 1))) {
    throw new FlagError("ERR_FLAG_VALUE", "-ssl_dist_optfile", "expected one file, once");
  }
  const pairs = sslDistOpt(valuesOf(flags, "ssl_dist_opt").flat());
  if (path === undefined && pairs.length === 0) {
    const message = "needs -ssl_dist_optfile File: without certificates no connection comes about";
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
