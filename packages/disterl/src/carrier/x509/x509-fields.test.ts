import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { TestAuthority, type TestCertificateOptions } from "../../testing/test-authority.ts";
import { x509Fields } from "./x509-fields.ts";

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());

const fields = (options: TestCertificateOptions) =>
  x509Fields(new X509Certificate(readFileSync(authority.issue("subject", options).certfile)));

test.each([
  ["digitalSignature", true, false],
  ["nonRepudiation", false, false],
  ["keyEncipherment", false, false],
  ["cRLSign", false, true],
  ["keyCertSign", false, false],
  ["digitalSignature,cRLSign", true, true],
  [undefined, true, true], // what says nothing allows all
])("keyUsage %s: signs %s, signs lists %s", (keyUsage, signs, signsLists) => {
  expect(fields(keyUsage === undefined ? {} : { keyUsage })).toMatchObject({ signs, signsLists });
});

test("a CA, and one that constrains names", () => {
  expect(fields({})).toMatchObject({ isAuthority: false, isConstraining: false });
  expect(fields({ authority: true })).toMatchObject({ isAuthority: true, isConstraining: false });
  const more = "nameConstraints=permitted;DNS:one";
  expect(fields({ authority: true, more }).isConstraining).toBe(true);
});

test("each kind of name by itself", () => {
  const names = "DNS:one,URI:app@one,email:a@b,IP:10.0.0.7,dirName:who,DNS:two";
  expect(fields({ names, more: "[who]\nO=disterl\nCN=app" })).toMatchObject({
    dnsNames: ["one", "two"],
    uris: ["app@one"],
    directoryNames: ["app"],
  });
});
