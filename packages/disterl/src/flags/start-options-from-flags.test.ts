import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { EpmdError } from "../epmd/errors.ts";
import type { StartNodeOptions } from "../start-options.ts";
import { parseErlFlags } from "./erl-flags.ts";
import { FlagError, type FlagErrorCode } from "./errors.ts";
import { startOptionsFromFlags } from "./start-options-from-flags.ts";

function from(argv: readonly string[], env: Record<string, string> = {}) {
  return startOptionsFromFlags(parseErlFlags(argv, env));
}

function options(...argv: string[]): StartNodeOptions {
  return from(argv).options;
}

function refusal(argv: readonly string[]): FlagError {
  try {
    from(argv);
  } catch (error) {
    if (error instanceof FlagError) return error;
    throw error;
  }
  throw new Error(`nothing was refused in ${argv.join(" ")}`);
}

test("as with erl, a node is visible and listens everywhere", () => {
  const found = from(["-sname", "a"]);
  expect(found.options).toEqual({
    name: "a",
    nameDomain: "shortnames",
    hidden: false,
    listen: { host: "0.0.0.0" },
    epmd: { port: 4369, start: true },
  });
  // startNode warns of it.
  expect(found.warnings).toEqual([]);
});

test("the flags of a hardened start give exactly these options, without a warning", () => {
  const found = from([
    ...["-name", "a@vm.example.org", "-hidden", "-start_epmd", "false"],
    ...["-kernel", "net_ticktime", "8", "net_tickintensity", "8", "net_setuptime", "3"],
    ...["-kernel", "inet_dist_use_interface", "{127,0,0,1}"],
    ...["-kernel", "inet_dist_listen_min", "30000", "inet_dist_listen_max", "30010"],
    ...["-kernel", "dist_auto_connect", "never", "dist_nodelay", "true"],
    ...["-allow", "a@h,b@h", "c@h", "+zdbbl", "2048"],
  ]);
  expect(found).toEqual({
    options: {
      name: "a@vm.example.org",
      nameDomain: "longnames",
      hidden: true,
      listen: { host: "127.0.0.1", port: 30_000, lastPort: 30_010 },
      epmd: { port: 4369, start: false },
      netTickTime: 8,
      netTickIntensity: 8,
      netSetupTime: 3,
      distAutoConnect: "never",
      allow: ["a@h", "b@h", "c@h"],
      limits: { distBusyBytes: 2048 * 1024 },
    },
    warnings: [],
  });
});

test("CL-1 of several names the first counts", () => {
  const { options: found, warnings } = from(["-sname", "a", "-name", "b@x.y"]);
  expect(found.name).toBe("a");
  expect(found.nameDomain).toBe("shortnames");
  expect(warnings.join()).toContain("-sname a counts");
  expect(options()).not.toHaveProperty("name");
});

test.each([[["-sname"]], [["-name", "a", "b"]]])("CL-1 %j: one name is expected", (argv) => {
  expect(refusal(argv).message).toMatch(/^-s?name: expected one name; found (nothing|a b)$/);
});

test.each(["undefined", "undefined@vm"])(
  "CL-2 %s: a dynamic name neither listens nor is visible",
  (name) => {
    expect(options("-sname", name)).toMatchObject({ name, hidden: true, listen: false });
  },
);

test.each([
  [["-hidden"], true],
  [["-hidden", "true"], true],
  [["-hidden", "false"], false],
  [[], false],
])("CL-3 %j: hidden is %s", (argv, hidden) => {
  expect(options("-sname", "a", ...argv).hidden).toBe(hidden);
});

test("CL-4 -dist_listen false: no listener, hidden", () => {
  expect(options("-sname", "a", "-dist_listen", "false")).toMatchObject({
    listen: false,
    hidden: true,
  });
  expect(options("-sname", "a", "-dist_listen", "true").listen).not.toBe(false);
});

test("CL-5, CL-6 cookies", () => {
  const found = options("-sname", "a", "-setcookie", "own", "-setcookie", "b@vm", "other");
  expect(found.cookie).toBeDefined();
  expect(Object.keys(found.cookies ?? {})).toEqual(["b@vm"]);
  expect(options("-sname", "a")).not.toHaveProperty("cookie");
});

test("CL-14, KP-4 a fixed port is the port of every node", () => {
  for (const argv of [
    ["-erl_epmd_port", "5210"],
    ["-kernel", "erl_epmd_node_listen_port", "5210"],
  ]) {
    const given = options("-sname", "a", "-start_epmd", "false", ...argv);
    expect(given.epmd).toEqual({ port: 4369, start: false, nodePort: 5210 });
    expect(given).not.toHaveProperty("discovery");
  }
  const both = ["-erl_epmd_port", "1", "-kernel", "erl_epmd_node_listen_port", "1"];
  expect(refusal(both).code).toBe("ERR_FLAG_CONFLICT");
});

