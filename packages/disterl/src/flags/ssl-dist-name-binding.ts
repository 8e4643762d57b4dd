import type { NameBinding } from "../carrier/tls/tls-options.ts";
import { type ErlFlags, valuesOf } from "./erl-flags.ts";
import { FlagError } from "./errors.ts";

const BINDINGS: readonly NameBinding[] = ["host", "node", "none"];

/**
 * Ours, and nothing to `erl`: `-ssl_dist_name_binding host|node|none`, `TlsOptions.nameBinding`. The
 * last one counts.
 * @throws FlagError
 */
export function sslDistNameBinding({ flags }: ErlFlags): { nameBinding?: NameBinding } {
  const [values] = valuesOf(flags, "ssl_dist_name_binding").slice(-1);
  if (values === undefined) return {};
  const nameBinding = values.length === 1 ? BINDINGS.find((word) => word === values[0]) : undefined;
  if (nameBinding !== undefined) return { nameBinding };
  const found = values.length === 0 ? "nothing" : JSON.stringify(values.join(" "));
  const message = `expected ${BINDINGS.join(", ")}; found ${found}`;
  throw new FlagError("ERR_FLAG_VALUE", "-ssl_dist_name_binding", message);
}
