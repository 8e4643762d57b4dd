// npm start: installs and builds what is missing, then runs the demo with the given arguments.
import { buildWhenNeeded } from "./build.mjs";
import { installPackages } from "./install.mjs";
import { root, runCommand } from "./run-command.mjs";

if (!(await installPackages({ quiet: true })) || !(await buildWhenNeeded())) process.exit(1);
// Without the `--` of `npm start -- --tls` npm takes the option for one of its own, and says so only here.
const taken = ["tls", "stay"].filter((name) => process.env[`npm_config_${name}`] === "true");
const options = [...process.argv.slice(2), ...taken.map((name) => `--${name}`)];
const demo = [`${root}examples/demo.mjs`, ...options];
process.exitCode = await runCommand(process.execPath, demo);
