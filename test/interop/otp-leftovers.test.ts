import { execFileSync, fork, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, expect } from "vitest";
import { forEachOtp } from "./otp.ts";

const program = fileURLToPath(new URL("start-and-stay.mjs", import.meta.url));

/** Whether a process runs; one that ended and was not waited for does not. */
function isAlive(pid: number): boolean {
  const state = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout;
  return state.trim() !== "" && !state.startsWith("Z");
}

forEachOtp((otp, test) => {
  // The program that is killed is plain JavaScript: it takes what was built.
  beforeAll(() => {
    const root = fileURLToPath(new URL("../..", import.meta.url));
    execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "inherit" });
  }, 120_000);

  test("the harness", "no process outlives a test run that is killed", async () => {
    const child = fork(program, [otp.release], { execArgv: [] });
    const pids = await new Promise<number[]>((resolve, reject) => {
      child.once("message", (message) => resolve(message as number[]));
      child.once("exit", (code) => reject(new Error(`it ended with code ${code}`)));
    });
    expect(pids.length).toBe(2);
    expect(pids.filter(isAlive)).toEqual(pids);
    child.kill("SIGKILL");
    await expect.poll(() => pids.filter(isAlive), { timeout: 10_000 }).toEqual([]);
  });
});
