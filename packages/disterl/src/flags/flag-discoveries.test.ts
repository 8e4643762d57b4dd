import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Carrier } from "../carrier/carrier.ts";
import { type Discovery, noDiscovery } from "../epmd/discovery.ts";
import { parseErlFlags } from "./erl-flags.ts";
import { FlagError, type FlagErrorCode } from "./errors.ts";
import type { FlagDiscovery } from "./flag-discoveries.ts";
import { importFlagModules } from "./import-flag-modules.ts";
import { startOptionsFromFlags } from "./start-options-from-flags.ts";

const folder = mkdtempSync(join(tmpdir(), "disterl-modules-"));
afterAll(() => rmSync(folder, { recursive: true }));

const put = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

type Discoveries = Record<string, FlagDiscovery>;

function from(argv: readonly string[], discoveries: Discoveries = {}) {
  return startOptionsFromFlags(parseErlFlags(["-sname", "a", ...argv], {}), { discoveries });
}

function refusal(argv: readonly string[], discoveries: Discoveries = {}): FlagError {
  try {
    from(argv, discoveries);
  } catch (error) {
    if (error instanceof FlagError) return error;
    throw error;
  }
  throw new Error(`nothing was refused in ${argv.join(" ")}`);
}

const found = (argv: readonly string[]): Discovery | undefined => from(argv).options.discovery;

test("-epmd_module disterl_static_map takes its nodes from the kernel parameter", async () => {
  const nodes = "[{'app@db1', 5210}, {'shop@db2', {10,0,0,7}, 5211}]";
  const map = found(["-epmd_module", "disterl_static_map", "-kernel", "disterl_nodes", nodes]);
  expect(await map?.lookup("app", "db1")).toMatchObject({ port: 5210 });
  expect(await map?.lookup("shop", "db2")).toMatchObject({ port: 5211, address: "10.0.0.7" });
});

test("-kernel epmd_module disterl_file takes its file, also from sys.config", async () => {
  const nodes = put("nodes", "{'app@db1', 5210}.\n");
  const config = put(
    "sys.config",
    `[{kernel, [{epmd_module, disterl_file}, {disterl_nodes_file, ${JSON.stringify(nodes)}}]}].`,
  );
  expect(await found(["-config", config])?.lookup("app", "db1")).toMatchObject({ port: 5210 });
  const flags = ["-kernel", "epmd_module", "disterl_file", "disterl_nodes_file", `"${nodes}"`];
  expect(await found(flags)?.lookup("app", "db1")).toMatchObject({ port: 5210 });
});

test("-epmd_module disterl_dns_srv has a default, and two parameters", () => {
  expect(found(["-epmd_module", "disterl_dns_srv"])?.title).toContain("_{name}._tcp.{host}");
  const query = ["-kernel", "disterl_srv_query", '"_erlang._tcp.{host}"'];
  const argv = [...["-epmd_module", "disterl_dns_srv"], ...query];
  expect(found([...argv, "disterl_srv_servers", '["127.0.0.1:5353"]'])?.title).toContain("_erlang");
});

test("-epmd_module erl_epmd is epmd", () => {
  expect(from(["-epmd_module", "erl_epmd"]).options).not.toHaveProperty("discovery");
  expect(from(["-kernel", "epmd_module", "erl_epmd"]).options).not.toHaveProperty("discovery");
});

test("a discovery of the program, as it is or made for this command line", () => {
  expect(from(["-epmd_module", "mine"], { mine: noDiscovery }).options.discovery).toBe(noDiscovery);
  const made: unknown[] = [];
  const mine: FlagDiscovery = ({ parameter, epmdPort, startEpmd, env }) => {
    made.push(parameter("mine_zone"), parameter("other"), epmdPort, startEpmd, env["ZONE"]);
    return noDiscovery;
  };
  const argv = ["-epmd_module", "mine", "-kernel", "mine_zone", "7", "-start_epmd", "false"];
  from([...argv, "-env", "ZONE", "east", "-env", "ERL_EPMD_PORT", "4370"], { mine });
  expect(made).toEqual([7, undefined, 4370, false, "east"]);
});