test("CL-9 inet6_tcp listens on IPv6", () => {
  const argv = ["-sname", "a", "-proto_dist", "inet6_tcp"];
  expect(options(...argv)).toMatchObject({
    carrier: { name: "inet6_tcp" },
    listen: { host: "::", socket: { ipv6Only: false } },
  });
  const one = "{0,0,0,0,0,0,0,1}";
  expect(options(...argv, "-kernel", "inet_dist_use_interface", one).listen).toEqual({
    host: "::1",
  });
  expect(refusal([...argv, "-kernel", "inet_dist_use_interface", "{127,0,0,1}"]).code).toBe(
    "ERR_FLAG_CONFLICT",
  );
  expect(refusal(["-kernel", "inet_dist_use_interface", one]).code).toBe("ERR_FLAG_CONFLICT");
});

test.each<[string[], FlagErrorCode, string]>([
  [["-proto_dist", "nope"], "ERR_FLAG_NOT_SUPPORTED", "inet_tcp"],
  [["-proto_dist"], "ERR_FLAG_VALUE", "expected a carrier"],
  [["-no_epmd"], "ERR_FLAG_NOT_SUPPORTED", "-erl_epmd_port"],
  [["-epmd_module", "mine"], "ERR_FLAG_NOT_SUPPORTED", "no discovery is called mine"],
  [["-kernel", "global_groups", "[]"], "ERR_FLAG_NOT_SUPPORTED", "global_groups"],
])("what cannot be had is refused, never left out: %j", (argv, code, part) => {
  const error = refusal(["-sname", "a", ...argv]);
  expect(error.code).toBe(code);
  expect(error.message).toContain(part);
  expect(error.message).toContain(argv.includes("-kernel") ? `-kernel ${argv[1]}` : argv[0]);
});

const INTERFACE = "-kernel inet_dist_use_interface";

test.each([
  ['"127.0.0.1"', "write {127,0,0,1}"],
  ["'127.0.0.1'", "write {127,0,0,1}"],
  ["localhost", "an address tuple such as {127,0,0,1}"],
  ["{127,0,0}", "four octets"],
  ["{127,0,0,1,1}", "four octets"],
  ["{127,0,0,256}", "from 0 to 255"],
  ["{127,0,0,-1}", "from 0 to 255"],
  ["{0,0,0,0,0,0,0,65536}", "eight groups"],
  ["{127,0,0,1", "not an Erlang term"],
  ["127.0.0.2", "quoted for the shell: '{127,0,0,2}'"],
  ["::1", "quoted for the shell: '{0,0,0,0,0,0,0,1}'"],
  ["[127,0,0,1]", "an address tuple"],
])("CF-03 inet_dist_use_interface %s is refused", (value, part) => {
  const error = refusal(["-sname", "a", "-kernel", "inet_dist_use_interface", value]);
  expect(error.flag).toBe(INTERFACE);
  expect(error.code).toBe("ERR_FLAG_VALUE");
  expect(error.message.startsWith(`${INTERFACE}: `)).toBe(true);
  expect(error.message).toContain(part);
});

test.each([[[]], [["inet_dist_listen_min", "9100"]]])(
  "CF-03 an address that the shell has taken apart is told as that: %j",
  (more) => {
    const apart = ["inet_dist_use_interface", "127", "0", "0", "1", ...more];
    const { message } = refusal(["-sname", "a", "-kernel", ...apart]);
    expect(message).toContain("unless it is quoted, '{127,0,0,1}'");
  },
);

test("CF-04 listen_min greater than listen_max", () => {
  const error = refusal(["-kernel", "inet_dist_listen_min", "200", "inet_dist_listen_max", "100"]);
  expect(error.code).toBe("ERR_FLAG_CONFLICT");
  expect(error.message).toContain("100 is less than inet_dist_listen_min, which is 200");
  expect(refusal(["-kernel", "inet_dist_listen_max", "100"]).message).toContain("listen_min");
});

test.each(["0", "65536", "5210x", "-1", "1.5", "port", '"5210"'])(
  "CF-04 the port %s is refused",
  (port) => {
    const error = refusal(["-kernel", "inet_dist_listen_min", port]);
    expect(error.code).toBe("ERR_FLAG_VALUE");
    expect(error.message).toContain("-kernel inet_dist_listen_min");
    expect(refusal(["-erl_epmd_port", port]).message).toMatch(/^-erl_epmd_port: expected a port/);
  },
);

