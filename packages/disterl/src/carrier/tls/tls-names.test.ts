import { readFileSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import { TestAuthority, type TestCertificateOptions } from "../../testing/test-authority.ts";
import { expectedOf, nameProblem } from "./tls-names.ts";

const authority = new TestAuthority("our CA");
afterAll(() => authority[Symbol.dispose]());

let count = 0;
function certificate(names: string, options: TestCertificateOptions = {}): X509Certificate {
  count += 1;
  const { certfile } = authority.issue(`subject-${count}`, { names, ...options });
  return new X509Certificate(readFileSync(certfile));
}

/** Which of the names a certificate is good for. */
function allowed(found: X509Certificate, binding: "host" | "node", names: readonly string[]) {
  return names.filter((name) => nameProblem(found, expectedOf(name, binding)) === undefined);
}

const CLAIMS = [
  ...[
    "app@one",
    "web@one",
    "App@one",
    "app@ONE",
    "app@two",
    "app@one.example",
    "app@a.one.example",
  ],
  ...["app@10.0.0.7", "app@::1", "app@fe80::1%lo", "app@.one.example", "app@*.one.example", "app@"],
  ...["one", "two", "10.0.0.7", "", "DNS:one", "app@one, DNS:two", "app@o\u0000ne", "app@\u00f6ne"],
];

test("host: any node on a host that the certificate names", () => {
  const onOne = ["app@one", "web@one", "App@one", "app@ONE", "one"];
  expect(allowed(certificate("DNS:one"), "host", CLAIMS)).toEqual(onOne);
  expect(allowed(certificate("DNS:TWO,DNS:One"), "host", CLAIMS)).toContain("app@two");
  expect(allowed(certificate("IP:10.0.0.7,IP:::1"), "host", CLAIMS)).toEqual([
    "app@10.0.0.7",
    "app@::1",
    "10.0.0.7",
  ]);
  expect(allowed(certificate("DNS:10.0.0.7"), "host", CLAIMS)).toEqual([
    "app@10.0.0.7",
    "10.0.0.7",
  ]);
});

test("host: a wildcard stands for one label, and an unwanted host is not made one by a point", () => {
  expect(allowed(certificate("DNS:*.one.example"), "host", CLAIMS)).toEqual(["app@a.one.example"]);
  expect(allowed(certificate("DNS:a.one.example"), "host", CLAIMS)).toEqual(["app@a.one.example"]);
  expect(allowed(certificate("DNS:*"), "host", CLAIMS)).toEqual([]);
  for (const part of ["DNS:a*.one.example", "DNS:*a.one.example", "DNS:a.*.example"]) {
    expect(allowed(certificate(part), "host", CLAIMS)).toEqual([]);
  }
});

test("host: a full name allows that node, capitals of the host apart", () => {
  expect(allowed(certificate("DNS:app@one"), "host", CLAIMS)).toEqual(["app@one", "app@ONE"]);
});

test("the common name does not count, as in OTP 27 and later", () => {
  const named = authority.issue("one", { names: "" });
  const found = new X509Certificate(readFileSync(named.certfile));
  expect(allowed(found, "host", CLAIMS)).toEqual([]);
  expect(allowed(found, "node", CLAIMS)).toEqual([]);
});

test("node: only the full name, as DNS name, as URI, or by a directoryName beside the host", () => {
  expect(allowed(certificate("DNS:one"), "node", CLAIMS)).toEqual(["one"]);
  expect(allowed(certificate("DNS:app@one"), "node", CLAIMS)).toEqual(["app@one", "app@ONE"]);
  expect(allowed(certificate("URI:app@one"), "node", CLAIMS)).toEqual(["app@one", "app@ONE"]);
  const directory = { more: "[who]\nO=disterl\nCN=app" };
  const both = ["app@one", "app@ONE", "one"];
  expect(allowed(certificate("dirName:who,DNS:one", directory), "node", CLAIMS)).toEqual(both);
  expect(allowed(certificate("dirName:who", directory), "node", CLAIMS)).toEqual([]);
});

test("letters that become others when they are made small are no letters of a host", () => {
  const names = ["app@kost", "app@Kost", "app@\u212aost"];
  expect(allowed(certificate("DNS:app@kost"), "host", names)).toEqual(["app@kost", "app@Kost"]);
});

test("below a CA for some hosts only, a full name counts beside its host", () => {
  const good = (names: string, binding: "host" | "node", found = certificate(names)) =>
    CLAIMS.filter((name) => nameProblem(found, expectedOf(name, binding, true)) === undefined);
  expect(good("URI:app@one", "host")).toEqual([]);
  expect(good("DNS:app@one", "node")).toEqual([]);
  expect(good("URI:app@one,DNS:two", "host")).toEqual(["app@two", "two"]);
  expect(good("URI:app@one,DNS:one", "node")).toEqual(["app@one", "app@ONE", "one"]);
});

test("a name that a peer made up is shown on one line", () => {
  const found = nameProblem(certificate("DNS:one"), expectedOf("app@x\u001b[2Jy", "host"));
  expect(found?.text).toContain("x\\u{1b}[2Jy");
  expect(found?.check).toBe("name");
});
