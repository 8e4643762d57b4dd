import { expect, test } from "vitest";
import { isHostName, isNodeName, splitName } from "./claimed-name.ts";

test("a name is split at its only @", () => {
  expect(splitName("a@b")).toEqual({ alive: "a", host: "b" });
  for (const text of ["", "a", "@", "@b", "a@", "a@b@c", "a@@b"]) {
    expect(splitName(text), text).toBeUndefined();
  }
});

test("which names can be connected", () => {
  for (const name of ["a@b", "A-z_09@host.example", "x@127.0.0.1", "x@fe80::1", "x@høst"]) {
    expect(isNodeName(name), name).toBe(true);
  }
  for (const name of [
    "a b@c",
    "a!@c",
    "å@c",
    "a@b c",
    "a@b\n",
    "a\n@b",
    "a@b@c",
    "a@\u202e",
    "@b",
  ]) {
    expect(isNodeName(name), name).toBe(false);
  }
  expect(isHostName("host.example")).toBe(true);
  expect(isHostName("")).toBe(false);
});
