import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RawPeer, rawNamePacket, type TestCertificate } from "disterl/testing";
import { afterAll, describe, expect, test } from "vitest";
import {
  Certificates,
  gone,
  introduce,
  once,
  ME,
  pair,
  tlsScene,
  type TlsScene,
} from "./hostile-tls-setup.ts";
import { clientHello, SUITES } from "./tls-records.ts";

/**
 * The hostile-input catalogue, class TL, against a whole node over TLS. "dialled" has the hostile side
 * dial us, "dialling" has us dial it.
 */

const certificates = new Certificates();
const { authority, stranger } = certificates;
afterAll(() => certificates[Symbol.dispose]());

/** A client with that certificate; it is refused by the check named, and gone. */
async function refusedClient(
  scene: TlsScene,
  certificate: TestCertificate | "none",
  check: string,
): Promise<void> {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    const how = { ...certificates.raw(certificate), maxVersion: version };
    const socket = await scene.connectTls(how);
    const { error } = await scene.refusal();
    expect(error).toMatchObject({ code: "ERR_CARRIER_TLS_CERTIFICATE", check });
    await gone(socket);
  }
  expect(scene.events).not.toContainEqual(expect.objectContaining({ type: "nodeup", node: ME }));
  await scene.assertUnharmed();
}

/** A server with that certificate is not connected to. */
async function refusedServer(
  scene: TlsScene,
  certificate: TestCertificate,
  check: string,
): Promise<void> {
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    await scene.serveTls({ ...pair(certificate), maxVersion });
    const error = await scene.dialFails();
    expect(error).toMatchObject({ layer: "carrier" });
    expect(error.cause).toMatchObject({ code: "ERR_CARRIER_TLS_CERTIFICATE", check });
  }
  await scene.assertUnharmed();
}

describe("time", () => {
  test("TL-01 [dialled] silence is closed in time, and nobody waits for it", async () => {
    await using scene = await tlsScene(certificates);
    const silent = await scene.connect();
    await scene.assertUnharmed();
    await scene.clock.advance(4_999);
    expect(scene.refused).toEqual([]);
    await scene.clock.advance(1);
    expect((await scene.refusal()).error).toMatchObject({
      code: "ERR_CARRIER_TLS_HANDSHAKE",
      message: expect.stringContaining("no TLS within 5000 ms"),
    });
    await gone(silent);
    await scene.assertUnharmed();
  });

  test("TL-01 [dialling] a server that is silent fails the dial in time", async () => {
    await using scene = await tlsScene(certificates);
    await scene.serve((socket) => socket.resume());
    const failing = scene.dialFails();
    await scene.assertUnharmed();
    const error = await scene.clock.runUntil(failing);
    expect(error.message).toMatch(/did not finish the TLS handshake within 5000 ms/);
    await scene.assertUnharmed();
  });

  test("TL-02 [dialled] a ClientHello in single bytes gets no more time", async () => {
    await using scene = await tlsScene(certificates);
    const slow = await scene.connect();
    slow.setNoDelay(true);
    await scene.assertUnharmed(); // who came later is served: its time has begun
    for (const byte of clientHello([SUITES.ecdsa]).subarray(0, 5)) {
      slow.write(Buffer.of(byte));
      await scene.clock.advance(1_000);
    }
    await gone(slow);
    expect((await scene.refusal()).error.message).toContain("no TLS within 5000 ms");
    await scene.assertUnharmed();
  });

  test("TL-11 [dialled] a TLS handshake and nothing after it is closed in time", async () => {
    await using scene = await tlsScene(certificates, { netSetupTime: 3 });
    const silent = await scene.connectTls(certificates.raw());
    await scene.assertUnharmed();
    await scene.clock.advance(3_000);
    expect((await scene.refusal()).error).toMatchObject({ code: "ERR_HANDSHAKE_TIMEOUT" });
    await gone(silent);
    await scene.assertUnharmed();
  });

  test("TL-11 [dialling] the same of a server", async () => {
    await using scene = await tlsScene(certificates, { netSetupTime: 3 });
    const introduced = once<void>();
    await scene.serveTls(pair(certificates.good), (socket) => {
      socket.once("data", () => introduced.resolve());
    });
    const failing = scene.dialFails();
    await introduced.promise;
    const error = await scene.clock.runUntil(failing);
    expect(error.cause).toMatchObject({ code: "ERR_HANDSHAKE_TIMEOUT", step: "status" });
    await scene.assertUnharmed();
  });

  test("TL-12 [dialled] packets with a length of two bytes within TLS are closed in time", async () => {
    await using scene = await tlsScene(certificates);
    const socket = await scene.connectTls(certificates.raw());
    RawPeer.over(socket, 2).sendPacket(rawNamePacket({ name: ME }));
    await scene.assertUnharmed();
    await scene.clock.advance(7_000);
    expect((await scene.refusal()).error).toMatchObject({ step: "name" });
    await gone(socket);
    await scene.assertUnharmed();
  });

  test("TL-12 [dialling] the same of a server", async () => {
    await using scene = await tlsScene(certificates);
    const introduced = once<void>();
    await scene.serveTls(pair(certificates.good), (socket) => {
      RawPeer.over(socket, 2).sendPacket(Buffer.from("sok"));
      socket.once("data", () => introduced.resolve());
    });
    const failing = scene.dialFails();
    await introduced.promise;
    const error = await scene.clock.runUntil(failing);
    expect(error.cause).toMatchObject({ step: "status" });
    await scene.assertUnharmed();
  });
});

