import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { failure } from "../../../../../test/node-events.ts";
import { fileDiscovery } from "./file-discovery.ts";
import { staticMap } from "./static-map.ts";

const folder = mkdtempSync(join(tmpdir(), "disterl-nodes-"));
afterAll(() => rmSync(folder, { recursive: true }));

const put = (name: string, text: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test("a static map tells places, and the node that is in it where it listens", async () => {
  const map = staticMap({
    "app@db1": 5210,
    "shop@db1": { port: 5211, address: "10.0.0.7", carrier: "inet_tls" },
    "far@db2": { port: 5212, host: "tunnel.example.org" },
  });
  expect(await map.lookup("app", "db1")).toEqual({ port: 5210, version: 5 });
  expect(await map.lookup("shop", "db1")).toMatchObject({
    port: 5211,
    address: "10.0.0.7",
    carrier: "inet_tls",
  });
  expect(await map.lookup("far", "db2")).toMatchObject({ address: "tunnel.example.org" });
  expect(await map.lookup("app", "db2")).toBeUndefined();
  expect(await map.listenPortPlease?.("shop", "db1")).toBe(5211);
  expect(await map.listenPortPlease?.("nobody", "db1")).toBeUndefined();
  expect(await map.names("db1")).toEqual([
    { name: "app", port: 5210 },
    { name: "shop", port: 5211 },
  ]);
  const registration = await map.register("app", 5210);
  expect(registration.creation).toBeUndefined();
  await registration.unregister();
});

test.each([
  [{ app: 5210 }, "no full node name"],
  [{ "a@b@c": 5210 }, "no full node name"],
  [{ "app@db1": 0 }, "1 to 65535"],
  [{ "app@db1": 65_536 }, "1 to 65535"],
  [{ "app@db1": { port: 5210, address: "db2" } }, "an IP address, not db2"],
  [{ "app@db1": { port: 5210, host: "no host" } }, "the name of a host"],
  [{ "app@db1": { port: 5210, carrier: "" } }, "carrier"],
  [{ "app@db1": { port: 5210, adress: "10.0.0.7" } }, 'the place of app@db1 has no "adress"'],
  [{ "app@db1": null }, "the place of app@db1"],
  [{ "app@db1": "5210" }, "the place of app@db1"],
])("a static map with nonsense is refused: %j", (nodes, part) => {
  expect(() => staticMap(nodes as Record<string, number>)).toThrow(TypeError);
  expect(() => staticMap(nodes as Record<string, number>)).toThrow(part);
});

test("a file of nodes is read, and again when it has changed", async () => {
  const path = put(
    "nodes",
    `%% who is where
{'app@db1', 5210}.
{'shop@db2', {10,0,0,7}, 5211}.
{"mail@db3", "mail.example.org", 5212, inet_tls}. {six@db4, {65152,0,0,0,0,0,0,1}, 5213}.
`,
  );
  const file = fileDiscovery(path);
  expect(await file.lookup("app", "db1")).toMatchObject({ port: 5210, address: undefined });
  expect(await file.lookup("shop", "db2")).toMatchObject({ port: 5211, address: "10.0.0.7" });
  expect(await file.lookup("mail", "db3")).toMatchObject({
    port: 5212,
    address: "mail.example.org",
    carrier: "inet_tls",
  });
  expect(await file.lookup("six", "db4")).toMatchObject({ address: "fe80:0:0:0:0:0:0:1" });
  expect(await file.names("db1")).toEqual([{ name: "app", port: 5210 }]);
  expect(await file.listenPortPlease?.("app", "db1")).toBe(5210);
  put("nodes", "{'app@db1', 6210}.\n");
  expect(await file.lookup("app", "db1")).toMatchObject({ port: 6210 });
  expect(await file.lookup("shop", "db2")).toBeUndefined();
});

test("while the file is wrong nobody is found; when it is mended all is well again", async () => {
  const path = put("mended", "{'app@db1', 5210}.");
  const file = fileDiscovery(path);
  await file.register("x", 1);
  put("mended", "{'app@db1', }.");
  await expect(file.lookup("app", "db1")).rejects.toMatchObject({
    facts: { path, line: 1, column: 13 },
  });
  rmSync(path);
  await expect(file.register("x", 1)).rejects.toThrow("ENOENT");
  put("mended", "{'app@db1', 5211}.");
  const all = await Promise.all([1, 2, 3].map(() => file.lookup("app", "db1")));
  expect(all.map((found) => found?.port)).toEqual([5211, 5211, 5211]);
});

test.each([
  ["{'app@db1', 5210}", 1, 18, '"." at the end'],
  ["{'a@h', 1}.\n{'b@h', 2\n}}.", 3, 2, "found"],
  ["%\n  {app, 5210}.", 2, 3, "no full node name"],
  ["{'a@h', 1}. {'a@h', 2}.", 1, 13, "a@h is there twice"],
  ["{'ä@h', 1}. {'b@h', \"x y\", 2}.", 1, 13, "the name of a host"],
  ["[{'app@db1', 5210}].", 1, 1, "expected {'app@host', Port}"],
  ["{'app@db1', {127,0,0,256}, 5210}.", 1, 1, "the address of app@db1"],
  ["{'app@db1', {127,0,0,1}, 65536}.", 1, 1, "1 to 65535"],
  ["{'app@db1', \"5210\"}.", 1, 1, "the port of app@db1"],
  ["{'app@db1', 'h', 5210, 7}.", 1, 1, "the carrier of app@db1"],
  ["{'app@db1'}.", 1, 1, "expected {'app@host', Port}"],
  ["\n\n{X, 5210}.", 3, 2, "found"],
  ["[".repeat(100_000), 1, 100_001, "found"],
])("CF-10 a file that is wrong, %#: line %i... is told", async (text, line, column, part) => {
  const error = await failure(fileDiscovery(put("wrong", text)).lookup("app", "db1"));
  expect(error).toMatchObject({ code: "ERR_DISCOVERY_FILE", facts: { line, column } });
  expect(String(error)).toContain(part);
  expect(String(error)).toContain(`line ${line}, column ${column}`);
});

test("CF-10 what is no file of terms at all is one error that names it", async () => {
  const why = async (path: string): Promise<string> => {
    const error = await failure(fileDiscovery(path).lookup("app", "db1"));
    expect(error).toMatchObject({ code: "ERR_DISCOVERY_FILE", facts: { path } });
    expect(String(error)).toContain(path);
    return String(error);
  };
  expect(await why(folder)).toContain("not a regular file");
  expect(await why("/dev/zero")).toContain("not a regular file");
  expect(await why(join(folder, "none"))).toContain("ENOENT");
  expect(await why(put("latin", Uint8Array.of(0x7b, 0xff)))).toContain("UTF-8");
  expect(await why(put("big", "%".repeat(300_000)))).toContain("more than 262144 bytes");
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  expect(await why(pipe)).toContain("not a regular file");
  expect(() => fileDiscovery("")).toThrow(TypeError);
});

test("the longest file that is read has thousands of nodes", async () => {
  const line = (at: number): string => `{'n${at}@host', ${1 + at}}.\n`;
  let text = "";
  for (let at = 0; text.length < 260_000; at++) text += line(at);
  const file = fileDiscovery(put("long", text));
  expect(await file.lookup("n7000", "host")).toMatchObject({ port: 7001 });
});
