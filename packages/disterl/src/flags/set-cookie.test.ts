import { expect, test } from "vitest";

import { Cookie } from "../handshake/cookie.ts";
import { parseErlFlags } from "./erl-flags.ts";
import { type CookieFlags, cookieFlags } from "./set-cookie.ts";

function cookies(...argv: string[]): CookieFlags {
  return cookieFlags(parseErlFlags(argv, {}).flags);
}

function is(cookie: Cookie | undefined, text: string): boolean {
  const digest = cookie?.digest(3) ?? new Uint8Array();
  return Buffer.from(digest).equals(Buffer.from(new Cookie(text).digest(3)));
}

// Verdicts of OTP 25, asked with erlang:get_cookie/0,1.
test("CL-5 one -setcookie is the own cookie", () => {
  expect(is(cookies("-setcookie", "own").own, "own")).toBe(true);
});

test("CL-5 no -setcookie: the file is used", () => {
  expect(cookies("-sname", "a")).toEqual({ own: undefined, nodes: {}, warnings: [] });
});

test.each([
  [["-setcookie", "own", "-setcookie", "own2"], "more than once"],
  [["-setcookie"], "no value"],
  [["-setcookie", "own", "-setcookie"], "more than once"],
])("CL-6 %j: the file is used, with a warning", (argv, part) => {
  const { own, warnings } = cookies(...argv);
  expect(own).toBeUndefined();
  expect(warnings.join()).toContain(part);
});

test("CL-6 a cookie for one node leaves the own one alone", () => {
  const { own, nodes } = cookies(
    "-setcookie",
    "z@vm",
    "zz",
    "-setcookie",
    "own",
    "-setcookie",
    "y@vm",
    "yy",
  );
  expect(is(own, "own")).toBe(true);
  expect(Object.keys(nodes)).toEqual(["z@vm", "y@vm"]);
  expect(is(nodes["z@vm"], "zz")).toBe(true);
});

test("CL-6 a node given twice does not count", () => {
  const { nodes, warnings } = cookies("-setcookie", "z@vm", "1", "-setcookie", "z@vm", "2");
  expect(nodes).toEqual({});
  expect(warnings.join()).toContain("-setcookie z@vm");
});

test("CL-6 three values do not count", () => {
  const { own, nodes, warnings } = cookies("-setcookie", "a", "b", "c", "-setcookie", "own");
  expect(is(own, "own")).toBe(true);
  expect(nodes).toEqual({});
  expect(warnings.join()).toContain("more than two values");
});

test("CL-7 -nocookie makes it nocookie, unless one is set", () => {
  expect(is(cookies("-nocookie").own, "nocookie")).toBe(true);
  expect(is(cookies("-nocookie", "-setcookie", "own").own, "own")).toBe(true);
});

test("T11 a cookie in the arguments is a warning, and no warning or error shows it", () => {
  const { warnings } = cookies("-setcookie", "very-secret-cookie");
  expect(warnings.join()).toContain("ps");
  expect(JSON.stringify(cookies("-setcookie", "very-secret-cookie"))).not.toContain("very-secret");
  expect(() => cookies("-setcookie", "very-secret-\u0142")).toThrow(
    /^-setcookie: (?!.*very-secret)/,
  );
  expect(() => cookies("-setcookie", "z@vm", "x".repeat(256))).toThrow(/^-setcookie z@vm: .*255/);
});
