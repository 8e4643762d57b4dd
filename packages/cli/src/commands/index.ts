import type { Command } from "../command.ts";
import { call } from "./call.ts";
import { names } from "./names.ts";
import { ping } from "./ping.ts";

/** Every command of the tool but `epmd`, which has the command line of the real one. */
export const commands: readonly Command[] = [names, ping, call];
