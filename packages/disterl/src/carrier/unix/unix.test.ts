import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import * as net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterEach, expect, test } from "vitest";
import { CarrierError } from "../errors.ts";
import { unixSocket } from "./unix.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "uds-"));
  folders.push(made);
  return made;
}
const ignore = (): void => {};
async function failure(promise: Promise<unknown>): Promise<CarrierError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CarrierError);
  return error as CarrierError;
}
/** What a node that was killed leaves: a socket that nobody listens on. */
function leaveDead(path: string): void {
  const script = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", script]);
  expect(lstatSync(path).isSocket()).toBe(true);
}

test("the file is called as the node is before its @, is ours alone, and goes with the listener", async () => {
  const directory = join(folder(), "nodes");
  const carrier = unixSocket({ directory });
  const listener = await carrier.listen({ node: "app@localhost" }, ignore);
  const path = join(directory, "app");
  expect(listener.address).toEqual({ family: "local", address: path, port: 0 });
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(lstatSync(path).mode & 0o777).toBe(0o600);
  await listener.close();
  expect(readdirSync(directory)).toEqual([]);
});

test("a socket that a dead node has left is taken over, and nothing else is left", async () => {
  const directory = folder();
  leaveDead(join(directory, "app"));
  const carrier = unixSocket({ directory });
  expect((await failure(carrier.connect({ host: "h", port: 0, node: "app@h" }))).code).toBe(
    "ERR_CARRIER_REFUSED",
  );
  const listener = await carrier.listen({ node: "app@localhost" }, ignore);
  expect(readdirSync(directory)).toEqual(["app"]);
  await listener.close();
});

test("of several that take over at once one gets it", async () => {
  const directory = folder();
  leaveDead(join(directory, "app"));
  const all = await Promise.allSettled(
    Array.from({ length: 8 }, () => unixSocket({ directory }).listen({ node: "app@h" }, ignore)),
  );
  const won = all.filter((one) => one.status === "fulfilled");
  expect(won).toHaveLength(1);
  for (const one of all) {
    if (one.status === "rejected")
      expect((one.reason as CarrierError).code).toBe("ERR_CARRIER_ADDRESS_IN_USE");
  }
  expect(readdirSync(directory)).toEqual(["app"]);
  const channel = await unixSocket({ directory }).connect({ host: "h", port: 0, node: "app@h" });
  channel.destroy();
  for (const one of won) await one.value.close();
});

test("a live node keeps its socket", async () => {
  const directory = folder();
  const carrier = unixSocket({ directory });
  const listener = await carrier.listen({ node: "app@a" }, ignore);
  const error = await failure(carrier.listen({ node: "app@b" }, ignore));
  expect(error.code).toBe("ERR_CARRIER_ADDRESS_IN_USE");
  expect(error.message).toContain("a node of that name listens there");
  const channel = await carrier.connect({ host: "a", port: 0, node: "app@a" });
  channel.destroy();
  await listener.close();
});

test.each(["a file", "a symbolic link to a socket", "a directory"])(
  "%s in its place is left alone",
  async (what) => {
    const directory = folder();
    const path = join(directory, "app");
    if (what === "a file") writeFileSync(path, "precious");
    else if (what === "a directory") mkdirSync(path);
    else {
      leaveDead(join(directory, "other"));
      symlinkSync(join(directory, "other"), path);
    }
    const before = readdirSync(directory);
    const error = await failure(unixSocket({ directory }).listen({ node: "app@h" }, ignore));
    expect(error.code).toBe("ERR_CARRIER_ADDRESS");
    expect(error.message).toContain("left alone");
    expect(readdirSync(directory)).toEqual(before);
  },
);

test("what somebody else has put in the place of a removed socket stays when the listener closes", async () => {
  const directory = folder();
  const path = join(directory, "app");
  const listener = await unixSocket({ directory }).listen({ node: "app@h" }, ignore);
  unlinkSync(path);
  const other = net.createServer().listen(path);
  await new Promise((resolve) => other.once("listening", resolve));
  await listener.close();
  expect(readdirSync(directory)).toEqual(["app"]);
  await new Promise((resolve) => other.close(resolve));
});

test("a listener closes whatever has taken the place of its file, or of its directory", async () => {
  const directory = join(folder(), "nodes");
  const path = join(directory, "app");
  const carrier = unixSocket({ directory });
  const first = await carrier.listen({ node: "app@h" }, ignore);
  unlinkSync(path);
  mkdirSync(path);
  await first.close();
  expect(readdirSync(directory)).toEqual(["app"]);
  rmSync(path, { recursive: true });
  const second = await carrier.listen({ node: "app@h" }, ignore);
  rmSync(directory, { recursive: true });
  writeFileSync(directory, "precious");
  expect(carrier.reaches?.("app@h")).toBe(false);
  await second.close();
  expect(lstatSync(directory).isFile()).toBe(true);
});