test.each(["abc", "", "-1", "0", "65536"])(
  "CF-08 ERL_EPMD_PORT=%j is an error that names it",
  (port) => {
    let thrown: unknown;
    try {
      from(["-sname", "a"], { ERL_EPMD_PORT: port });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(EpmdError);
    expect((thrown as Error).message).toContain("ERL_EPMD_PORT");
  },
);

test("EV-1 ERL_EPMD_PORT, also by -env", () => {
  expect(from(["-sname", "a"], { ERL_EPMD_PORT: "4370" }).options.epmd?.port).toBe(4370);
  expect(options("-sname", "a", "-env", "ERL_EPMD_PORT", "4371").epmd?.port).toBe(4371);
});

test.each([
  [["-kernel", "net_ticktime", "abc"], "an integer from 0"],
  [["-kernel", "net_ticktime", "-1"], "expected a value"],
  [["-kernel", "net_ticktime", "[-1]"], "an integer from 0"],
  [["-kernel", "net_ticktime", "1.5"], "an integer from 0"],
  [["-kernel", "net_setuptime", "0"], "from 1 to 120"],
  [["-kernel", "net_setuptime", "121"], "from 1 to 120"],
  [["-kernel", "dist_auto_connect", "always"], "never or once"],
  [["-kernel", "connect_all", "1"], "true or false"],
  [["-kernel", "net_ticktime"], "expected a value"],
  [["-kernel", "net_ticktime", "8 9"], "not an Erlang term"],
  [["+zdbbl", "0"], "from 1 to 2097151"],
  [["+zdbbl", "2097152"], "from 1 to 2097151"],
  [["+zdbbl", "abc"], "from 1 to 2097151"],
  [["+zdbbl"], "from 1 to 2097151"],
  [["-start_epmd", "maybe"], "true or false"],
  [["-dist_listen"], "true or false"],
  [["-hidden", "maybe"], "true or false"],
  [["-connect_all", "maybe"], "true or false"],
  [["-allow"], "node names"],
  [["-allow", "a@b@c"], "name@host, host, or name@"],
])("a wrong value is an error that names the flag: %j", (argv, part) => {
  const error = refusal(["-sname", "a", ...argv]);
  expect(error.message).toContain(part);
  expect(error.message).toContain(argv[0] === "-kernel" ? `-kernel ${argv[1]}` : argv[0]);
});

test("values out of OTP's range are brought into it where OTP does that", () => {
  expect(options("-kernel", "net_ticktime", "0").netTickTime).toBe(1);
  expect(options("-kernel", "net_tickintensity", "1").netTickIntensity).toBe(4);
  expect(options("-kernel", "net_tickintensity", "5000").netTickIntensity).toBe(1000);
});

test("the last value of a parameter counts, and parameters of others are left alone", () => {
  expect(options("-kernel", "net_ticktime", "8", "-kernel", "net_ticktime", "9").netTickTime).toBe(
    9,
  );
  expect(options("-kernel", "logger_level", "debug", "constructor", "1")).toBeDefined();
});

test("CL-18 parameters come from -config files, flags go over them", () => {
  const folder = mkdtempSync(join(tmpdir(), "disterl-config-"));
  const put = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  try {
    const more = put("more.config", "[{kernel, [{net_setuptime, 3}]}].");
    const sys = put(
      "sys.config",
      `%% comment\n[{kernel, [{net_ticktime, 11},\n {inet_dist_use_interface, {127,0,0,1}}]},\n {other, [{x, "y"}]}, "${more}"].\n`,
    );
    const found = options("-config", sys.replace(/\.config$/, ""), "-kernel", "net_ticktime", "12");
    expect(found).toMatchObject({
      netTickTime: 12,
      netSetupTime: 3,
      listen: { host: "127.0.0.1" },
    });
    expect(options("-config", sys).netTickTime).toBe(11);

    const broken = put("broken.config", "[{kernel,\n [{net_ticktime 11}]}].");
    expect(refusal(["-config", broken]).message).toMatch(/-config .*broken\.config: .*2/);
    const bad = put("bad.config", "[{kernel, [{net_ticktime, x}]}].");
    expect(refusal(["-config", bad]).message).toMatch(/^net_ticktime in .*bad\.config: expected/);
    const circle = put("circle.config", `["${join(folder, "circle.config")}"].`);
    expect(refusal(["-config", circle]).message).toContain("circle");
    expect(refusal(["-config", join(folder, "none")]).message).toContain("ENOENT");
    expect(refusal(["-config", put("two.config", "[]. [].")]).message).toContain(
      "expected one list",
    );
    expect(refusal(["-config"]).message).toContain("name of a file");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("flags that only an emulator can follow are told", () => {
  const { warnings } = from(["-sname", "a", "-eval", "x", "-mine", "y"]);
  expect(warnings.join()).toContain("-eval has no effect");
  expect(warnings.join()).not.toContain("-mine");
});

test("what a node goes by beside its own options: -env, start_distribution, connect_all", () => {
  const argv = [
    "-sname",
    "a",
    "-env",
    "HOME",
    "/nowhere",
    "-kernel",
    "start_distribution",
    "false",
  ];
  expect(from([...argv, "-connect_all", "false"], { XDG_CONFIG_HOME: "/x" }).options).toMatchObject(
    {
      env: { HOME: "/nowhere", XDG_CONFIG_HOME: "/x" },
      distribution: false,
      connectAll: false,
    },
  );
  const given = options(
    "-kernel",
    "connect_all",
    "false",
    "prevent_overlapping_partitions",
    "false",
  );
  expect(given).toMatchObject({ connectAll: false, preventOverlappingPartitions: false });
  expect(given).not.toHaveProperty("env");
});
