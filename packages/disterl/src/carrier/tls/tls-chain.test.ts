import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tls from "node:tls";
import { afterAll, expect, test, vi } from "vitest";
import {
  TestAuthority,
  type TestCertificate,
  type TestCertificateOptions,
} from "../../testing/test-authority.ts";
import { type Ways, waysUp } from "./tls-chain.ts";
import type { Channel } from "../carrier.ts";
import type { TlsCertificateError } from "./tls-errors.ts";
import type { TlsOptions } from "./tls-options.ts";
import { inetTls } from "./tls.ts";

const authority = new TestAuthority("our CA");
const rogue = new TestAuthority("rogue CA");
afterAll(() => {
  authority[Symbol.dispose]();
  rogue[Symbol.dispose]();
});
const { cacertfile } = authority;
const text = (path: string) => readFileSync(path, "utf8");
const read = (pem: string) => new X509Certificate(pem);

/** The same name and the same key again, as when a CA is renewed with its old key. */
function again(of: TestCertificate, issuer: TestAuthority, options: TestCertificateOptions) {
  const name = /CN=([\w-]+)/.exec(read(text(of.certfile)).subject)?.[1] ?? "";
  return text(issuer.issue(name, { authority: true, keyOf: of, ...options }).certfile);
}

function chainFile(name: string, ...pems: string[]): string {
  const certfile = join(authority.folder, `${name}-chain.pem`);
  writeFileSync(certfile, pems.join(""));
  return certfile;
}

const between = authority.issue("between", { authority: true });
const now = text(between.certfile);
const node = authority.issue("node", {}, between);
const past = again(between, authority, { days: [-9, -2] });
const foreign = again(between, rogue, { days: [-9, -2] });
writeFileSync(between.certfile, now); // issued again under its name above
const listOfBetween = authority.revocationList({ issuer: between, file: "between-list.pem" });
authority.revoke(between);
const listOfRoot = authority.revocationList();
const good = { ...authority.issue("good"), cacertfile };

/** Both directions: what the good side says of the other one. */
async function verdicts(other: Partial<TlsOptions>, checks: Partial<TlsOptions>) {
  const theirs: TlsOptions = {
    ...other,
    verify: "verify_none",
    onWarning: () => {},
  };
  const ours: TlsOptions = { ...good, ...checks, onWarning: () => {} };
  return [await refusalOf(ours, theirs), await dialFailure(theirs, ours)];
}

async function refusalOf(ours: TlsOptions, theirs: TlsOptions): Promise<string> {
  let tell!: (verdict: string) => void;
  const verdict = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const onRefused = (_remote: unknown, error: Error) => tell(error.message);
  const listener = await inetTls(ours).listen({ host: "127.0.0.1", onRefused }, (channel) => {
    channel.destroy();
    tell("accepted");
  });
  const { port } = listener.address;
  const channel = await inetTls(theirs).connect({ host: "127.0.0.1", port, node: "a@localhost" });
  const found = await verdict;
  channel.destroy();
  await listener.close();
  return found;
}

async function dialFailure(
  theirs: TlsOptions,
  ours: TlsOptions,
  node = "a@localhost",
): Promise<string> {
  const listener = await inetTls({ ...theirs, onWarning: () => {} }).listen(
    { host: "127.0.0.1" },
    (channel) => {
      channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
    },
  );
  const { port } = listener.address;
  try {
    const to = { host: "127.0.0.1", port, node };
    const channel = await inetTls(ours).connect(to);
    expect(channel.tls?.certificate?.subject).toContain("CN=");
    channel.destroy();
    return "accepted";
  } catch (error) {
    return (error as TlsCertificateError).message;
  } finally {
    await listener.close();
  }
}

const lists = [listOfRoot, listOfBetween];

test.each([
  ["its chain", true, [now]],
  ["its chain", "best_effort", [now]],
  ["an older certificate of the revoked CA", true, [past, now]],
  ["an older certificate of the revoked CA", "best_effort", [past, now]],
  ["one of another CA for the same key", true, [foreign, text(rogue.cacertfile), now]],
  ["one of another CA for the same key", "best_effort", [foreign, text(rogue.cacertfile), now]],
] as const)("a revoked CA is found behind %s, crlCheck %s", async (_what, crlCheck, shown) => {
  const certfile = chainFile("shown", text(node.certfile), ...shown);
  const found = await verdicts({ certfile, keyfile: node.keyfile }, { crlCheck, crlfile: lists });
  for (const verdict of found)
    expect(verdict).toMatch(/its certificate "[^"]*CN=between".* is revoked/);
});

