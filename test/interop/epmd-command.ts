/** The `disterl epmd` command as a process: what the `disterl` program does for it, and no more. */
import { runEpmd } from "../../packages/cli/src/epmd/run-epmd.ts";
import { processIo } from "../../packages/cli/src/epmd/epmd-io.ts";

process.exitCode = await runEpmd(process.argv.slice(2), processIo([]));
