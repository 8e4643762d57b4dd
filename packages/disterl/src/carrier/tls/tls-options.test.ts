import { createPrivateKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TestAuthority } from "../../testing/test-authority.ts";
import type { CarrierError } from "../errors.ts";
import { inetTls } from "./tls.ts";
import { clientSide, serverSide, type TlsOptions } from "./tls-options.ts";

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());
const { cacertfile } = authority;
const good = { ...authority.issue("good"), cacertfile };
const rogue = authority.issue("rogue");

function configFailure(options: TlsOptions): CarrierError {
  try {
    inetTls({ onWarning: () => {}, ...options });
  } catch (error) {
    return error as CarrierError;
  }
  throw new Error("it was accepted");
}

test("what cannot be used is refused at the start, by name", () => {
  const empty = join(authority.folder, "empty.pem");
  writeFileSync(empty, "# nothing\n");
  const cases: [TlsOptions, string][] = [
    [{ ...good, certfile: "/nowhere/x.pem" }, "certfile /nowhere/x.pem"],
    [{ ...good, keyfile: rogue.keyfile }, "not the key of the certificate"],
    [{ ...good, keyfile: cacertfile }, "holds no private key"],
    [{ ...good, cacertfile: empty }, "holds no certificate"],
    [{ ...good, cacertfile: undefined }, "needs the CAs"],
    [{ ...good, crlfile: empty }, "revocation list"],
    [{ ...good, ciphers: ["ECDHE-NOPE"] }, 'no cipher "ECDHE-NOPE"'],
    [{ keyfile: good.keyfile, cacertfile }, "no certificate"],
  ];
  for (const [options, text] of cases) {
    const error = configFailure(options);
    expect(error.code).toBe("ERR_CARRIER_TLS_CONFIG");
    expect(error.message).toContain(text);
  }
  expect(() => inetTls({ ...good, verfy: "verify_none" } as TlsOptions)).toThrow(
    /no option "verfy"/,
  );
  expect(() => inetTls({ ...good, verify: "none" as never })).toThrow(/verify_peer/);
  expect(() => inetTls({ ...good, versions: ["tlsv1.1" as never] })).toThrow(/versions/);
});

test("to ask for revocation lists and give none would be to refuse everybody", () => {
  for (const crlCheck of [true, "peer"] as const) {
    const { code, message } = configFailure({ ...good, crlCheck });
    expect(code).toBe("ERR_CARRIER_TLS_CONFIG");
    expect(message).toMatch(/server crlCheck: needs revocation lists.*give crlfile or crlDir/);
  }
  expect(() => configFailure({ ...good, crlCheck: "best_effort" })).toThrow("it was accepted");
});

test("the password of an encrypted key is asked for, and never shown", () => {
  const encrypted = createPrivateKey(readFileSync(good.keyfile))
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "open sesame" })
    .toString();
  const options = { cert: readFileSync(good.certfile, "utf8"), key: encrypted, cacertfile };
  expect(configFailure(options).message).toContain("give its password");
  const wrong = configFailure({ ...options, password: "guess" });
  expect(wrong.message).toContain("password is wrong");
  expect(wrong.message).not.toContain("guess");
});

test("a setting that is missing does not pass for one that was left out", () => {
  const cases: [string, RegExp][] = [
    [
      '{"server":{"failIfNoPeerCert":null}}',
      /tls.server.failIfNoPeerCert is true or false, not null/,
    ],
    ['{"server":{"failIfNoPeerCert":0}}', /failIfNoPeerCert is true or false, not 0/],
    ['{"server":{"failIfNoPeerCert":"false"}}', /failIfNoPeerCert is true or false, not "false"/],
    ['{"client":{"serverNameIndication":null}}', /serverNameIndication is text, not null/],
    ['{"client":{"serverNameIndication":""}}', /serverNameIndication is text, not ""/],
    ['{"verify":null}', /tls.verify is "verify_peer"/],
    ['{"verifyFun":null}', /tls.verifyFun is a function/],
    ['{"verifyFun":true}', /tls.verifyFun is a function/],
    ['{"crlfile":[]}', /tls.crlfile is an empty list/],
    ['{"crlfile":""}', /tls.crlfile is text/],
    ['{"crlfile":null}', /tls.crlfile is text/],
    ['{"server":{"crlDir":""}}', /tls.server.crlDir is text/],
    ['{"cacertfile":["a.pem",null]}', /tls.cacertfile is text, not null/],
    ['{"certfile":""}', /tls.certfile is text/],
    ['{"ciphers":[]}', /tls.ciphers is an empty list/],
    ['{"ciphers":"AES256-SHA"}', /tls.ciphers is a list/],
    ['{"signatureAlgs":[]}', /tls.signatureAlgs is an empty list/],
    ['{"certsKeys":[{"certFile":"a.pem"}]}', /certsKeys\[0\] has no option "certFile"/],
    ['{"password":7}', /^tls.password is text$/],
  ];
  for (const [given, text] of cases) {
    const options = { ...good, ...(JSON.parse(given) as TlsOptions) };
    const attempt = () => inetTls(options);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(text);
  }
});

