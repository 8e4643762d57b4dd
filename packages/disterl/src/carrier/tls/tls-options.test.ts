import { createPrivateKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TestAuthority } from "../../testing/test-authority.ts";
import type { CarrierError } from "../errors.ts";
import { inetTls } from "./tls.ts";
import type { TlsOptions } from "./tls-options.ts";

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
