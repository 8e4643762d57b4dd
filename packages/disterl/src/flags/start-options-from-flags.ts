import { epmdPort } from "../epmd/environment.ts";
import { DYNAMIC_NAME, type NameDomain } from "../node/node-name.ts";
import type { StartNodeOptions } from "../start-options.ts";
import { type ErlFlags, hasFlag, valuesOf } from "./erl-flags.ts";
import { FlagError } from "./errors.ts";
import { applyDiscovery } from "./apply-discovery.ts";
import { applyKernelParameters } from "./apply-kernel-parameters.ts";
import type { FlagDiscovery } from "./flag-discoveries.ts";
import { kernelParameters } from "./kernel-parameters.ts";
import { misspeltFlags } from "./misspelt-flags.ts";
import type { ListenDraft, OptionsDraft } from "./options-draft.ts";
import { applyProtoDist, type FlagCarrier } from "./proto-dist.ts";
import { cookieFlags } from "./set-cookie.ts";
import type { VerifyModules } from "./ssl-structures.ts";

/** What a command line asks of a node. */
export interface FlagOptions {
  /** For `startNode`. Without a name when the line has neither `-name` nor `-sname`. */
  readonly options: StartNodeOptions;
  /** What is likely a mistake, or has no effect here. For people, one line each. */
  readonly warnings: readonly string[];
}

/** What a command line cannot hold. */
export interface FlagContext {
  /**
   * Modules of the program, by name: `{verify_fun, {fun Module:Name/3, State}}` of a TLS option file is
   * the export `Name` of `Module`, a function like `TlsOptions.verifyFun`.
   */
  readonly modules?: VerifyModules | undefined;
  /**
   * Discoveries of the program, by the name that `-epmd_module` gives. Those that come with the library
   * need not be given: see `docs/guide/10-isolation.md`.
   */
  readonly discoveries?: Readonly<Record<string, FlagDiscovery>> | undefined;
  /**
   * Carriers of the program, by the name that `-proto_dist` gives; they come before those of the library.
   */
  readonly carriers?: Readonly<Record<string, FlagCarrier>> | undefined;
}

const CONTEXT: Readonly<Record<keyof FlagContext, true>> = {
  modules: true,
  discoveries: true,
  carriers: true,
};

/** Flags that `erl` acts on and a node in this runtime cannot. */
const WITHOUT_EFFECT = ["eval", "s", "run", "remsh", "detached", "heart", "epmd", "boot"];

/**
 * The options of `startNode` that Erlang's flags, kernel parameters and environment stand for.
 *
 *     const { options } = startOptionsFromFlags(parseErlFlags(process.argv.slice(2)));
 *     const node = await startNode(options);
 *
 * As with `erl`, the node is visible unless `-hidden` is given and listens on all interfaces unless
 * `inet_dist_use_interface` names one. Differs in: a value that `erl` would replace by the default is
 * an error, and so is what asks for something that there is not here; nothing is left out silently.
 *
 * @throws FlagError naming the flag, what was expected and what was found; EpmdError for a bad
 *   `ERL_EPMD_PORT`; TypeError for a context with other names. Certificates are looked at by `startNode`.
 */
export function startOptionsFromFlags(parsed: ErlFlags, context: FlagContext = {}): FlagOptions {
  for (const name of Object.keys(context)) {
    if (Object.hasOwn(CONTEXT, name)) continue;
    throw new TypeError(`startOptionsFromFlags has no option "${name}"`);
  }
  const { modules = {}, discoveries = {}, carriers = {} } = context;
  const { flags, env } = parsed;
  const warnings: string[] = [];
  const draft: OptionsDraft = { hidden: switchFlag(parsed, "hidden") };
  if (parsed.changesEnv === true) draft.env = env;
  const family = applyProtoDist(parsed, draft, { modules, carriers, warnings });
  const listenAt: ListenDraft = { host: family === "inet6" ? "::" : "0.0.0.0" };
  applyName(parsed, draft, warnings);
  const cookies = cookieFlags(flags);
  warnings.push(...cookies.warnings);
  if (cookies.own !== undefined) draft.cookie = cookies.own;
  if (Object.keys(cookies.nodes).length > 0) draft.cookies = cookies.nodes;
  draft.epmd = { port: epmdPort(env), start: booleanFlag(parsed, "start_epmd") ?? true };
  const parameters = kernelParameters(parsed);
  applyKernelParameters(parameters, draft, listenAt, family);
  applyDiscovery({ parsed, kernel: parameters, discoveries, warnings }, draft, listenAt);
  applyListen(parsed, draft, listenAt);
  applyAllow(parsed, draft);
  applyBusyLimit(parsed, draft);
  const connectAll = booleanFlag(parsed, "connect_all");
  if (connectAll !== undefined) draft.connectAll = connectAll;
  warnings.push(...misspeltFlags(parsed, parameters));
  for (const name of WITHOUT_EFFECT) {
    if (hasFlag(flags, name))
      warnings.push(`-${name} has no effect: this is not an Erlang emulator`);
  }
  return { options: draft, warnings };
}