test("a key in the wrong place is not shown", () => {
  const pem = readFileSync(good.keyfile, "utf8");
  const secret = pem.split("\n")[1] ?? "";
  const cases: [object, RegExp][] = [
    [{ key: readFileSync(good.keyfile) }, /^tls.key is text, not bytes: .*"utf8"/],
    [{ server: { keyfile: pem } }, /^tls.server.keyfile is the path of a file, .* it is key$/],
    [{ cacertfile: ["ca.pem", pem] }, /^tls.cacertfile is the path of a file, .* is cacerts$/],
    [{ server: { dhfile: pem } }, /^tls.server.dhfile is the path of a file, .* to a file$/],
    [{ keyfile: { path: pem } }, /^tls.keyfile is text, not an object$/],
  ];
  for (const [given, text] of cases) {
    const attempt = () => inetTls({ ...good, ...given });
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(text);
    expect(attempt).not.toThrow(secret);
    expect(attempt).not.toThrow("45,45,45,45");
  }
  expect(() => inetTls(good.keyfile as never)).toThrow(
    /^tls is an object of options, .*, not string$/,
  );
});

test("what is undefined for a side takes nothing away from it", () => {
  const crlfile = authority.revocationList();
  const nothing = { verify: undefined, crlfile: undefined, cacertfile: undefined };
  const options = { ...good, crlfile, server: nothing, client: nothing };
  expect(serverSide(options)).toEqual({ ...good, crlfile });
  expect(clientSide(options)).toEqual({ ...good, crlfile });
});

test("a side with CAs of its own trusts those only", () => {
  const cacerts = readFileSync(cacertfile, "utf8");
  const options: TlsOptions = { ...good, cacertfile: "wide.pem", server: { cacerts } };
  expect(serverSide(options)).toEqual({ ...authorityless(good), cacerts });
  expect(clientSide(options).cacertfile).toBe("wide.pem");
});

test("a side with a certificate of its own shows that one, whichever way either is given", () => {
  const text = {
    cert: readFileSync(good.certfile, "utf8"),
    key: readFileSync(good.keyfile, "utf8"),
  };
  expect(serverSide({ ...text, server: rogue })).toEqual(rogue);
  expect(clientSide({ ...good, client: text })).toEqual({ ...text, cacertfile });
  expect(clientSide({ ...text, server: rogue })).toEqual(text);
});

function authorityless({ certfile, keyfile }: typeof good) {
  return { certfile, keyfile };
}

/** What is told of options, with a certificate and CA. */
function warningsOf(options: TlsOptions): string[] {
  const told: string[] = [];
  inetTls({ ...good, onWarning: (text) => void told.push(text), ...options });
  return told;
}

test("what protects less than it seems to is told, each once, and nothing else is", () => {
  const crlfile = authority.revocationList();
  const cases: [TlsOptions, RegExp[]][] = [
    [{}, []],
    [{ nameBinding: "none" }, []],
    [{ crlfile, verifyFun: () => true }, []],
    [
      { server: { verify: "verify_none" } },
      [/^tls: server: peers are not verified.*use verify_peer/],
    ],
    [
      { client: { verify: "verify_none" } },
      [/^tls: client: nodes that are dialled are not verified/],
    ],
    [
      { server: { verify: "verify_none", crlfile, verifyFun: () => true }, nameBinding: "node" },
      [
        /server: revocation lists have no effect with verify_none/,
        /server: verifyFun has no effect with verify_none/,
        /server: peers are not verified/,
        /server: nameBinding node has no effect/,
      ],
    ],
    [
      { client: { verify: "verify_none", crlCheck: true, verifyFun: () => "no" }, crlfile },
      [/client: revocation lists have no effect/, /client: nodes that are dialled/],
    ],
    [
      { server: { failIfNoPeerCert: false } },
      [/server: peers without a certificate are let in, and may claim any name/],
    ],
    [
      { client: { serverNameIndication: "cluster" } },
      [/server: each node that connects can pretend to be any other.*nameBinding/],
    ],
    [
      { client: { serverNameIndication: false } },
      [/server: each node that connects can pretend/, /client: the host in a certificate is not/],
    ],
    [{ client: { serverNameIndication: "cluster" }, nameBinding: "none" }, []],
  ];
  for (const [options, expected] of cases) {
    const told = warningsOf(options);
    expect(told).toHaveLength(expected.length);
    for (const [index, text] of expected.entries()) expect(told[index]).toMatch(text);
  }
});
