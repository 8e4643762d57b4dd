import type { TlsClientSide, TlsServerSide } from "../carrier/tls/tls-options.ts";
import { FlagError } from "./errors.ts";
import { nearestOf } from "./misspelt-flags.ts";
import type { SslDistOption } from "./ssl-dist-option.ts";
import { type SideDraft, sslOptions } from "./ssl-options.ts";
import { sslRefusals } from "./ssl-refusals.ts";
import { CRL_DIR, refused, type VerifyModules } from "./ssl-structures.ts";
import { oneOf } from "./ssl-values.ts";

/** What the options of one side, of a command line and then of a file, come to. */
export function tlsSide(
  side: "server" | "client",
  given: readonly SslDistOption[],
  modules: VerifyModules,
  warnings: string[],
): TlsServerSide & TlsClientSide {
  const draft: SideDraft = {
    options: {},
    warnings,
    modules,
    crlCheck: undefined,
    crlDir: undefined,
    flags: new Map(),
  };
  for (const option of given) {
    if (option.side !== side) continue;
    if (draft.flags.has(option.name)) {
      warnings.push(`${option.flag} is given more than once, and the first one counts`);
      continue;
    }
    draft.flags.set(option.name, option.flag);
    apply(option, draft);
  }
  applyCrls(draft);
  // As OTP has it: the client checks unless told not to, the server only when told to.
  if (side === "server") draft.options.verify ??= "verify_none";
  overrides(draft);
  return draft.options;
}

function applyCrls({ options, crlCheck, crlDir, warnings, flags }: SideDraft): void {
  if (crlCheck === undefined) {
    const flag = flags.get("crl_cache");
    const why = "nobody is looked up without crl_check, as in OTP; add {crl_check, true}";
    if (flag !== undefined) warnings.push(`${flag} has no effect: ${why}`);
    return;
  }
  const check = oneOf(crlCheck, ["true", "false", "peer", "best_effort"]);
  if (check === "false") return;
  if (crlDir !== undefined) {
    options.crlDir = crlDir;
    options.crlCheck = check === "peer" || check === "best_effort" ? check : true;
  } else if (check === "best_effort") {
    warnings.push(`${crlCheck.flag} has no effect without a folder of lists: ${CRL_DIR}`);
  } else {
    throw refused(crlCheck, `needs the folder of the lists: ${CRL_DIR}`);
  }
}

/** What takes the place of other options in OTP, and what goes not together. */
function overrides({ options, warnings, flags }: SideDraft): void {
  const drop = (name: string, other: string) =>
    void warnings.push(`${flags.get(name)} has no effect: ${other} takes its place, as in OTP`);
  if (options.cacerts !== undefined && options.cacertfile !== undefined) {
    drop("cacertfile", "cacerts");
    delete options.cacertfile;
  }
  for (const name of ["certfile", "keyfile", "password", "cert", "key"] as const) {
    if (options.certsKeys === undefined || options[name] === undefined) continue;
    drop(name, "certs_keys");
    delete options[name];
  }
  if (options.verify === "verify_none" && options.failIfNoPeerCert === true) {
    const flag = flags.get("fail_if_no_peer_cert") ?? "fail_if_no_peer_cert";
    const why = "does not go with verify_none: nobody is asked for a certificate; use verify_peer";
    throw new FlagError("ERR_FLAG_CONFLICT", flag, why);
  }
}

function apply(option: SslDistOption, draft: SideDraft): void {
  const known = Object.hasOwn(sslOptions, option.name) ? sslOptions[option.name] : undefined;
  if (known !== undefined) return known(option, draft);
  const why = sslRefusals.get(option.name);
  if (why !== undefined) throw refused(option, why);
  const meant =
    option.name.length > 3 ? nearestOf(option.name, Object.keys(sslOptions)) : undefined;
  const hint = meant === undefined ? "" : `; is ${meant} meant?`;
  throw new FlagError("ERR_FLAG_VALUE", option.flag, `there is no such option of TLS${hint}`);
}
