import { inspect } from "node:util";
import { expect, test } from "vitest";
import { Cookie } from "./cookie.ts";
import { OutstandingChallenges, sameDigest } from "./digest.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("TV-4, TV-5: the digest is MD5 over the cookie and the unsigned decimal challenge", () => {
  const cookie = new Cookie("secret");
  expect(hex(cookie.digest(0xd768b37b))).toBe("ef164b60d966bcd88db6d04876c08409");
  expect(hex(cookie.digest(0xfc317cb9))).toBe("368106879d1cb05ac3fbca79cd7da77d");
  expect(hex(cookie.digest(0xfc317cb9 | 0))).toBe("368106879d1cb05ac3fbca79cd7da77d");
});

test("a cookie is hashed as Latin-1", () => {
  // erlang:md5([<<229,223>>, "1"])
  expect(hex(new Cookie("åß").digest(1))).toBe("b829538244e2a4efb21d8f4f1a452375");
});

test("a cookie never prints", () => {
  const cookie = new Cookie("ASECRETCOOKIE");
  const everywhere = [
    `${cookie}`,
    String(cookie),
    JSON.stringify({ cookie }),
    inspect({ cookie }, { showHidden: true, depth: 9 }),
    Object.keys(cookie).join(),
  ].join("\n");
  expect(everywhere).not.toContain("ASECRET");
  expect(everywhere).toContain("[secret]");
});

test("what is no cookie is refused without showing it", () => {
  expect(() => new Cookie("")).toThrow(TypeError);
  expect(() => new Cookie("x".repeat(256))).toThrow("at most 255");
  expect(() => new Cookie("abcӓ")).toThrow("character 4 is not");
});

test("digests of another length are different, not an error", () => {
  expect(sameDigest(new Uint8Array(16), new Uint8Array(15))).toBe(false);
  expect(sameDigest(new Uint8Array(16), new Uint8Array(16))).toBe(true);
});

test("outstanding challenges are distinct, and forgotten", () => {
  const outstanding = new OutstandingChallenges();
  const issued = Array.from({ length: 2_000 }, () => outstanding.issue());
  expect(new Set(issued).size).toBe(2_000);
  expect(issued.every((challenge) => outstanding.has(challenge))).toBe(true);
  expect(issued.every((challenge) => challenge >= 0 && challenge < 2 ** 32)).toBe(true);
  for (const challenge of issued) outstanding.forget(challenge);
  expect(outstanding.size).toBe(0);
});