test("without lists they are let in: what is shown besides does no harm", async () => {
  const certfile = chainFile("besides", text(node.certfile), past, foreign, now);
  expect(await verdicts({ certfile, keyfile: node.keyfile }, {})).toEqual(["accepted", "accepted"]);
});

test("a weak CA is found behind an older certificate with its name", async () => {
  const weakCa = authority.issue("weak-ca", { authority: true, algorithm: "RSA-1024" });
  const weak = text(weakCa.certfile);
  const leaf = authority.issue("under-weak", {}, weakCa);
  const strong = text(
    rogue.issue("weak-ca", { authority: true, algorithm: "RSA-2048", days: [-9, -2] }).certfile,
  );
  const certfile = chainFile("weak", text(leaf.certfile), strong, weak);
  for (const verdict of await verdicts({ certfile, keyfile: leaf.keyfile }, {})) {
    expect(verdict).toMatch(/CN=weak-ca.*has an RSA key of 1024 bits/);
  }
});

test("verifyFun is given the certificates that have signed, not those that are named alike", async () => {
  const named: string[][] = [];
  const verifyFun: TlsOptions["verifyFun"] = ({ chain, problem }) => {
    named.push(chain.map(({ issuer }) => /CN=(.*)/.exec(issuer)?.[1] ?? ""));
    return problem === undefined || problem.text;
  };
  const certfile = chainFile("pinned", text(node.certfile), foreign, text(rogue.cacertfile), now);
  await verdicts({ certfile, keyfile: node.keyfile }, { verifyFun });
  expect(named).toEqual([
    ["between", "our CA", "our CA"],
    ["between", "our CA", "our CA"],
  ]);
});

test("a verifyFun that returns a promise refuses, and what becomes of that ends nothing", async () => {
  const rejected: unknown[] = [];
  const count = (reason: unknown) => void rejected.push(reason);
  process.on("unhandledRejection", count);
  const slow = () => Promise.reject(new Error("no"));
  const verifyFun = slow as unknown as NonNullable<TlsOptions["verifyFun"]>;
  const certfile = chainFile("slow", text(node.certfile), now);
  for (const verdict of await verdicts({ certfile, keyfile: node.keyfile }, { verifyFun })) {
    expect(verdict).toMatch(/CN=node.*is refused by verifyFun: it returned a promise/);
  }
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", count);
  expect(rejected).toEqual([]);
});

test("a CA with a curve that is too short is refused", async () => {
  const short = authority.issue("short-ca", { authority: true, algorithm: "P-192" });
  const leaf = authority.issue("under-short", {}, short);
  const certfile = chainFile("short", text(leaf.certfile), text(short.certfile));
  for (const verdict of await verdicts({ certfile, keyfile: leaf.keyfile }, {})) {
    expect(verdict).toMatch(
      /CN=short-ca.*has a key on the curve prime192v1, with fewer than 224 bits/,
    );
  }
});

test("a CA with a curve whose name tells no bits is refused", async () => {
  // 160 bits, which is enough for OpenSSL.
  const keyfile = join(authority.folder, "phone.key");
  const certfile = join(authority.folder, "phone.pem");
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  openssl("ecparam", "-name", "wap-wsg-idm-ecid-wtls7", "-genkey", "-noout", "-out", keyfile);
  const request = ["-new", "-x509", "-subj", "/CN=phone-ca", "-days", "9"];
  openssl("req", ...request, "-key", keyfile, "-out", certfile);
  const leaf = authority.issue("under-phone", {}, { certfile, keyfile });
  for (const verdict of await verdicts({ ...leaf }, { cacertfile: certfile })) {
    expect(verdict).toMatch(/CN=phone-ca.*a curve that is not known here: wap-wsg-idm-ecid-wtls7/);
  }
});

