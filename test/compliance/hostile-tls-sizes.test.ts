import { createPrivateKey, getDiffieHellman, type KeyObject } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestCertificate } from "disterl/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  Certificates,
  gone,
  ME,
  once,
  pair,
  tlsScene,
  type TlsScene,
} from "./hostile-tls-setup.ts";

/** Keys, parameters and certificates that are larger than anybody needs, by whom we dial and who dials us. */

const certificates = new Certificates();
const { authority, stranger } = certificates;
afterAll(() => certificates[Symbol.dispose]());

/** What OpenSSL takes of a peer as certificates, in bytes. */
const MOST_CERTIFICATES = 102_400;

/** Processor time of the whole process in milliseconds: ours, the peer's, and what else goes on. */
async function costOf(action: () => Promise<void>): Promise<number> {
  const began = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}

const TLS_ERROR = expect.stringMatching(/^ERR_CARRIER_TLS_/);

/** Is dialled with that certificate, and dials with it; is refused each time, at a bounded cost. */
async function refusedBothWays(scene: TlsScene, certificate: TestCertificate): Promise<Error[]> {
  const errors: Error[] = [];
  const before = process.memoryUsage().rss;
  const cost = await costOf(async () => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      await scene.serveTls({ ...pair(certificate), maxVersion });
      errors.push((await scene.dialFails()).cause as Error);
      const how = { ...certificates.raw(certificate), maxVersion };
      const socket = await scene.connectTls(how);
      errors.push((await scene.refusal()).error);
      await gone(socket);
    }
  });
  for (const error of errors) {
    expect(error).toMatchObject({ code: TLS_ERROR });
    expect(error.message.length).toBeLessThan(2_000);
  }
  expect(cost).toBeLessThan(10_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 28);
  await scene.assertUnharmed();
  return errors;
}

describe("Diffie-Hellman with parameters of a server", () => {
  let rsa: TestCertificate;
  beforeAll(() => {
    rsa = authority.issue("rsa", { algorithm: "RSA-2048" });
  });

  const serve = async (scene: TlsScene, group: string): Promise<{ readonly secured: boolean }> => {
    const seen = { secured: false };
    const ciphers = "DHE-RSA-AES128-GCM-SHA256";
    const dhparam = dhParameters(group);
    await scene.serveTls({ ...pair(rsa), ciphers, dhparam, maxVersion: "TLSv1.2" }, () => {
      seen.secured = true;
    });
    return seen;
  };

  test("[dialling] is not offered", async () => {
    await using scene = await tlsScene(certificates);
    const seen = await serve(scene, "modp14");
    expect((await scene.dialFails()).cause).toMatchObject({ code: TLS_ERROR });
    expect(seen.secured).toBe(false);
    await scene.assertUnharmed();
  });

  test("[dialling] is done where ciphers ask for it, from 2048 bits up", async () => {
    const ciphers = ["DHE-RSA-AES128-GCM-SHA256"];
    const tls = { ...certificates.tls, client: { ciphers } };
    await using scene = await tlsScene(certificates, { tls });
    await serve(scene, "modp2"); // 1024 bits
    expect((await scene.dialFails()).cause).toMatchObject({
      code: "ERR_CARRIER_TLS_HANDSHAKE",
      message: expect.stringContaining("DH"),
    });
    const introduced = once<void>();
    const dhparam = dhParameters("modp14");
    const options = {
      ...pair(rsa),
      ciphers: ciphers.join(),
      dhparam,
      maxVersion: "TLSv1.2",
    } as const;
    await scene.serveTls(options, (socket) => {
      socket.once("data", () => {
        introduced.resolve();
        socket.destroy();
      });
    });
    const failing = scene.dialFails();
    await Promise.race([introduced.promise, failing]);
    expect((await failing).cause).toMatchObject({ step: "status" });
    await scene.assertUnharmed();
  });
});

describe("RSA keys", () => {
  test.each([
    ["14,336 bits", "modp17", "modp18", 65_537n],
    ["14,336 bits and an exponent of 64", "modp17", "modp18", 2n ** 64n - 59n],
    ["3,072 bits and an exponent of as many", "modp2", "modp14", undefined],
  ])("%s", async (what, one, other, exponent) => {
    const name = what.replaceAll(/\W/g, "");
    const keyfile = join(stranger.folder, `${name}.key`);
    const key = rsaKey(primeOf(one), primeOf(other), exponent);
    writeFileSync(keyfile, key.export({ type: "pkcs8", format: "pem" }));
    const certificate = stranger.issue(name, { keyOf: { certfile: keyfile, keyfile } });
    await using scene = await tlsScene(certificates);
    for (const error of await refusedBothWays(scene, certificate)) {
      expect(error).toMatchObject({ check: "issuer" });
    }
  });
});

