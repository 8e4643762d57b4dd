import { getCiphers } from "node:tls";
import { expect, test } from "vitest";
import { algorithmProblem, opensslCipher } from "./tls-algorithms.ts";

test.each([
  ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"],
  ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"],
  ["TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"],
  ["TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE-ECDSA-AES128-SHA256"],
  ["TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "DHE-RSA-AES256-SHA"],
  ["TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"],
  ["TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"],
  ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"],
])("%s is %s of OpenSSL", (name, openssl) => {
  expect(opensslCipher(name)).toBe(openssl);
  expect(getCiphers()).toContain(openssl.toLowerCase());
  expect(algorithmProblem("cipher", name)).toBeUndefined();
});

test("what there is not is told by its name", () => {
  expect(algorithmProblem("cipher", "TLS_ECDHE_RSA_WITH_NOTHING")).toMatch(
    /no cipher "TLS_ECDHE_RSA_WITH_NOTHING".*getCiphers/,
  );
  expect(algorithmProblem("cipher", "red\u001b[31m")).toContain("red\\u{1b}[31m");
  expect(algorithmProblem("group", "X25519")).toBeUndefined();
  expect(algorithmProblem("group", "secp999")).toMatch(/no group "secp999"/);
  expect(algorithmProblem("signature algorithm", "ECDSA+SHA256")).toBeUndefined();
  expect(algorithmProblem("signature algorithm", "ECDSA+SHA1000")).toMatch(/"ECDSA\+SHA1000"/);
});