test.each([
  [
    "a CA for other uses",
    { more: "extendedKeyUsage=codeSigning" },
    {},
    /"[^"]*CN=middle".*vouches for no such use \(extendedKeyUsage without (?:client|server)Auth\)/,
  ],
  [
    "a CA whose key must not sign certificates",
    { keyUsage: "cRLSign" },
    {},
    /"[^"]*CN=middle".*has issued the one before it, and is no CA/,
  ],
  [
    "a CA for other hosts",
    { more: "nameConstraints=critical,permitted;DNS:example.org" },
    {},
    /CN=below.*or one that vouches for it, fails a check of OpenSSL: permitted subtree violation/,
  ],
  [
    "an extension that is critical and unknown",
    {},
    { more: "1.3.6.1.4.1.5923.1=critical,DER:0500" },
    /CN=below.*fails a check of OpenSSL: unhandled critical extension/,
  ],
  [
    "a key for none of its uses",
    {},
    { keyUsage: "cRLSign" },
    /CN=below.*is not for this use \(keyUsage/,
  ],
] as const)("what OpenSSL refuses is told: %s", async (_what, ofCa, ofLeaf, said) => {
  const middle = authority.issue("middle", { authority: true, ...ofCa });
  const leaf = authority.issue("below", ofLeaf, middle);
  const certfile = chainFile("below", text(leaf.certfile), text(middle.certfile));
  const found = await verdicts({ certfile, keyfile: leaf.keyfile }, {});
  for (const verdict of found) expect(verdict).toMatch(said);
});

test("a CA that requires a policy makes no nodes without", async () => {
  const more = "policyConstraints=critical,requireExplicitPolicy:0";
  const strict = authority.issue("strict", { authority: true, more });
  const leaf = authority.issue("without", {}, strict);
  const certfile = chainFile("without", text(leaf.certfile), text(strict.certfile));
  for (const verdict of await verdicts({ certfile, keyfile: leaf.keyfile }, {})) {
    expect(verdict).toMatch(/"[^"]*CN=strict".*requires a policy under which its whole chain/);
  }
});

test("a signature with SHA-1 is told to be too weak", async () => {
  const leaf = authority.issue("old-hash", { digest: "sha1" });
  let tell!: (error: Error) => void;
  const refused = new Promise<Error>((resolve) => {
    tell = resolve;
  });
  const listener = await inetTls({ ...good, onWarning: () => {} }).listen(
    { host: "127.0.0.1", onRefused: (_remote, error) => tell(error) },
    () => tell(new Error("it was accepted")),
  );
  const peer = tls.connect({
    port: listener.address.port,
    cert: text(leaf.certfile),
    key: text(leaf.keyfile),
    ciphers: "DEFAULT:@SECLEVEL=0", // its own OpenSSL would not let it show that one
    rejectUnauthorized: false,
  });
  peer.on("error", () => {});
  const error = (await refused) as TlsCertificateError;
  expect(error.check).toBe("strength");
  expect(error.message).toMatch(/CN=old-hash.*CA signature digest algorithm too weak/);
  peer.destroy();
  await listener.close();
});

test("a long chain is found to be long behind a short one", async () => {
  const upper = authority.issue("upper", { authority: true });
  const lower = authority.issue("lower", { authority: true }, upper);
  const leaf = authority.issue("deep", {}, lower);
  const short = again(lower, rogue, { days: [-9, -2] });
  const pems = [text(leaf.certfile), short, text(lower.certfile), text(upper.certfile)];
  const certfile = chainFile("long", ...pems);
  for (const verdict of await verdicts({ certfile, keyfile: leaf.keyfile }, { depth: 1 })) {
    expect(verdict).toMatch(/CN=deep.*2 certificates between it and its CA, more than depth 1/);
  }
});

test("more certificates than a chain has are refused, and not looked at", async () => {
  const many = Array.from({ length: 20 }, () => now);
  const certfile = chainFile("many", text(node.certfile), ...many);
  for (const verdict of await verdicts({ certfile, keyfile: node.keyfile }, {})) {
    expect(verdict).toMatch(/CN=node.*comes with more certificates than a chain has/);
  }
});