test("-no_epmd goes with whatever else finds nodes", async () => {
  const fixed = found(["-no_epmd", "-erl_epmd_port", "5210"]);
  expect(await fixed?.lookup("b", "h")).toMatchObject({ port: 5210 });
  expect((await fixed?.register("a", 5210))?.creation).toBeUndefined();
  const { options } = from(["-no_epmd", "-epmd_module", "mine"], { mine: noDiscovery });
  expect(options).toMatchObject({ discovery: noDiscovery, epmd: { start: false } });
  const sockets = from(["-no_epmd", "-proto_dist", "erl_uds"]).options;
  expect(sockets).toMatchObject({ carrier: { findsNodes: true }, epmd: { start: false } });
  expect(refusal(["-no_epmd"]).flag).toBe("-no_epmd");
  expect(refusal(["-no_epmd", "-epmd_module", "erl_epmd"]).flag).toBe("-no_epmd");
});

test("a fixed port is where the node listens, whatever the range says, as in OTP", () => {
  const argv = ["-erl_epmd_port", "5210", "-kernel", "inet_dist_listen_min", "30000"];
  const { options, warnings } = from(argv);
  expect(options.listen).toEqual({ host: "0.0.0.0" });
  expect(options.epmd?.nodePort).toBe(5210);
  expect(warnings.join()).toContain("inet_dist_listen_min has no effect: -erl_epmd_port");
});

test("with another discovery -erl_epmd_port is the port that this node listens on", () => {
  const { options } = from(["-epmd_module", "mine", "-erl_epmd_port", "5210"], {
    mine: noDiscovery,
  });
  expect(options).toMatchObject({ discovery: noDiscovery, listen: { port: 5210 } });
});

test.each<[string[], FlagErrorCode, string]>([
  [["-epmd_module", "erl_epmd", "-kernel", "epmd_module", "erl_epmd"], "ERR_FLAG_CONFLICT", "both"],
  [["-epmd_module"], "ERR_FLAG_VALUE", "one module; found nothing"],
  [["-epmd_module", "a", "b"], "ERR_FLAG_VALUE", "one module; found a b"],
  [["-epmd_module", "mine"], "ERR_FLAG_NOT_SUPPORTED", "importFlagModules"],
  [["-epmd_module", "constructor"], "ERR_FLAG_NOT_SUPPORTED", "no discovery is called"],
  [["-kernel", "epmd_module", '"mine"'], "ERR_FLAG_VALUE", "the name of a module"],
  [["-epmd_module", "disterl_static_map"], "ERR_FLAG_VALUE", "-kernel disterl_nodes"],
  [["-epmd_module", "disterl_file"], "ERR_FLAG_VALUE", "-kernel disterl_nodes_file"],
])("%j is refused", (argv, code, part) => {
  const error = refusal(argv);
  expect(error.code).toBe(code);
  expect(error.message).toContain(part === "both" ? "is given together with" : part);
});

test.each([
  ["disterl_static_map", "disterl_nodes", "{'a@h', 1}", "a list of"],
  ["disterl_static_map", "disterl_nodes", "[{'a@h', 0}]", "from 1 to 65535"],
  ["disterl_static_map", "disterl_nodes", "[{app, 1}]", "no full node name"],
  ["disterl_file", "disterl_nodes_file", "7", 'text, "..."'],
  ["disterl_file", "disterl_nodes_file", "[]", 'text, "..."'],
  ["disterl_dns_srv", "disterl_srv_query", '"fixed.example.org"', "{name} or {host}"],
  ["disterl_dns_srv", "disterl_srv_servers", '["nowhere"]', "nowhere"],
  ["disterl_dns_srv", "disterl_srv_servers", '"10.0.0.2"', 'text, "..."'],
])("%s: a bad %s is an error that names it", (module, key, value, part) => {
  const error = refusal(["-epmd_module", module, "-kernel", key, value]);
  expect(error.flag).toBe(`-kernel ${key}`);
  expect(error.message).toContain(part);
});

test("what is no discovery is refused", () => {
  const mine = { lookup: () => undefined } as unknown as Discovery;
  expect(refusal(["-epmd_module", "mine"], { mine }).message).toContain("mine is no discovery");
});