/** Runs a program that listens as `app@h` in the directory of its first argument. */
function runListening(directory: string, then: string): ReturnType<typeof spawnSync> {
  const entry = new URL("./unix.ts", import.meta.url).pathname;
  const built = buildSync({
    stdin: {
      contents: `
        import { existsSync, rmSync, writeFileSync } from "node:fs";
        import { unixSocket } from ${JSON.stringify(entry)};
        const directory = process.argv[1];
        await unixSocket({ directory }).listen({ node: "app@h" }, () => {});
        ${then}`,
      resolveDir: ".",
    },
    ...{ bundle: true, write: false, format: "esm", platform: "node" },
  });
  const [{ text } = { text: "" }] = built.outputFiles ?? [];
  return spawnSync(process.execPath, ["--input-type=module", "-e", text, directory], {
    encoding: "utf8",
  });
}

test("a program ends as it wants to, also when the directory has gone meanwhile", () => {
  const directory = join(folder(), "nodes");
  const run = runListening(
    directory,
    `rmSync(directory, { recursive: true }); writeFileSync(directory, ""); process.exit(3);`,
  );
  expect([run.status, run.stderr]).toEqual([3, ""]);
});

test("the file goes when the program ends by process.exit", () => {
  const directory = folder();
  const run = runListening(
    directory,
    `console.log(existsSync(directory + "/app")); process.exit(0);`,
  );
  expect(String(run.stdout).trim(), String(run.stderr)).toBe("true");
  expect(existsSync(join(directory, "app"))).toBe(false);
});

test.each([
  [0o777, "user", "everybody can write to it (mode 0777)"],
  [0o1777, "user", "everybody can write to it (mode 1777)"],
  [0o770, "user", "its group can write to it (mode 0770)"],
  [0o777, "group", "everybody can write to it (mode 0777)"],
] as const)("a directory of mode %o, for the %s, is refused", async (mode, access, text) => {
  const directory = folder();
  chmodSync(directory, mode);
  const carrier = unixSocket({ directory, access });
  for (const attempt of [
    carrier.listen({ node: "app@h" }, ignore),
    carrier.connect({ node: "app@h", host: "h", port: 0 }),
  ]) {
    const error = await failure(attempt);
    expect(error.code).toBe("ERR_CARRIER_ADDRESS");
    expect(error.message).toContain(text);
  }
  expect(readdirSync(directory)).toEqual([]);
});

test("a directory in one that everybody can write to is refused", async () => {
  const outer = folder();
  chmodSync(outer, 0o777);
  const error = await failure(
    unixSocket({ directory: join(outer, "nodes") }).listen({ node: "a@h" }, ignore),
  );
  expect(error.message).toContain(`everybody can write to ${outer}`);
});

test("a group may share a directory, and connect", async () => {
  const directory = folder();
  chmodSync(directory, 0o770);
  const listener = await unixSocket({ directory, access: "group" }).listen(
    { node: "app@h" },
    ignore,
  );
  expect(lstatSync(join(directory, "app")).mode & 0o777).toBe(0o660);
  await listener.close();
});

test("a path of 107 bytes works, one of 108 is an error that says so", async () => {
  const inside = folder();
  const directory = join(inside, "d".repeat(99 - inside.length));
  const carrier = unixSocket({ directory });
  const listener = await carrier.listen({ node: "sixsix@h" }, ignore);
  expect(listener.address.address).toHaveLength(107);
  await listener.close();
  for (const attempt of [
    carrier.listen({ node: "seven77@h" }, ignore),
    carrier.connect({ node: "seven77@h", host: "h", port: 0 }),
  ]) {
    const error = await failure(attempt);
    expect(error.code).toBe("ERR_CARRIER_ADDRESS");
    expect(error.message).toMatch(/at most 107 bytes here, and .* has 108/);
  }
});

test("a name that is no name of a file is refused before anything is looked at", async () => {
  const directory = folder();
  const carrier = unixSocket({ directory });
  for (const node of ["../app@h", "a/b@h", ".@h", "@h", ""]) {
    expect((await failure(carrier.connect({ node, host: "h", port: 0 }))).code).toBe(
      "ERR_CARRIER_ADDRESS",
    );
    expect(carrier.reaches?.(node)).toBe(false);
  }
});

test("beside other carriers it is for nodes of its hosts that have a socket", async () => {
  const directory = folder();
  const carrier = unixSocket({ directory });
  expect(carrier.reaches?.("app@here")).toBe(false);
  const listener = await carrier.listen({ node: "app@here" }, ignore);
  expect(carrier.reaches?.("app@here")).toBe(true);
  expect(carrier.reaches?.("app@there")).toBe(false);
  expect(carrier.reaches?.("other@here")).toBe(false);
  expect(unixSocket({ directory, hosts: ["there"] }).reaches?.("app@there")).toBe(true);
  await listener.close();
  expect(carrier.reaches?.("app@here")).toBe(false);
});

test("wrong options are errors at the call", () => {
  expect(() => unixSocket({ directory: "" })).toThrow(TypeError);
  expect(() => unixSocket({ directory: "/x", access: "all" as "user" })).toThrow(
    'access is "user" or "group"',
  );
  const directory = "/x";
  const misspelt = { directory, acces: "group" };
  expect(() => unixSocket(misspelt)).toThrow('unixSocket has no option "acces"');
  expect(() => unixSocket({ directory, hosts: "db1" as unknown as string[] })).toThrow(
    "hosts is a list of hosts",
  );
});
