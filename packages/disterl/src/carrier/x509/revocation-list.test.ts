import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { TestAuthority, type TestListOptions } from "../../testing/test-authority.ts";
import { DerError } from "./der.ts";
import { RevocationList } from "./revocation-list.ts";
import { serialText, x509Fields } from "./x509-fields.ts";

const authority = new TestAuthority("Our CA");
afterAll(() => authority[Symbol.dispose]());
const ca = new X509Certificate(readFileSync(authority.cacertfile));
const DAY = 86_400_000;

/** The bytes of a list in PEM. */
function derOf(path: string): Buffer {
  const pem = readFileSync(path, "utf8");
  return Buffer.from(pem.replaceAll(/-----[^-]*-----/g, ""), "base64");
}

const list = (options: TestListOptions = {}): Buffer =>
  derOf(authority.revocationList({ file: "list.pem", ...options }));

test("a list: issuer, dates, serial numbers, signature", () => {
  const good = new X509Certificate(readFileSync(authority.issue("kept").certfile));
  const first = authority.issue("gone");
  const gone = new X509Certificate(readFileSync(first.certfile));
  authority.revoke(first);
  const read = new RevocationList(list({ days: [-2, 5] }));
  expect(read.issuer).toBe(x509Fields(gone).issuer);
  expect(read.issuer).toContain('2.5.4.3="our ca"');
  expect(read.size).toBe(1);
  expect([gone, good].map((found) => read.revokes(x509Fields(found).serial))).toEqual([
    true,
    false,
  ]);
  const now = Date.now();
  expect([-3, -1, 4, 6].map((days) => read.isCurrent(now + days * DAY))).toEqual(
    [false, true, true, false], // two days ago to in five days
  );
  expect(read.isSignedBy(ca.publicKey)).toBe(true);
  expect(read.isSignedBy(good.publicKey)).toBe(false);
});

test("a list whose bytes were changed is signed by nobody", () => {
  const der = list();
  const at = der.indexOf(Buffer.from("Our CA"));
  der[at] = "0".charCodeAt(0);
  expect(new RevocationList(der).isSignedBy(ca.publicKey)).toBe(false);
});

test.each(["P-256", "RSA-2048", "Ed25519"] as const)("a CA with a key of kind %s", (algorithm) => {
  const issuer = authority.issue(`ca-${algorithm}`, { authority: true, algorithm });
  const { publicKey } = new X509Certificate(readFileSync(issuer.certfile));
  const read = new RevocationList(list({ issuer }));
  expect(read.isSignedBy(publicKey)).toBe(true);
  expect(read.isSignedBy(ca.publicKey)).toBe(false);
});

test("a CA that signs with RSA-PSS", () => {
  const issuer = authority.issue("ca-pss", { authority: true, algorithm: "RSA-2048" });
  const { publicKey } = new X509Certificate(readFileSync(issuer.certfile));
  const der = list({ issuer, pss: true });
  expect(new RevocationList(der).isSignedBy(publicKey)).toBe(true);
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  expect(new RevocationList(der).isSignedBy(publicKey)).toBe(false);
});

test("what speaks of users' certificates only, or of CAs', says so", () => {
  const scope = (flag: string) =>
    new RevocationList(list({ extensions: `issuingDistributionPoint=critical,${flag}:TRUE` }))
      .scope;
  expect(scope("onlyuser")).toBe("leaves");
  expect(scope("onlyCA")).toBe("authorities");
  expect(
    new RevocationList(list({ extensions: "authorityKeyIdentifier=keyid:always" })).scope,
  ).toBe("all");
});

test.each([
  ["delta", "deltaCRL=critical,DER:020101", /delta/],
  ["indirect", "issuingDistributionPoint=critical,indirectCRL:TRUE", /indirect/],
  [
    "some reasons",
    "issuingDistributionPoint=critical,onlysomereasons:keyCompromise",
    /some reasons/,
  ],
  [
    "a reason in the last of eight bits",
    "issuingDistributionPoint=critical,DER:300483020001",
    /some/,
  ],
  [
    "one point",
    "issuingDistributionPoint=critical,fullname:URI:http://a/b.crl",
    /one distribution/,
  ],
  ["unknown and critical", "1.2.3.4=critical,DER:0500", /1\.2\.3\.4/],
])("a list that is not a whole one is refused: %s", (_what, extensions, text) => {
  expect(() => new RevocationList(list({ extensions }))).toThrow(text);
});