describe("certificates", () => {
  const names = (count: number): string => {
    const list = Array.from({ length: count }, (_, index) => `DNS.${index}=h${index}.example`);
    return `[names]\n${list.join("\n")}`;
  };

  test("with 5,000 names, none of them the right one", async () => {
    const certificate = authority.issue("names", { names: "@names", more: names(5_000) });
    await using scene = await tlsScene(certificates);
    const [dialled] = await nameRefused(scene, certificate);
    expect(dialled).toMatchObject({ check: "name" });
  });

  test("with 100,000 names are not looked at", async () => {
    const certificate = authority.issue("more-names", { names: "@names", more: names(100_000) });
    expect(readFileSync(certificate.certfile).length).toBeGreaterThan(MOST_CERTIFICATES);
    await using scene = await tlsScene(certificates);
    for (const error of await refusedBothWays(scene, certificate)) {
      expect(error).toMatchObject({ code: "ERR_CARRIER_TLS_HANDSHAKE" });
    }
  });

  test("with 3,000 places of revocation lists", async () => {
    const places = Array.from({ length: 3_000 }, (_, index) => `URI:http://h${index}/`).join(",");
    const more = `crlDistributionPoints=${places}`;
    const certificate = stranger.issue("places", { more });
    await using scene = await tlsScene(certificates);
    for (const error of await refusedBothWays(scene, certificate)) {
      expect(error).toMatchObject({ check: "issuer" });
    }
  });

  test("as many as OpenSSL takes, and more", async () => {
    const foreign = stranger.issue("crowd");
    const own = readFileSync(foreign.certfile, "utf8");
    // In DER, as they are sent; three bytes each are their length.
    const each = Buffer.from(own.replaceAll(/-----.*-----|\s/g, ""), "base64").length + 3;
    await using scene = await tlsScene(certificates);
    const crowd = (count: number): TestCertificate => {
      const certfile = join(stranger.folder, `crowd-${count}.pem`);
      writeFileSync(certfile, own.repeat(count));
      return { ...foreign, certfile };
    };
    // TLS 1.3 has two bytes more for each.
    const fits = Math.floor((MOST_CERTIFICATES - 1_000) / (each + 2));
    for (const error of await refusedBothWays(scene, crowd(fits))) {
      expect(error).toMatchObject({ check: "issuer" });
    }
    const tooMany = Math.ceil((MOST_CERTIFICATES + 1_000) / each);
    for (const error of await refusedBothWays(scene, crowd(tooMany))) {
      expect(error).toMatchObject({ code: "ERR_CARRIER_TLS_HANDSHAKE" });
    }
  });
});

/** Who dials with a certificate of the cluster has to say a name first: only who is dialled is refused. */
async function nameRefused(scene: TlsScene, certificate: TestCertificate): Promise<Error[]> {
  const errors: Error[] = [];
  const cost = await costOf(async () => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      await scene.serveTls({ ...pair(certificate), maxVersion });
      const error = (await scene.dialFails()).cause as Error;
      expect(error.message.length).toBeLessThan(2_000);
      errors.push(error);
    }
  });
  expect(cost).toBeLessThan(10_000);
  expect(scene.node.peer(ME)).toBeUndefined();
  await scene.assertUnharmed();
  return errors;
}

function dhParameters(group: string): string {
  const prime = getDiffieHellman(group).getPrime();
  const der = sequence(integer(prime), integer(Buffer.of(2)));
  const lines = der.toString("base64").replaceAll(/.{64}/g, "$&\n");
  return `-----BEGIN DH PARAMETERS-----\n${lines}\n-----END DH PARAMETERS-----\n`;
}

function integer(bytes: Buffer): Buffer {
  return tagged(2, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function primeOf(group: string): bigint {
  return BigInt(`0x${getDiffieHellman(group).getPrime("hex")}`);
}

/** Without an exponent: one as long as the key, for a private one that is short. */
function rsaKey(p: bigint, q: bigint, exponent: bigint | undefined): KeyObject {
  const order = (p - 1n) * (q - 1n);
  const [e, d] =
    exponent === undefined
      ? [inverse(65_537n, order), 65_537n]
      : [exponent, inverse(exponent, order)];
  const parts = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const jwk = Object.entries(parts).map(([name, value]) => [name, base64url(value)]);
  return createPrivateKey({ format: "jwk", key: { kty: "RSA", ...Object.fromEntries(jwk) } });
}

function base64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").toString("base64url");
}

/** By Euclid. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, s0, s1] = [modulus, value % modulus, 0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [s0, s1] = [s1, s0 - quotient * s1];
  }
  if (r0 !== 1n) throw new Error("the exponent and the order have a factor in common");
  return ((s0 % modulus) + modulus) % modulus;
}