test("modules that a command line names are imported from the folders of -pa", async () => {
  mkdirSync(join(folder, "ebin"), { recursive: true });
  put(
    "ebin/zone_epmd.mjs",
    `export default ({ parameter }) => ({
      listenPort: parameter("zone_port"),
      register: async () => ({ creation: undefined, unregister: async () => {} }),
      lookup: async () => undefined,
      names: async () => [],
    });`,
  );
  put("ebin/my_dist.mjs", "export default { name: 'my_dist' };");
  put("ebin/my_verify.mjs", "export const check = () => ['valid', undefined];");
  put("ssl.conf", "[{server, [{verify_fun, {fun my_verify:check/3, []}}]}].");
  const parsed = parseErlFlags(
    [
      ...["-pa", "nowhere", "ebin", "-epmd_module", "zone_epmd", "-kernel", "zone_port", "5999"],
      ...["-ssl_dist_optfile", join(folder, "ssl.conf"), "-proto_dist", "my_dist"],
    ],
    {},
  );
  const { modules, carriers, discoveries } = await importFlagModules(parsed, { from: folder });
  expect(Object.keys(modules)).toEqual(["my_verify"]);
  expect(modules["my_verify"]?.["check"]).toBeTypeOf("function");
  expect((carriers["my_dist"] as Carrier).name).toBe("my_dist");
  const flags = parseErlFlags(["-epmd_module", "zone_epmd", "-kernel", "zone_port", "5999"], {});
  const { options } = startOptionsFromFlags(flags, { discoveries });
  expect(options.discovery?.listenPort).toBe(5999);
});

test("without -pa nothing is imported, and names lead out of no folder", async () => {
  put("evil.mjs", "throw new Error('imported');");
  const none = { modules: {}, carriers: {}, discoveries: {} };
  const named = ["-epmd_module", "evil"];
  expect(await importFlagModules(parseErlFlags(named, {}), { from: folder })).toEqual(none);
  const outside = parseErlFlags(["-pa", "ebin", "-epmd_module", "../evil"], {});
  expect(await importFlagModules(outside, { from: folder })).toEqual(none);
  const builtIn = parseErlFlags(["-pa", "ebin", "-epmd_module", "disterl_file"], {});
  expect(await importFlagModules(builtIn, { from: folder })).toEqual(none);
});

test("a module that cannot be imported, or has no default export, is an error", async () => {
  put("broken.mjs", "throw new Error('it broke');");
  put("empty.js", "module.exports = undefined;");
  const load = (module: string) =>
    importFlagModules(parseErlFlags(["-pa", folder, "-epmd_module", module], {}));
  await expect(load("broken")).rejects.toThrow("it broke");
  await expect(load("broken")).rejects.toThrow(FlagError);
  await expect(load("empty")).rejects.toThrow("no default export that is a discovery");
});

test.each<[readonly string[], FlagErrorCode, string]>([
  [["disterl_nodes", "[]"], "ERR_FLAG_CONFLICT", "-epmd_module disterl_static_map"],
  [["disterl_srv_query", '"{name}"'], "ERR_FLAG_CONFLICT", "-epmd_module disterl_dns_srv"],
  [["disterl_nodes_flie", '"nodes"'], "ERR_FLAG_NOT_SUPPORTED", "disterl_nodes_file"],
])("a parameter of a discovery that is not chosen is refused: %j", (given, code, part) => {
  for (const module of [[], ["-epmd_module", "disterl_file"], ["-epmd_module", "erl_epmd"]]) {
    const file = module[1] === "disterl_file" ? ["-kernel", "disterl_nodes_file", '"f"'] : [];
    const error = refusal([...module, ...file, "-kernel", ...given]);
    expect(error.code).toBe(code);
    expect(error.message).toContain(part);
  }
  const mine = { mine: () => noDiscovery };
  expect(from(["-epmd_module", "mine", "-kernel", ...given], mine).options.discovery).toBe(
    noDiscovery,
  );
});

test("a node that is twice in the static map of the command line is refused", () => {
  const nodes = "[{'app@db1', 5210}, {'app@db1', 5211}]";
  const argv = ["-epmd_module", "disterl_static_map", "-kernel", "disterl_nodes", nodes];
  expect(refusal(argv).message).toContain("app@db1 is there twice");
});

test("folders of -pa that cannot be looked into are errors with their names", async () => {
  const archive = put("archive.ez", "");
  symlinkSync(join(folder, "circle.mjs"), join(folder, "circle.mjs"));
  const flags = parseErlFlags(["-pa", `${archive}/ebin`, "-epmd_module", "circle"], {});
  expect((await importFlagModules(flags)).discoveries).toEqual({});
  const circle = parseErlFlags(["-pa", folder, "-epmd_module", "circle"], {});
  await expect(importFlagModules(circle)).rejects.toMatchObject({
    code: "ERR_FLAG_FILE",
    message: expect.stringContaining("circle.mjs cannot be looked for"),
  });
  await expect(importFlagModules(flags, { form: "." } as object)).rejects.toThrow(
    'importFlagModules has no option "form"',
  );
});