/** An element of DER, of at most 127 bytes. */
const element = (tag: string, ...parts: string[]): string => {
  const content = parts.join("");
  return `${tag}${(content.length / 2).toString(16).padStart(2, "0")}${content}`;
};
const ECDSA_SHA256 = "300a06082a8648ce3d040302";
const ECDSA_SHA384 = "300a06082a8648ce3d040303";
const NEW_YEAR = "170d3236303130313030303030305a";

/** A list with one entry, of the serial number 5, that nobody has signed. */
function handmade(entryExtension: string, outer = ECDSA_SHA256): Buffer {
  const entry = element("30", "020105", NEW_YEAR, element("30", entryExtension));
  const tbs = element("30", "020101", ECDSA_SHA256, "3000", NEW_YEAR, element("30", entry));
  return Buffer.from(element("30", tbs, outer, "030100"), "hex");
}

test.each([
  ["0201 05", "05"],
  ["0202 0080", "80"], // the zero says that it is not below zero
  ["0201 80", "80"], // and has been forgotten
  ["0202 ff80", "80"], // the same, longer than it has to be
  ["0201 00", "00"],
])("an entry for %s revokes the certificate with the serial number %s", (integer, serial) => {
  const hex = integer.replace(" ", "");
  const entry = element("30", hex, NEW_YEAR);
  const tbs = element("30", "020101", ECDSA_SHA256, "3000", NEW_YEAR, element("30", entry));
  const read = new RevocationList(Buffer.from(element("30", tbs, ECDSA_SHA256, "030100"), "hex"));
  expect(read.revokes(serial)).toBe(true);
  expect(serialText(Buffer.from(`00${serial}`, "hex"))).toBe(serial); // as it stands in the certificate
});

test("an entry about another issuer's certificate is not passed over", () => {
  const isCritical = "0101ff";
  const extension = (id: string, critical: string) => element("30", id, critical, "04020500");
  const certificateIssuer = "0603551d1d";
  const reason = "0603551d15";
  expect(new RevocationList(handmade(extension(reason, isCritical))).revokes("05")).toBe(true);
  expect(new RevocationList(handmade(extension(certificateIssuer, ""))).revokes("05")).toBe(true);
  expect(() => new RevocationList(handmade(extension(certificateIssuer, isCritical)))).toThrow(
    /critical extension 2\.5\.29\.29, as indirect lists have/,
  );
});

test("a list that names another algorithm than it is signed with is refused", () => {
  const extension = element("30", "0603551d15", "04020500");
  expect(() => new RevocationList(handmade(extension, ECDSA_SHA384))).toThrow(/two algorithms/);
});

test("a weak signature is refused", () => {
  const der = list();
  // ecdsa-with-SHA256, twice, to ecdsa-with-SHA1: 1.2.840.10045.4.3.2 and 1.2.840.10045.4.1
  const oid = Buffer.from("06082a8648ce3d040302", "hex");
  const weak = Buffer.from("06082a8648ce3d040301", "hex");
  for (let at = der.indexOf(oid); at !== -1; at = der.indexOf(oid, at + 1)) weak.copy(der, at);
  expect(() => new RevocationList(der)).toThrow(/too weak or unknown: 1.2.840.10045.4.3.1/);
});

test("each cut and each changed byte is an error of DER, or a list that nobody has signed", () => {
  const first = authority.issue("also gone");
  authority.revoke(first);
  const der = list({ extensions: "authorityKeyIdentifier=keyid:always" });
  for (let length = 0; length < der.length; length++) {
    expect(() => new RevocationList(der.subarray(0, length))).toThrow(DerError);
  }
  let refused = 0;
  for (let at = 0; at < der.length; at++) {
    for (const bit of [1, 0x80, 0xff]) {
      const changed = Buffer.from(der);
      changed[at] = (changed[at] ?? 0) ^ bit;
      try {
        expect(new RevocationList(changed).isSignedBy(ca.publicKey)).toBe(false);
      } catch (error) {
        expect(error).toBeInstanceOf(DerError);
        refused += 1;
      }
    }
  }
  expect(refused).toBeGreaterThan(100);
});

test("100,000 sequences in each other, and lengths of gigabytes, are refused at once", () => {
  const deep = Buffer.alloc(200_000, Buffer.from("3080", "hex"));
  expect(() => new RevocationList(deep)).toThrow(DerError);
  expect(() => new RevocationList(Buffer.from("3084ffffffff30", "hex"))).toThrow(
    /4294967295 bytes/,
  );
});

test("keys of other kinds than the signature are no error", () => {
  const read = new RevocationList(list());
  const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
  for (const { publicKey } of [
    rsa,
    generateKeyPairSync("ed25519"),
    generateKeyPairSync("x25519"),
  ]) {
    expect(read.isSignedBy(publicKey)).toBe(false);
  }
});
