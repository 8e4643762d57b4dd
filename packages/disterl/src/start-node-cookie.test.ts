import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseErlFlags } from "./flags/erl-flags.ts";
import { startOptionsFromFlags } from "./flags/start-options-from-flags.ts";
import { startCluster } from "./testing/cluster/start-cluster.ts";

let home = "";
let file = "";

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "disterl-home-"));
  file = join(home, ".erlang.cookie");
});

afterEach(() => {
  rmSync(home, { recursive: true });
});

function writeCookie(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o400);
}

test("CK-1 the cookie file is made when distribution starts, not before, and not when a cookie is given", async () => {
  await using cluster = await startCluster();
  const env = { HOME: home };
  const a = await cluster.start({ name: "node@a", distribution: false, cookie: undefined, env });
  expect(existsSync(file)).toBe(false);
  expect(a.netKernel.getCookie().digest(1)).toEqual(
    (await cluster.start({ name: "node@b", cookie: "nocookie" })).netKernel.getCookie().digest(1),
  );
  a.netKernel.setCookie("given");
  await cluster.run(a.netKernel.start("node@a"));
  expect(existsSync(file)).toBe(false);
  const c = await cluster.start({ name: "node@c", cookie: undefined, env });
  expect(c.alive).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o400);
  expect(readFileSync(file, "latin1").length).toBeGreaterThanOrEqual(20);
});

test("CK-2 the cookie file is read again at each start of distribution", async () => {
  await using cluster = await startCluster();
  writeCookie(file, "the cookie of the first start");
  const a = await cluster.start({ name: "node@a", cookie: undefined, env: { HOME: home } });
  await cluster.start({ name: "node@b", cookie: "the cookie of the other start" });
  await expect(cluster.run(a.connect("node@b"))).rejects.toMatchObject({ layer: "handshake" });
  await cluster.run(a.netKernel.stop());
  rmSync(file);
  writeCookie(file, "the cookie of the other start");
  await cluster.run(a.netKernel.start("node@a"));
  await cluster.run(a.ping("node@b"));
});

test("CK-3 a cookie file that others can read: distribution does not start, and says why", async () => {
  await using cluster = await startCluster();
  writeCookie(file, "a cookie that everybody can read");
  chmodSync(file, 0o444);
  const a = await cluster.start({
    name: "node@a",
    distribution: false,
    cookie: undefined,
    env: { HOME: home },
  });
  await expect(cluster.run(a.netKernel.start("node@a"))).rejects.toMatchObject({
    code: "ERR_COOKIE_MODE",
  });
  expect(a.netKernel.state.started).toBe("no");
  chmodSync(file, 0o400);
  await cluster.run(a.netKernel.start("node@a"));
});

test("what is likely a mistake in a cookie file is told", async () => {
  await using cluster = await startCluster();
  writeCookie(file, "short ");
  const told: string[] = [];
  const onWarning = (message: string, code: string): void => void told.push(`${code} ${message}`);
  const env = { HOME: home };
  const settings = { name: "node@a", cookie: undefined, env, onWarning } as const;
  const a = await cluster.start({ ...settings, distribution: false });
  const events = a.status();
  await cluster.run(a.netKernel.start("node@a"));
  expect(told.map((line) => line.split(" ")[0])).toEqual(["cookie_trailing_space", "cookie_short"]);
  expect(told.join()).toContain(file);
  expect((await events.next()).value).toMatchObject({
    type: "warning",
    code: "cookie_trailing_space",
  });
});

test("-env HOME decides where the cookie is looked for", async () => {
  await using cluster = await startCluster();
  writeCookie(file, "the cookie of another home");
  const { options } = startOptionsFromFlags(
    parseErlFlags(["-env", "HOME", home], { HOME: "/none" }),
  );
  const { env } = options;
  const a = await cluster.start({ name: "node@a", cookie: undefined, env });
  await cluster.start({ name: "node@b", cookie: "the cookie of another home" });
  await cluster.run(a.ping("node@b"));
});