describe("certificates", () => {
  const expired = authority.issue("expired", { days: [-20, -1] });
  const early = authority.issue("early", { days: [5, 20] });
  const clientOnly = authority.issue("client-only", { uses: "clientAuth" });
  const serverOnly = authority.issue("server-only", { uses: "serverAuth" });
  const otherHost = authority.issue("other-host", { names: "DNS:elsewhere" });
  const byLeaf = authority.issue("by-leaf", {}, certificates.good);
  /** A leaf that vouches for a leaf, with that one in the file. */
  const withLeaf = {
    ...byLeaf,
    certfile: join(authority.folder, "with-leaf.pem"),
  };
  writeFileSync(
    withLeaf.certfile,
    readFileSync(byLeaf.certfile, "utf8") + readFileSync(certificates.good.certfile, "utf8"),
  );

  test("TL-03 [dialled] no certificate", async () => {
    await using scene = await tlsScene(certificates);
    await refusedClient(scene, "none", "missing");
  });

  test("TL-03 [dialling] a server without a certificate has no suite for us", async () => {
    await using scene = await tlsScene(certificates);
    await scene.serveTls({ ciphers: "aNULL:@SECLEVEL=0", maxVersion: "TLSv1.2" });
    expect((await scene.dialFails()).cause).toMatchObject({
      code: expect.stringMatching(/^ERR_CARRIER_TLS_/),
    });
    await scene.assertUnharmed();
  });

  test("TL-04 self-signed with the right names, and of another CA", async () => {
    await using scene = await tlsScene(certificates);
    const alone = authority.selfSigned("alone");
    const foreign = stranger.issue("foreign");
    await refusedClient(scene, alone, "issuer");
    await refusedServer(scene, alone, "issuer");
    await refusedClient(scene, foreign, "issuer");
    await refusedServer(scene, foreign, "issuer");
  });

  test("TL-05 [dialled] the certificate of another host, which claims a name of this one", async () => {
    await using scene = await tlsScene(certificates);
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const socket = await scene.connectTls({
        ...certificates.raw(otherHost),
        maxVersion: version,
      });
      expect(await introduce(socket).then(() => "connected", String)).toContain("not_allowed");
      const { error } = await scene.refusal();
      expect(`${error.message} ${String(error.cause)}`).toMatch(/localhost/);
      expect(`${error.message} ${String(error.cause)}`).toMatch(/elsewhere/);
    }
    expect(scene.events).not.toContainEqual(expect.objectContaining({ type: "nodeup", node: ME }));
    await scene.assertUnharmed();
  });

  test("TL-05 [dialling] the certificate of another host", async () => {
    await using scene = await tlsScene(certificates);
    await refusedServer(scene, otherHost, "name");
  });

  test("TL-06 expired, and not valid yet", async () => {
    await using scene = await tlsScene(certificates);
    await refusedClient(scene, expired, "validity");
    await refusedServer(scene, expired, "validity");
    await refusedClient(scene, early, "validity");
    await refusedServer(scene, early, "validity");
  });

  test("TL-07 revoked", async () => {
    const revoked = authority.issue("revoked");
    authority.revoke(revoked);
    const crlfile = authority.revocationList();
    await using scene = await tlsScene(certificates, { tls: { ...certificates.tls, crlfile } });
    await refusedClient(scene, revoked, "revocation");
    await refusedServer(scene, revoked, "revocation");
  });

  test("TL-08 made for the other side only", async () => {
    await using scene = await tlsScene(certificates);
    await refusedClient(scene, serverOnly, "purpose");
    await refusedServer(scene, clientOnly, "purpose");
  });

  test("TL-09 signed by a certificate that is no CA", async () => {
    await using scene = await tlsScene(certificates);
    for (const refused of [refusedClient, refusedServer]) {
      await refused(scene, withLeaf, "authority");
    }
  });

  test("TL-15 chains of 100 certificates, and deeper ones than are followed", async () => {
    await using scene = await tlsScene(certificates);
    // The CAs in between are real, so that each has to be looked at.
    let issuer = certificates.authority.issue("between-0", { authority: true });
    let chain = readFileSync(issuer.certfile, "utf8");
    for (let depth = 1; depth <= 15; depth++) {
      issuer = authority.issue(`between-${depth}`, { authority: true }, issuer);
      chain = readFileSync(issuer.certfile, "utf8") + chain;
    }
    const leaf = authority.issue("deep", {}, issuer);
    const own = readFileSync(leaf.certfile, "utf8");
    const deep = { ...leaf, certfile: join(authority.folder, "deep-chain.pem") };
    writeFileSync(deep.certfile, own + chain);
    await refusedClient(scene, deep, "depth");
    await refusedServer(scene, deep, "depth");
    const padded = { ...leaf, certfile: join(authority.folder, "padded-chain.pem") };
    writeFileSync(
      padded.certfile,
      own + chain.repeat(6) + readFileSync(certificates.good.certfile),
    );
    const used: number[] = [];
    for (let round = 0; round < 3; round++) {
      const began = process.cpuUsage();
      await refusedClient(scene, padded, expect.stringMatching(/^(depth|issuer)$/));
      const { user, system } = process.cpuUsage(began);
      used.push((user + system) / 1_000);
    }
    // Both sides, two versions, and a node of ours that comes and goes.
    expect(Math.min(...used)).toBeLessThan(1_000);
  });
});