/** `-name` and `-sname`: the first one counts. */
function applyName({ flags }: ErlFlags, draft: OptionsDraft, warnings: string[]): void {
  const named = flags.filter(({ name }) => name === "name" || name === "sname");
  const [first] = named;
  if (first === undefined) return;
  const flag = `-${first.name}`;
  const [name] = first.values;
  if (first.values.length !== 1 || name === undefined) {
    const found = first.values.length === 0 ? "nothing" : first.values.join(" ");
    throw new FlagError("ERR_FLAG_VALUE", flag, `expected one name; found ${found}`);
  }
  if (named.length > 1) {
    warnings.push(`${named.length} names are given (-name, -sname); ${flag} ${name} counts`);
  }
  const domain: NameDomain = first.name === "name" ? "longnames" : "shortnames";
  draft.name = name;
  draft.nameDomain = domain;
  if (name === DYNAMIC_NAME || name.startsWith(`${DYNAMIC_NAME}@`)) {
    draft.hidden = true;
    draft.listen = false;
  }
}

function applyListen(parsed: ErlFlags, draft: OptionsDraft, listenAt: ListenDraft): void {
  if (booleanFlag(parsed, "dist_listen") === false) {
    draft.listen = false;
    draft.hidden = true;
  }
  if (draft.listen === false) return;
  // As with erl, :: is IPv4 as well, unless inet_dist_listen_options say otherwise.
  if (listenAt.host === "::") listenAt.socket = { ipv6Only: false, ...listenAt.socket };
  draft.listen = listenAt;
}

/** Ours: `-allow a@host,b@host`, as `net_kernel:allow/1`. */
function applyAllow({ flags }: ErlFlags, draft: OptionsDraft): void {
  const entries = valuesOf(flags, "allow").flatMap((values) => {
    const found = values.flatMap((value) => value.split(",")).filter((entry) => entry !== "");
    if (found.length > 0) return found;
    throw new FlagError("ERR_FLAG_VALUE", "-allow", "expected node names, separated by commas");
  });
  for (const entry of entries) {
    if (!/^[!-~\u00a1-\u00ff]{1,255}$/.test(entry) || entry.split("@").length > 2) {
      const expected = "expected name@host, host, or name@";
      throw new FlagError(
        "ERR_FLAG_VALUE",
        "-allow",
        `${expected}; found ${JSON.stringify(entry)}`,
      );
    }
  }
  if (entries.length > 0) draft.allow = entries;
}

/** `+zdbbl KB`: what may wait for one peer before senders are told to wait. */
function applyBusyLimit({ emulator }: ErlFlags, draft: OptionsDraft): void {
  const [values] = valuesOf(emulator, "zdbbl").slice(-1);
  if (values === undefined) return;
  const [text = ""] = values;
  const kilobytes = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (kilobytes < 1 || kilobytes > 2_097_151) {
    throw new FlagError(
      "ERR_FLAG_VALUE",
      "+zdbbl",
      `expected kilobytes from 1 to 2097151; found ${JSON.stringify(text)}`,
    );
  }
  draft.limits = { ...draft.limits, distBusyBytes: kilobytes * 1024 };
}

/** A flag that stands alone or has the value `true`: `-hidden`. */
function switchFlag({ flags }: ErlFlags, name: string): boolean {
  const [values] = valuesOf(flags, name);
  if (values === undefined) return false;
  return values.length === 0 || trueOrFalse(`-${name}`, values);
}

/** A flag with the value `true` or `false`; undefined when it is not there. */
function booleanFlag({ flags }: ErlFlags, name: string): boolean | undefined {
  const [values] = valuesOf(flags, name).slice(-1);
  return values === undefined ? undefined : trueOrFalse(`-${name}`, values);
}

function trueOrFalse(flag: string, values: readonly string[]): boolean {
  const [value] = values;
  if (values.length === 1 && (value === "true" || value === "false")) return value === "true";
  const found = values.length === 0 ? "nothing" : values.join(" ");
  throw new FlagError("ERR_FLAG_VALUE", flag, `expected true or false; found ${found}`);
}
