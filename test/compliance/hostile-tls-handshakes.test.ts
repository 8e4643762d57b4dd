import type * as net from "node:net";
import * as tls from "node:tls";
import { afterAll, describe, expect, test } from "vitest";
import {
  Certificates,
  gone,
  introduce,
  ME,
  once,
  openHandles,
  tlsScene,
} from "./hostile-tls-setup.ts";
import { clientHello, SUITES, Tap, Tls13Writer, tlsRecord } from "./tls-records.ts";

/** TLS that is cut, bent or overdone, against a whole node, by who dials us and by whom we dial. */

const certificates = new Certificates();
afterAll(() => certificates[Symbol.dispose]());

const AES = { ciphers: "TLS_AES_128_GCM_SHA256", minVersion: "TLSv1.3" } as const;

describe("no TLS", () => {
  const garbage: Record<string, Buffer> = {
    "plain distribution": Buffer.from("001a4e00000103df6ffd0000000100086d406c6f63616c", "hex"),
    HTTP: Buffer.from("GET / HTTP/1.1\r\nhost: victim\r\n\r\n"),
    SSH: Buffer.from("SSH-2.0-OpenSSH_9.2\r\n"),
    zeros: Buffer.alloc(70_000),
    ones: Buffer.alloc(70_000, 0xff),
    "SSL 2": Buffer.from("802e0100020015000000100100800200800300800400800500800600400700c0", "hex"),
    "an alert": tlsRecord(21, Buffer.of(2, 40)),
    "a ChangeCipherSpec": tlsRecord(20, Buffer.of(1)),
    "application data": tlsRecord(23, Buffer.alloc(100)),
    "a heartbeat that asks for more than there is": tlsRecord(24, Buffer.from("01ffff00", "hex")),
    "a record longer than allowed": Buffer.from("160301ffff", "hex"),
    "a Finished": tlsRecord(22, Buffer.from("1400000c".padEnd(32, "0"), "hex")),
    "a ServerHello": tlsRecord(22, Buffer.from(`02000026${"0303".padEnd(76, "0")}`, "hex")),
    "a hello of 16 MiB is announced": tlsRecord(22, Buffer.from("01fffffc0303", "hex")),
    "two hellos": Buffer.concat([clientHello([SUITES.ecdsa]), clientHello([SUITES.ecdsa])]),
    "records of nothing": Buffer.concat(
      Array.from({ length: 1_000 }, () => tlsRecord(22, Buffer.alloc(0))),
    ),
    "warnings without end": Buffer.concat([
      clientHello([SUITES.ecdsa]),
      ...Array.from({ length: 1_000 }, () => tlsRecord(21, Buffer.of(1, 90))),
    ]),
  };

  test.each(Object.entries(garbage))("[dialled] %s is refused", async (_what, bytes) => {
    await using scene = await tlsScene(certificates);
    const socket = await scene.connect();
    socket.write(bytes);
    const closed = gone(socket);
    // Most is refused at sight; what could still become TLS, in time.
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 50))]);
    await scene.clock.advance(5_000);
    await closed;
    expect((await scene.refusal()).error).toMatchObject({ code: "ERR_CARRIER_TLS_HANDSHAKE" });
    expect(scene.refused).toHaveLength(1);
    await scene.assertUnharmed();
  });
});