test("a CA for some hosts makes nodes of those hosts only", async () => {
  const more = "nameConstraints=critical,permitted;DNS:one";
  const onlyOne = authority.issue("only-one", { authority: true, more });
  const names = "URI:app@two,DNS:one";
  const leaf = authority.issue("app", { names }, onlyOne);
  const certfile = chainFile("one", text(leaf.certfile), text(onlyOne.certfile));
  const theirs: TlsOptions = { certfile, keyfile: leaf.keyfile, verify: "verify_none" };
  const quiet = { onWarning: () => {} };
  let tell!: (channel: Channel) => void;
  const accepted = new Promise<Channel>((resolve) => {
    tell = resolve;
  });
  const listener = await inetTls({ ...good, ...quiet }).listen({ host: "127.0.0.1" }, tell);
  const { port } = listener.address;
  const dialled = await inetTls({ ...theirs, ...quiet }).connect({ host: "127.0.0.1", port });
  const channel = await accepted;
  expect(channel.claimProblem?.("app@one")).toBeUndefined();
  expect(channel.claimProblem?.("app@two")?.message).toMatch(/CN=app.*is not for the host two/);
  channel.destroy();
  dialled.destroy();
  await listener.close();
  expect(await dialFailure(theirs, { ...good, ...quiet }, "app@two")).toMatch(
    /not for the host two/,
  );
  expect(await dialFailure(theirs, { ...good, ...quiet }, "app@one")).toBe("accepted");
});

test("a number of signatures is looked at, whatever is shown", () => {
  // Each of the first row is signed by each of the second: 9 + 81 signatures.
  const second = rogue.issue("second", { authority: true });
  const secondAgain = () => again(second, rogue, {});
  const row = Array.from({ length: 9 }, secondAgain);
  const first = rogue.issue("first", { authority: true }, second);
  const firstAgain = () =>
    text(rogue.issue("first", { authority: true, keyOf: first }, second).certfile);
  const shown = [
    text(rogue.issue("third", {}, first).certfile),
    ...Array.from({ length: 9 }, firstAgain),
    ...row,
  ];
  const looked = vi.spyOn(X509Certificate.prototype, "verify");
  const found = waysUp(shown.map(read), [read(text(cacertfile))]);
  expect(found).toMatchObject({ check: "depth" });
  expect(looked.mock.calls.length).toBeLessThanOrEqual(60);
  looked.mockRestore();
});

test("of those that have signed only the ones that lead to a root count", () => {
  const shown = [text(node.certfile), foreign, text(rogue.cacertfile), now].map(read);
  const root = read(text(cacertfile));
  const found = waysUp(shown, [root]) as Ways;
  const signersOf = (one?: X509Certificate) => one && found.signers.get(one);
  expect(found.certificates.map(({ fingerprint256: one }) => one)).toEqual(
    [shown[0], shown[3], root].map((one) => one?.fingerprint256),
  );
  expect(signersOf(shown[0])).toEqual([shown[3]]);
  expect(signersOf(shown[3])).toEqual([root]);
});

test("a CA that is named as the one that has signed, and has not, leads nowhere", () => {
  // Without identifiers of keys all that tells the two apart is the signature.
  const more = "subjectKeyIdentifier=none\nauthorityKeyIdentifier=none";
  const real = authority.issue("twin", { authority: true, more });
  const leaf = authority.issue("of-twin", { more }, real);
  const shown = read(text(leaf.certfile));
  const forged = read(text(authority.issue("twin", { authority: true, more }).certfile));
  expect(shown.checkIssued(forged)).toBe(true);
  const root = read(text(cacertfile));
  expect(waysUp([shown, forged], [root])).toMatchObject({ certificates: [] });
});

test("a circle leads nowhere", () => {
  const east = authority.issue("east", { authority: true });
  const west = rogue.issue("west", { authority: true }, east);
  const eastAgain = rogue.issue("east", { authority: true, keyOf: east }, west);
  const leaf = rogue.issue("in-circle", {}, west);
  const shown = [leaf, west, eastAgain].map(({ certfile }) => read(text(certfile)));
  const found = waysUp(shown, [read(text(rogue.cacertfile))]);
  expect(found).toMatchObject({ certificates: [] });
});
