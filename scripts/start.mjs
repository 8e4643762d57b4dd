// npm start: installs and builds what is missing, then runs the demo with the given arguments.
import { buildWhenNeeded } from "./build.mjs";
import { installPackages } from "./install.mjs";
import { root, runCommand } from "./run-command.mjs";

if (!(await installPackages({ quiet: true })) || !(await buildWhenNeeded())) process.exit(1);
const demo = [`${root}examples/demo.mjs`, ...process.argv.slice(2)];
process.exitCode = await runCommand(process.execPath, demo);
