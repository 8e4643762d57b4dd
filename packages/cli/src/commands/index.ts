import type { Command, CommandGroup } from "../command.ts";
import { call } from "./call.ts";
import { cert } from "./cert.ts";
import { names } from "./names.ts";
import { ping } from "./ping.ts";

/** Every command of the tool but `epmd`, which has the command line of the real one. */
export const commands: readonly (Command | CommandGroup)[] = [names, ping, call, cert];
