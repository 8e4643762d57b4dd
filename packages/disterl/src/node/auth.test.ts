import { inspect } from "node:util";

import { expect, test } from "vitest";

import { Cookie } from "../handshake/cookie.ts";
import { Auth } from "./auth.ts";

function same(a: Cookie, text: string): boolean {
  return Buffer.from(a.digest(7)).equals(Buffer.from(new Cookie(text).digest(7)));
}

test("CK-7 one default cookie, and others for single nodes", () => {
  const auth = new Auth("default-cookie-0001", { "b@h": "cookie-for-b-0000001" });
  expect(same(auth.cookieFor("a@h"), "default-cookie-0001")).toBe(true);
  expect(same(auth.cookieFor("b@h"), "cookie-for-b-0000001")).toBe(true);
  expect(same(auth.getCookie(), "default-cookie-0001")).toBe(true);
  expect(same(auth.getCookie("b@h"), "cookie-for-b-0000001")).toBe(true);
});

test("CK-7 cookies can be changed", () => {
  const auth = new Auth(new Cookie("first-cookie"));
  auth.setCookie("second-cookie");
  auth.setCookie("b@h", new Cookie("b-cookie"));
  expect(same(auth.cookieFor("a@h"), "second-cookie")).toBe(true);
  expect(same(auth.cookieFor("b@h"), "b-cookie")).toBe(true);
});

test("CK-7 the cookie for the own node is the default", () => {
  const auth = new Auth("first-cookie", {}, () => "me@h");
  auth.setCookie("me@h", "own-cookie");
  expect(same(auth.cookieFor("a@h"), "own-cookie")).toBe(true);
});

test("CL-6 -setcookie with the own name, as erl takes it", () => {
  const auth = new Auth("first-cookie", { "me@h": "own-cookie" }, () => "me@h");
  expect(same(auth.getCookie(), "own-cookie")).toBe(true);
});

test("a bad cookie is refused at the call, without showing it", () => {
  const auth = new Auth("first-cookie");
  expect(() => auth.setCookie("")).toThrow(TypeError);
  expect(() => auth.setCookie("x".repeat(256))).toThrow(/255/);
  expect(() => auth.setCookie("b@h", "x".repeat(256))).not.toThrow(/xxx/);
});

test("what a file holds is no cookie yet, and is not shown", () => {
  const refusals: [unknown, RegExp][] = [
    [Buffer.from("hush"), /^a cookie is text, and this is object: .*trim\(\)/],
    [7, /^a cookie is text, and this is number/],
    ["hush\n", /^a cookie does not end with a line break/],
    ["hush\r\n", /^a cookie does not end with a line break/],
  ];
  for (const [given, message] of refusals) {
    const attempt = () => new Auth(given as string);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(message);
    expect(attempt).not.toThrow("hush");
  }
});

test("T11 nothing that holds cookies shows them", () => {
  const auth = new Auth("first-cookie", { "b@h": "cookie-for-b" });
  const shown = `${inspect(auth, { depth: 9, showHidden: true })} ${JSON.stringify(auth)} ${String(auth.getCookie())}`;
  expect(shown).not.toContain("first-cookie");
  expect(shown).not.toContain("cookie-for-b");
});
