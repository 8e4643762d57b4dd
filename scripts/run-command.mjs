import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The folder of the clone. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Runs a command in the clone; its output is shown as it comes. Programs of npm packages are found
 * by name. Gives the exit code; 127 when the command cannot be started.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] added to the environment
 * @returns {Promise<number>}
 */
export function runCommand(command, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit", env: environment(env) });
    child.once("error", (error) => {
      console.log(`${command}: ${error.message}`);
      resolve(127);
    });
    child.once("close", (code, signal) => {
      if (signal !== null) console.log(`${command}: ended by ${signal}`);
      resolve(code ?? 1);
    });
  });
}

/**
 * Runs a command and gives what it printed; nothing is shown.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
export function captureCommand(command, args, env = {}) {
  const done = spawnSync(command, args, {
    cwd: root,
    encoding: "utf8",
    env: environment(env),
    maxBuffer: 64 * 1024 * 1024,
  });
  const code = done.error === undefined ? (done.status ?? 1) : 127;
  const output = `${done.stdout ?? ""}${done.stderr ?? ""}${done.error?.message ?? ""}`;
  return { code, output, stdout: done.stdout ?? "" };
}

/** Whether a program can be started. */
export function hasProgram(name) {
  return captureCommand("sh", ["-c", `command -v ${name}`]).code === 0;
}

/** `npm` as an argument list, also where only the running npm knows where it is. */
export function npm(...args) {
  const script = process.env["npm_execpath"];
  return script?.endsWith(".js") ? [process.execPath, [script, ...args]] : ["npm", args];
}

function environment(env) {
  return { ...process.env, PATH: `${root}node_modules/.bin:${process.env["PATH"]}`, ...env };
}
