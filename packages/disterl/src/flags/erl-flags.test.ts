import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { hasFlag, parseErlFlags, valuesOf } from "./erl-flags.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "disterl-flags-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function shape(argv: readonly string[], env: Record<string, string> = {}) {
  const { flags, emulator, plain } = parseErlFlags(argv, env);
  return {
    flags: flags.map(({ name, values }) => [name, ...values]),
    emulator: emulator.map(({ name, values }) => [name, ...values]),
    plain,
  };
}

test("CL-17 a flag takes what follows up to the next flag", () => {
  expect(
    shape(["-sname", "a", "-kernel", "net_ticktime", "8", "x", "{127,0,0,1}", "-hidden"]).flags,
  ).toEqual([["sname", "a"], ["kernel", "net_ticktime", "8", "x", "{127,0,0,1}"], ["hidden"]]);
});

test("init: what follows -- up to the next flag, and everything after -extra, is plain", () => {
  const found = shape([
    "-g",
    "1",
    "2",
    "--",
    "p2",
    "-h",
    "3",
    "--",
    "p4",
    "-",
    "x",
    "-extra",
    "-a",
    "+b",
  ]);
  expect(found.plain).toEqual(["p2", "p4", "-a", "+b"]);
  expect(found.flags).toEqual([
    ["g", "1", "2"],
    ["h", "3"],
    ["", "x"],
  ]);
});

test("unknown flags are kept for the program, also odd ones", () => {
  const { flags } = parseErlFlags(["-k", "-1", "-2a", "--x"], {});
  expect(flags.map(({ name }) => name)).toEqual(["k", "1", "2a", "-x"]);
});

test("CL-19 emulator flags take their value out of the line, as erlexec does", () => {
  const found = shape(["-g", "+zdbbl", "100", "x", "+K", "true", "y", "+Bd", "z", "+A", "4"]);
  expect(found.emulator).toEqual([["zdbbl", "100"], ["K", "true"], ["Bd"], ["A", "4"]]);
  expect(found.flags).toEqual([["g", "x", "y", "z"]]);
});

test("EV-4 the environment's flags are put around the given ones", () => {
  const found = shape(["-g", "1"], {
    ERL_OTP29_FLAGS: "-o 1",
    ERL_AFLAGS: "-a 'x y'",
    ERL_FLAGS: "-f 1",
    ERL_ZFLAGS: "-z 1",
    ERL_OTP25_FLAGS: "-other release",
  });
  expect(found.flags).toEqual([
    ["o", "1"],
    ["a", "x y"],
    ["g", "1"],
    ["f", "1"],
    ["z", "1"],
  ]);
});

test("EV-4 -extra ends its own part only", () => {
  const found = shape(["-g", "1", "-extra", "gx", "-gy"], {
    ERL_AFLAGS: "-a 1 -extra ax",
    ERL_FLAGS: "-f 1 -extra fx",
  });
  expect(found.flags).toEqual([
    ["a", "1"],
    ["g", "1"],
    ["f", "1"],
  ]);
  expect(found.plain).toEqual(["ax", "gx", "-gy", "fx"]);
});

test("CL-18 an -args_file stands for its contents, also inside another one", () => {
  const inner = file("inner.args", "-two 2 'x # y' # comment\n");
  const outer = file("outer.args", `# comment\n-one 1\n-args_file ${inner}\n-kernel a b`);
  expect(shape(["-first", "-args_file", outer, "c", "-last"]).flags).toEqual([
    ["first"],
    ["one", "1"],
    ["two", "2", "x # y"],
    ["kernel", "a", "b", "c"],
    ["last"],
  ]);
});

test("CL-18 files that name each other are an error", () => {
  const circle = join(folder, "circle.args");
  writeFileSync(circle, `-args_file ${circle}`);
  expect(() => shape(["-args_file", circle])).toThrow(/circle/);
});

test("CF-10 a file that is missing, a directory, or huge is an error that names it", () => {
  expect(() => shape(["-args_file", join(folder, "none")])).toThrow(/-args_file .*none: .*ENOENT/);
  mkdirSync(join(folder, "dir"));
  expect(() => shape(["-args_file", join(folder, "dir")])).toThrow(/not a regular file/);
  expect(() => shape(["-args_file", file("big", "x".repeat(5 * 1024 * 1024))])).toThrow(
    /5242880 bytes/,
  );
  expect(() => shape(["-args_file"])).toThrow(/-args_file: expected the name of a file/);
});

test("CL-18 -env changes the environment that the flags are read in", () => {
  const { env, flags } = parseErlFlags(["-a", "-env", "ERL_EPMD_PORT", "4370", "-b"], {
    HOME: "/h",
  });
  expect(env).toEqual({ HOME: "/h", ERL_EPMD_PORT: "4370" });
  expect(flags.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(() => shape(["-env", "A"])).toThrow(/-env: expected a name and a value/);
});

test("init:get_argument: every occurrence, in order", () => {
  const { flags } = parseErlFlags(["-x", "1", "-y", "-x", "2", "3"], {});
  expect(valuesOf(flags, "x")).toEqual([["1"], ["2", "3"]]);
  expect(valuesOf(flags, "none")).toEqual([]);
  expect(hasFlag(flags, "y")).toBe(true);
});
