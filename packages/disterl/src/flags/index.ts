/**
 * Erlang's command line: `-name`, `-setcookie`, `-kernel …`, `ERL_FLAGS` and argument files, made into
 * the options of `startNode`.
 *
 * @module
 */
export {
  type Environment,
  type ErlFlag,
  type ErlFlags,
  hasFlag,
  parseErlFlags,
  valuesOf,
} from "./erl-flags.ts";
export { FlagError, type FlagErrorCode } from "./errors.ts";
export type { DiscoveryParameters, FlagDiscovery } from "./flag-discoveries.ts";
export {
  type FlagModules,
  type ImportFlagModulesOptions,
  importFlagModules,
} from "./import-flag-modules.ts";
export type { FlagCarrier } from "./proto-dist.ts";
export { splitArguments } from "./split-arguments.ts";
export type { VerifyModules } from "./ssl-structures.ts";
export {
  type FlagContext,
  type FlagOptions,
  startOptionsFromFlags,
} from "./start-options-from-flags.ts";
