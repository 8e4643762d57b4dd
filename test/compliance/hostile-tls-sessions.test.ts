import * as tls from "node:tls";
import { afterAll, expect, test } from "vitest";
import { Certificates, gone, introduce, ME, once, pair, tlsScene } from "./hostile-tls-setup.ts";

/** Sessions and late refusals (T17, T18, TL-13): what TLS says is up is not up yet. */

const certificates = new Certificates();
const { authority, stranger } = certificates;
afterAll(() => certificates[Symbol.dispose]());

const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

test.each(VERSIONS)(
  "TL-13 [dialled] %s a session is not resumed, with or without the certificate it was made with",
  async (maxVersion) => {
    await using scene = await tlsScene(certificates);
    const sessions: Buffer[] = [];
    const first = await scene.connectTls({ ...certificates.raw(), maxVersion });
    first.on("session", (session: Buffer) => sessions.push(session));
    await introduce(first);
    const own = first.getSession();
    if (own !== undefined) sessions.push(own);
    expect(sessions.length).toBeGreaterThan(0);
    first.destroy();
    for (const session of sessions) {
      const again = await scene.connectTls({ ...certificates.raw(), maxVersion, session });
      expect(again.isSessionReused()).not.toBe(true);
      again.destroy();
      const before = scene.refused.length;
      const without = await scene.connectTls({
        ...certificates.raw("none"),
        maxVersion,
        session,
        servername: "elsewhere",
      });
      expect(without.isSessionReused()).not.toBe(true);
      await gone(without);
      await expect
        .poll(() => scene.refused.slice(before).map(({ error }) => error))
        .toContainEqual(expect.objectContaining({ check: "missing" }));
    }
    await scene.assertUnharmed();
  },
);

test.each(VERSIONS)(
  "T18 [dialling] %s what one server gives to resume with is not offered to another one",
  async (maxVersion) => {
    await using scene = await tlsScene(certificates);
    const ticketKeys = Buffer.alloc(48, 1);
    const reused: boolean[] = [];
    // A server that resumes whatever it can, also what it has stored under an id.
    const stored = new Map<string, Buffer>();
    let offered = 0;
    const hostile = (certificate: { certfile: string; keyfile: string }) => {
      const options = { ...pair(certificate), maxVersion, ticketKeys, sessionTimeout: 1_000 };
      const server = tls.createServer(options, (socket) => {
        reused.push(socket.isSessionReused());
        socket.on("error", () => {}).resume();
      });
      server.on("tlsClientError", () => {});
      server.on("newSession", (id: Buffer, data: Buffer, done: () => void) => {
        stored.set(id.toString("hex"), data);
        done();
      });
      server.on("resumeSession", (id: Buffer, done: (error: null, data: Buffer | null) => void) => {
        // Clients of TLS 1.3 send an id, too: one that means nothing.
        const known = stored.get(id.toString("hex"));
        if (known !== undefined) offered++;
        done(null, known ?? null);
      });
      return server;
    };
    const elsewhere = authority.issue(`elsewhere-${maxVersion}`, { names: "DNS:elsewhere" });
    for (const certificate of [certificates.good, certificates.good, elsewhere]) {
      const server = hostile(certificate);
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      scene.ports.set(ME, (server.address() as { port: number }).port);
      const failing = scene.dialFails();
      if (certificate === elsewhere) {
        expect((await failing).cause).toMatchObject({ check: "name" });
      } else {
        const rounds = reused.length;
        await expect.poll(() => reused.length).toBeGreaterThan(rounds);
        await scene.clock.runUntil(failing);
      }
      server.close();
    }
    expect(reused).not.toContain(true);
    expect(offered).toBe(0);
    await scene.assertUnharmed();
  },
);

test("T17 [dialling] TLS 1.3 a server that refuses us late: no nodeup, and its alert is the reason", async () => {
  await using scene = await tlsScene(certificates);
  // It trusts another CA: it finds out about us when we think that all is well.
  await scene.serveTls({
    ...pair(certificates.good),
    ...{ ca: [stranger.cacertfile].map((path) => pair({ certfile: path, keyfile: path }).cert) },
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
  });
  const error = await scene.dialFails();
  expect(`${error.message} ${String(error.cause)}`).toMatch(/refused us|closed/);
  expect(scene.events).not.toContainEqual(expect.objectContaining({ type: "nodeup", node: ME }));
  await scene.assertUnharmed();
});

test("T17 [dialled] TLS 1.3 a client that we refuse late: no nodeup on its side, no byte of ours", async () => {
  await using scene = await tlsScene(certificates);
  const foreign = stranger.issue("late");
  const secure = once<boolean>();
  const socket = await scene.connectTls({ ...certificates.raw(foreign), minVersion: "TLSv1.3" });
  secure.resolve(!socket.destroyed);
  expect(await secure.promise).toBe(true); // the client believes in it
  await expect(introduce(socket)).rejects.toThrow("closed");
  expect((await scene.refusal()).error).toMatchObject({ check: "issuer" });
  expect(scene.events).not.toContainEqual(expect.objectContaining({ type: "nodeup", node: ME }));
  await scene.assertUnharmed();
});

test("T17 a link is up with the last word of the handshake, on our side and on theirs", async () => {
  await using scene = await tlsScene(certificates);
  const socket = await scene.connectTls(certificates.raw());
  expect(scene.node.peer(ME)).toBeUndefined();
  const up = (): boolean =>
    scene.events.some((event) => event.type === "nodeup" && event.node === ME);
  expect(up()).toBe(false);
  await introduce(socket);
  await expect.poll(up).toBe(true);
  await scene.assertUnharmed();
});

test("cookies are the same over TLS: a right certificate with a wrong cookie is refused", async () => {
  await using scene = await tlsScene(certificates);
  const socket = await scene.connectTls(certificates.raw());
  const { RawPeer } = await import("disterl/testing");
  const peer = RawPeer.over(socket, 4);
  await expect(peer.initiate({ name: ME, cookie: "wrong" })).rejects.toThrow("closed");
  const { error } = await scene.refusal();
  expect(error).toMatchObject({ code: "ERR_HANDSHAKE_WRONG_COOKIE" });
  expect(error.message).not.toContain("wrong cookie:");
  await scene.assertUnharmed();
});
