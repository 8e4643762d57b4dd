import type * as net from "node:net";
import * as tls from "node:tls";
import { startNode } from "disterl";
import { noDiscovery } from "disterl/epmd";
import { RawPeer, rawChallengePacket } from "disterl/testing";
import { afterAll, describe, expect, test } from "vitest";
import { Certificates, COOKIE, gone, introduce, ME, pair, tlsScene } from "./hostile-tls-setup.ts";
import { alertOf, clientHello, SUITES } from "./tls-records.ts";

/** The class TL of the hostile-input catalogue, from TL-10 on: see hostile-tls.test.ts. */

const certificates = new Certificates();
afterAll(() => certificates[Symbol.dispose]());

describe("versions and suites", () => {
  test.each([
    ["TLS 1.0", clientHello([SUITES.ecdsa, SUITES.rsa], { version: 0x0301 })],
    ["TLS 1.1", clientHello([SUITES.ecdsa, SUITES.rsa], { version: 0x0302 })],
    ["SSL 3.0", clientHello([SUITES.ecdsa, SUITES.rsa], { version: 0x0300 })],
    [
      "a version of the future in the old place",
      clientHello([SUITES.nothing], { version: 0x0399 }),
    ],
    ["NULL", clientHello([SUITES.nothing, SUITES.nullSha])],
    ["anonymous", clientHello([SUITES.anonymous])],
    ["RC4", clientHello([SUITES.rc4])],
    ["3DES", clientHello([SUITES.tripleDes])],
    ["no suite at all", clientHello([])],
    ["compression only", clientHello([SUITES.ecdsa], { compressions: [1] })],
  ])("TL-10 [dialled] %s is refused with an alert", async (_what, hello) => {
    await using scene = await tlsScene(certificates);
    const socket = await scene.connect();
    const answer: Buffer[] = [];
    socket.on("data", (chunk) => answer.push(chunk));
    socket.write(hello);
    expect((await scene.refusal()).error).toMatchObject({ code: "ERR_CARRIER_TLS_HANDSHAKE" });
    await gone(socket);
    expect(alertOf(Buffer.concat(answer))).toBeGreaterThan(0);
    await scene.assertUnharmed();
  });

  test("TL-10 [dialled] compression that is offered is not taken", async () => {
    await using scene = await tlsScene(certificates);
    const socket = await scene.connect();
    const first = new Promise<Buffer>((resolve) => socket.once("data", resolve));
    socket.write(clientHello([SUITES.ecdsa], { compressions: [1, 0] }));
    const hello = await first;
    expect(hello.subarray(0, 1).toString("hex")).toBe("16");
    const session = hello[43] as number;
    expect(hello[44 + session + 2]).toBe(0);
    await scene.assertUnharmed();
  });

  test.each([
    ["TLS 1.0 and 1.1", { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" }],
    ["NULL", { maxVersion: "TLSv1.2", ciphers: "eNULL:@SECLEVEL=0" }],
    ["anonymous", { maxVersion: "TLSv1.2", ciphers: "aNULL:@SECLEVEL=0" }],
  ] as const)("TL-10 [dialling] a server with %s is not connected to", async (_what, how) => {
    await using scene = await tlsScene(certificates);
    await scene.serveTls({ ...pair(certificates.good), ...how });
    expect((await scene.dialFails()).cause).toMatchObject({
      code: expect.stringMatching(/^ERR_CARRIER_TLS_(HANDSHAKE|REFUSED)$/),
    });
    await scene.assertUnharmed();
  });
});

describe("connections that end, and carriers that do not match", () => {
  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "TL-14 [dialled] %s cut within a frame, without close_notify",
    async (maxVersion) => {
      await using scene = await tlsScene(certificates);
      const raw = await scene.connect();
      const socket = tls.connect({ socket: raw, ...certificates.raw(), maxVersion });
      socket.on("error", () => {});
      const peer = await introduce(socket);
      await expect.poll(() => scene.node.peer(ME)).toBeDefined();
      // The beginning of a message to a process that is there, in a frame of 100 bytes.
      await new Promise<void>((resolve) =>
        socket.write(Buffer.from("0000006483440068", "hex"), () => resolve()),
      );
      expect(peer.closed).toBe(false);
      raw.destroy();
      await expect
        .poll(() => scene.events)
        .toContainEqual(expect.objectContaining({ type: "nodedown", node: ME }));
      await scene.assertUnharmed();
    },
  );

  test("TL-14 [dialling] the same of a server", async () => {
    await using scene = await tlsScene(certificates);
    await scene.serveTls(pair(certificates.good), (socket) => {
      const raw = (socket as unknown as { _parent: net.Socket })._parent;
      void RawPeer.over(socket, 4)
        .accept({ name: ME, cookie: COOKIE })
        .then(() => socket.write(Buffer.from("0000006483440068", "hex"), () => raw.destroy()));
    });
    await scene.node.connect(ME).catch(() => {});
    await expect
      .poll(() => scene.events)
      .toContainEqual(expect.objectContaining({ type: "nodedown", node: ME }));
    await scene.assertUnharmed();
  });

  test("TL-16 [dialled] a node with plain TCP dials our TLS port", async () => {
    await using scene = await tlsScene(certificates);
    await using plain = await startNode({
      name: "plain@localhost",
      cookie: COOKIE,
      discovery: {
        ...noDiscovery,
        lookup: () => Promise.resolve({ port: scene.port, version: 6, address: "127.0.0.1" }),
      },
    });
    const error: unknown = await plain
      .connect("victim@localhost")
      .catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/TLS/);
    expect(String(error)).toContain("-proto_dist inet_tls");
    const { error: refused } = await scene.refusal();
    expect(refused.message).toContain("-proto_dist inet_tcp");
    await scene.assertUnharmed();
  });

  test("TL-16 [dialling] we dial a node with plain TCP", async () => {
    await using scene = await tlsScene(certificates);
    await using plain = await startNode({
      name: "mallory@localhost",
      cookie: COOKIE,
      discovery: noDiscovery,
    });
    const seen: string[] = [];
    void (async () => {
      for await (const event of plain.status()) {
        if (event.type === "refused") seen.push(event.error.message);
      }
    })();
    scene.ports.set(ME, plain.address?.port ?? 0);
    const error = await scene.dialFails();
    expect(error.message).toMatch(/TLS.*plain TCP/);
    await expect.poll(() => seen.join()).toContain("-proto_dist inet_tls");
    await scene.assertUnharmed();
  });

  test("TL-16 [dialling] what a plain port may answer: nothing of it is taken for TLS", async () => {
    await using scene = await tlsScene(certificates);
    const challenge = rawChallengePacket({ name: ME }, 1);
    const answers = [
      Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"),
      Buffer.from("0003736f6b", "hex"),
      Buffer.concat([Buffer.from("0003736f6b", "hex"), Buffer.of(0, challenge.length), challenge]),
      Buffer.alloc(100_000, 0xff),
      Buffer.alloc(100_000),
      Buffer.from("15030300020228", "hex"),
      Buffer.from("160303ffff", "hex"),
      Buffer.from("1703030001", "hex"),
    ];
    for (const answer of answers) {
      await scene.serve((socket) => {
        socket.once("data", () => socket.end(answer));
      });
      expect((await scene.dialFails()).cause).toMatchObject({
        code: expect.stringMatching(/^ERR_CARRIER_TLS_(HANDSHAKE|REFUSED)$/),
      });
    }
    await scene.assertUnharmed();
  });
});