describe("too much of what TLS allows", () => {
  test("[dialled] renegotiation, as TLS 1.2 has it, is refused", async () => {
    await using scene = await tlsScene(certificates);
    const socket = await scene.connectTls({ ...certificates.raw(), maxVersion: "TLSv1.2" });
    await introduce(socket);
    await expect.poll(() => scene.node.peer(ME)).toBeDefined();
    const outcome = await new Promise<Error | null>((resolve) => {
      socket.on("error", resolve);
      socket.renegotiate({ rejectUnauthorized: false }, resolve);
    });
    expect(outcome).toMatchObject({ code: expect.stringContaining("RENEGOTIATION") });
    await scene.assertUnharmed();
  });

  /** A peer whose TLS 1.3 goes on with records of our own making. */
  async function handmade(
    scene: Awaited<ReturnType<typeof tlsScene>>,
    isIntroduced: boolean,
  ): Promise<{ socket: net.Socket; writer: Tls13Writer; inner: tls.TLSSocket }> {
    const socket = await scene.connect();
    const secret = once<Buffer>();
    const inner = tls.connect({ socket: new Tap(socket), ...certificates.raw(), ...AES });
    inner
      .on("error", () => {})
      .on("keylog", (line: Buffer) => {
        const [label, , hex = ""] = line.toString().trim().split(" ");
        if (label === "CLIENT_TRAFFIC_SECRET_0") secret.resolve(Buffer.from(hex, "hex"));
      });
    // A ticket that is of no use is the first that a server says when it is done, too.
    await new Promise((resolve) => inner.once("session", resolve));
    if (isIntroduced) {
      await introduce(inner);
      await expect.poll(() => scene.node.peer(ME)).toBeDefined();
    }
    // The name and the reply to the challenge, each with one write.
    const writer = new Tls13Writer(await secret.promise, isIntroduced ? 2 : 0);
    return { socket, writer, inner };
  }

  /** Resolves when it has gone, or the other side has. */
  function written(socket: net.Socket, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      socket.write(bytes, () => resolve());
    });
  }

  test("[dialled] records made by hand are taken for what they are", async () => {
    await using scene = await tlsScene(certificates);
    const { socket, writer } = await handmade(scene, true);
    await written(
      socket,
      Buffer.concat([writer.record(23, Buffer.alloc(4)), writer.keyUpdate(true)]),
    );
    await written(socket, writer.record(23, Buffer.alloc(4), 200));
    await expect.poll(() => scene.node.peer(ME)?.stats.ticksReceived).toBe(2);
    await scene.assertUnharmed();
    expect(scene.node.peer(ME)).toBeDefined();
  });

  test("[dialled] 20,000 KeyUpdates: bounded work, bounded memory, and an end", async () => {
    await using scene = await tlsScene(certificates);
    const { socket, writer } = await handmade(scene, true);
    socket.pause(); // their answers pile up at this side, then at the other
    const began = process.cpuUsage();
    const before = process.memoryUsage();
    for (let batch = 0; batch < 20; batch++) {
      const updates = Array.from({ length: 1_000 }, () => writer.keyUpdate(true));
      await written(socket, Buffer.concat(updates));
      if (socket.destroyed) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 20_000).toBeLessThan(500); // microseconds each, both sides together
    const { external, arrayBuffers } = process.memoryUsage();
    expect(external + arrayBuffers - before.external - before.arrayBuffers).toBeLessThan(2 ** 26);
    // A tick behind them: when it counts, they have been read.
    await written(socket, writer.record(23, Buffer.alloc(4)));
    await expect.poll(() => scene.node.peer(ME)?.stats.ticksReceived).toBe(1);
    await scene.clock.advance(1_000);
    const noise = expect.stringContaining("bytes of TLS in 1000 ms");
    await expect
      .poll(() => scene.events)
      .toContainEqual(
        expect.objectContaining({
          type: "nodedown",
          node: ME,
          error: expect.objectContaining({ code: "ERR_CARRIER_CLOSED", message: noise }),
        }),
      );
    await scene.assertUnharmed();
  });

  test("[dialled] records without content are not taken without end", async () => {
    await using scene = await tlsScene(certificates);
    const { socket, writer } = await handmade(scene, true);
    const empty = Array.from({ length: 2_000 }, () => writer.record(23, Buffer.alloc(0)));
    await written(socket, Buffer.concat(empty));
    await gone(socket);
    await expect
      .poll(() => scene.events)
      .toContainEqual(expect.objectContaining({ type: "nodedown", node: ME }));
    await scene.assertUnharmed();
  });

  test.each([
    ["a record that is not authentic", () => tlsRecord(23, Buffer.alloc(64, 7))],
    ["a record in the clear", () => tlsRecord(22, Buffer.of(1, 0, 0, 0))],
    ["padding and nothing else", (writer: Tls13Writer) => writer.record(0, Buffer.alloc(0), 64)],
    [
      "a ClientHello",
      (writer: Tls13Writer) => writer.record(22, clientHello([SUITES.tls13]).subarray(5)),
    ],
    [
      "a message of 16 MiB is announced",
      (writer: Tls13Writer) => writer.record(22, Buffer.of(24, 255, 255, 255)),
    ],
    [
      "a certificate, unasked",
      (writer: Tls13Writer) => writer.record(22, Buffer.of(11, 0, 0, 4, 0, 0, 0, 0)),
    ],
    [
      "a ticket, from a client",
      (writer: Tls13Writer) => writer.record(22, Buffer.of(4, 0, 0, 1, 0)),
    ],
    ["a type that there is not", (writer: Tls13Writer) => writer.record(99, Buffer.of(1))],
    ["an alert of its own", (writer: Tls13Writer) => writer.record(21, Buffer.of(2, 80))],
  ])("[dialled] %s ends the connection", async (_what, bytes) => {
    await using scene = await tlsScene(certificates);
    const { socket, writer } = await handmade(scene, true);
    await written(socket, bytes(writer));
    await gone(socket);
    await expect
      .poll(() => scene.events)
      .toContainEqual(expect.objectContaining({ type: "nodedown", node: ME }));
    await scene.assertUnharmed();
  });

  test("[dialled] close_notify within a frame ends the connection; what follows is not read", async () => {
    await using scene = await tlsScene(certificates);
    const { socket, writer } = await handmade(scene, true);
    const cut = writer.record(23, Buffer.from("0000006483440068", "hex"));
    const bye = writer.record(21, Buffer.of(1, 0));
    await written(socket, Buffer.concat([cut, bye, writer.record(23, Buffer.alloc(100))]));
    await gone(socket);
    await expect
      .poll(() => scene.events)
      .toContainEqual(expect.objectContaining({ type: "nodedown", node: ME }));
    await scene.assertUnharmed();
  });

  test("[dialled] KeyUpdates and empty records before a name get no more time than silence", async () => {
    await using scene = await tlsScene(certificates);
    const { socket, writer } = await handmade(scene, false);
    for (let second = 0; second < 7; second++) {
      await written(socket, writer.keyUpdate(false));
      await scene.clock.advance(1_000);
    }
    await gone(socket);
    expect((await scene.refusal()).error).toMatchObject({ code: "ERR_HANDSHAKE_TIMEOUT" });
    await scene.assertUnharmed();
    expect(openHandles().descriptors).toBeLessThan(1_000);
  });
});
