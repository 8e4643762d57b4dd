import { RawPeer } from "disterl/testing";
import { describe, expect, test } from "vitest";
import { frame, hex, hostileScene, pidOf, refOf } from "./hostile-setup.ts";

/** The hostile-input catalogue, classes FR, AC, FG, CT and ET, against a whole node over TCP. */

const ME = "mallory@localhost";
const PID = pidOf(ME);
const VICTIM = pidOf("victim@localhost");
const REF = refOf(ME);
const ATOM = (text: string): string => `77${text.length.toString(16).padStart(2, "0")}${hex(text)}`;
/** `{6, Pid, '', echo}` without the payload. */
const REG_SEND = `8344 00 6804 6106 ${PID} 7700 ${ATOM("echo")}`;

const closes: Record<string, string> = {
  "FR-01 a frame of 2 GiB is announced": "7ffffff0",
  "FR-02 the top bit of the length is set": "80000000",
  "FR-02 the longest length": "ffffffff",
  "FR-03 64 MiB announced, 1 MiB sent": `04000000${"00".repeat(1024)}`,
  "FR-06 a frame of one byte": frame("83"),
  "FR-07 a frame that begins with 130": frame("82 44 00 68 01 61 63"),
  "FR-08 a term without a header": frame("83 68 01 61 63"),
  "FR-09 pass-through although headers are agreed": frame(
    `70 83 6804 6106 ${PID} 7700 7701 78 83 6a`,
  ),
  "AC-01 255 references announced": frame("83 44 ff"),
  "AC-02 a slot that was never filled": frame("83 44 01 00 07 68 01 61 06"),
  "AC-03 a new entry that is not UTF-8": frame("83 44 01 08 00 02 ff fe 68 01 61 06"),
  "AC-04 an atom of 256 characters": frame(`83 44 01 18 00 0100 ${"61".repeat(256)} 68 01 61 06`),
  "AC-05 a reference beyond the table": frame("83 44 00 68 01 52 05"),
  "AC-06 flags that are cut": frame("83 44 05 00 00"),
  "AC-07 an entry that runs past the frame": frame("83 44 01 08 00 40 61"),
  "FG-01 fragment number 0": frame(
    `83 45 0000000000000001 0000000000000000 00 6804 6106 ${PID} 7700 7701 78 6a`,
  ),
  "FG-02 2^20 fragments": frame(
    `83 45 0000000000000001 0000000000100000 00 6804 6106 ${PID} 7700 7701 78 6a`,
  ),
  "FG-03 2^40 fragments": frame(
    `83 45 0000000000000001 0000010000000000 00 6804 6106 ${PID} 7700 7701 78 6a`,
  ),
  "FG-04 2^64 - 1 fragments": frame(
    `83 45 0000000000000001 ffffffffffffffff 00 6804 6106 ${PID} 7700 7701 78 6a`,
  ),
  "FG-05 a first fragment that is cut": frame("83 45 0000000000000001 00"),
  "FG-06 a further fragment that is cut": frame("83 46 0000000000"),
  "FG-07 a fragment of an unknown sequence": frame("83 46 0000000000000009 0000000000000001 6a"),
  "FG-15 the control message is cut": frame("83 45 0000000000000001 0000000000000002 00 6804 6106"),
  "CT-01 the control message is no tuple": frame("8344 00 6106"),
  "CT-02 an unknown operation": frame("8344 00 6802 6163 6101"),
  "CT-03 an operation that is a float": frame("8344 00 6801 46 3ff0000000000000"),
  "CT-03 an operation that is negative": frame("8344 00 6801 62 ffffffff"),
  "CT-03 an operation that is an atom": frame(`8344 00 6801 ${ATOM("x")}`),
  "CT-04 too few elements": frame("8344 00 6802 6106 6101"),
  "CT-05 a name that is an integer": frame(`8344 00 6804 6106 ${PID} 7700 6101 6a`),
  "CT-06 a message without payload": frame(REG_SEND),
  "CT-07 a link in the name of another node": frame(
    `8344 00 6803 6101 ${pidOf("other@localhost")} ${VICTIM}`,
  ),
  "CT-14 an unlink with id 0": frame(`8344 00 6804 6123 6100 ${PID} ${VICTIM}`),
  "ET-02 a tuple of 2^32 - 1": frame(`${REG_SEND} 69 ffffffff`),
  "ET-03 a list of 2^32 - 1": frame(`${REG_SEND} 6c ffffffff`),
  "ET-04 a binary of 4 GiB": frame(`${REG_SEND} 6d ffffffff 01`),
  "ET-05 a map of 2^31 - 1": frame(`${REG_SEND} 74 7fffffff`),
  "ET-06 an integer of 4 GiB": frame(`${REG_SEND} 6f ffffffff 00`),
  "ET-08 an unknown tag": frame(`${REG_SEND} c8`),
  "ET-09 NaN": frame(`${REG_SEND} 46 7ff8000000000000`),
  "ET-10 an old float that is none": frame(`${REG_SEND} 63 ${"6e".repeat(31)}`),
  "ET-11 an atom of 300 characters": frame(`${REG_SEND} 64 012c ${"61".repeat(300)}`),
  "ET-12 an atom that is not UTF-8": frame(`${REG_SEND} 77 02 c328`),
  "ET-13 a map with a key twice": frame(`${REG_SEND} 74 00000002 6101 6101 6101 6102`),
  "ET-16 a compressed payload": frame(`${REG_SEND} 50 00000060 789c`),
  "ET-21 a string that runs past the end": frame(`${REG_SEND} 6b ffff 61`),
  "ET-23 a reference of 65535 words": frame(`${REG_SEND} 5a ffff ${ATOM("a")} 00000001`),
  "ET-24 a pid whose node is no atom": frame(`${REG_SEND} 58 6101 000000050000000000000001`),
  "ET-25 a fun whose module is no atom": frame(`${REG_SEND} 71 6101 6101 6101`),
};

describe("the connection is closed, and nothing else notices", () => {
  test("every input of the classes FR, AC, FG, CT and ET that breaks the protocol", async () => {
    await using scene = await hostileScene();
    for (const [what, bytes] of Object.entries(closes)) {
      const before = scene.events.length;
      const peer = await scene.peer(ME);
      peer.sendHex(bytes);
      await peer.expectClose(5000).catch((error: unknown) => {
        throw new Error(`${what}: the connection stays`, { cause: error });
      });
      await expect
        .poll(() => scene.events.slice(before).find((event) => event.type === "nodedown"), {
          message: what,
        })
        .toMatchObject({
          reason: expect.stringMatching(/^(protocol_error|limit_exceeded)$/),
          error: { code: expect.stringMatching(/^ERR_/) },
        });
    }
    await scene.assertUnharmed();
  }, 60_000);

  test("FG-11 2,000 messages that are never finished", async () => {
    await using scene = await hostileScene();
    const peer = await scene.peer(ME);
    for (let i = 1; i <= 2000; i++) {
      const sequence = i.toString(16).padStart(16, "0");
      const head = `83 45 ${sequence} 0000000000000002 00 6804 6106 ${PID} 7700 ${ATOM("echo")}`;
      peer.sendHex(frame(`${head} 6d 00100000 ${"00".repeat(1000)}`));
    }
    await peer.expectClose(5000);
    await scene.assertUnharmed();
  });

  test("FG-13 the connection is lost within a message", async () => {
    await using scene = await hostileScene();
    const peer = await scene.peer(ME);
    const head = `83 45 0000000000000001 0000000000000002 00 6804 6106 ${PID} 7700 ${ATOM("echo")}`;
    peer.sendHex(frame(`${head} 6d 00100000`));
    peer.reset();
    await expect.poll(() => scene.events.some((event) => event.type === "nodedown")).toBe(true);
    await scene.assertUnharmed();
  });

  test("AC-10 new atoms for ever", async () => {
    await using scene = await hostileScene({ decode: { limits: { atoms: 5000 } } });
    const peer = await scene.peer(ME);
    let made = 0;
    const flood = (): void => {
      for (let i = 0; i < 100; i++) {
        const atoms = Array.from({ length: 100 }, () => ATOM(`flood_${made++}_of_atoms`));
        peer.sendHex(frame(`${REG_SEND} 6c 00000064 ${atoms.join("")} 6a`));
      }
    };
    flood();
    await peer.expectClose(5000);
    await scene.assertUnharmed();
  });

  test("CT-11 more monitors than a peer may hold", async () => {
    await using scene = await hostileScene({ limits: { monitorsPerConn: 100 } });
    const peer = await scene.peer(ME);
    for (let i = 0; i < 200; i++) {
      peer.sendHex(frame(`8344 00 6804 6113 ${PID} ${ATOM("echo")} ${refOf(ME, i + 10)}`));
    }
    await peer.expectClose(5000);
    await expect
      .poll(() => scene.events.find((event) => event.type === "nodedown"))
      .toMatchObject({ reason: "limit_exceeded" });
    await scene.assertUnharmed();
  });
});

describe("refused or ignored, and the connection goes on", () => {
  const ignored: Record<string, string> = {
    "FR-05 ticks": "00000000".repeat(1000),
    "AC-09 and SG-1 a message to nobody": frame(
      `8344 00 6804 6106 ${PID} 7700 ${ATOM("nobody")} 6a`,
    ),
    "CT-09 an exit without a link": frame(`8344 00 6803 6118 ${PID} ${VICTIM} ${ATOM("x")}`),
    "CT-10 kill to a service": frame(`8344 00 6803 611a ${PID} ${VICTIM} ${ATOM("kill")}`),
    "CT-12 the same monitor twice": frame(`8344 00 6804 6113 ${PID} ${ATOM("echo")} ${REF}`).repeat(
      2,
    ),
    "CT-17 a group leader for nobody": frame(`8344 00 6803 6107 ${PID} ${VICTIM}`),
    "CT-18 a token that is none": frame(`8344 00 6805 6110 ${PID} 7700 ${ATOM("echo")} 6a 6a`),
    "CT-19 is_auth from nobody": frame(
      `8344 00 6804 6106 ${PID} 7700 ${ATOM("net_kernel")} 6803 ${ATOM("$gen_call")} 6a 6a`,
    ),
    "CT-21 names of JavaScript": ["constructor", "__proto__", "toString"]
      .map((name) => frame(`8344 00 6804 6106 ${PID} 7700 ${ATOM(name)} 6a`))
      .join(""),
    "ET-14 and ET-15 100,000 nested lists": frame(
      `${REG_SEND} ${"6c00000001".repeat(100_000)} 6a ${"6a".repeat(100_000)}`,
    ),
  };

  test("every input that is strange but harmless", async () => {
    await using scene = await hostileScene();
    const peer = await scene.peer(ME);
    for (const bytes of Object.values(ignored)) peer.sendHex(bytes);
    await scene.assertUnharmed();
    expect(scene.events.filter((event) => event.type !== "nodeup")).toEqual([]);
    peer.close();
  });

  test("CT-08 a link to an old incarnation", async () => {
    await using scene = await hostileScene();
    const peer = await scene.peer(ME);
    peer.sendHex(frame(`8344 00 6803 6101 ${PID} ${pidOf("victim@localhost", 12)}`));
    expect((await peer.receiveMessage()).includes(Buffer.from("noproc"))).toBe(true);
    await scene.assertUnharmed();
    peer.close();
  });

  test("FR-10 a stream cut at every byte says the same", async () => {
    await using scene = await hostileScene();
    const peer = await scene.peer(ME);
    const call = Buffer.from(
      frame(
        `8344 00 6804 6106 ${PID} 7700 ${ATOM("echo")}
         6803 ${ATOM("$gen_call")} 6802 ${PID} ${REF} ${ATOM("pieces")}`,
      ),
      "hex",
    );
    peer.socket.setNoDelay(true);
    for (const byte of call) {
      peer.send(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await peer.receiveMessage()).includes(Buffer.from("pieces"))).toBe(true);
    peer.close();
  });
});

describe("handshakes", () => {
  test("HS-15 and HS-16 an impostor of a connected node does not disturb it", async () => {
    await using scene = await hostileScene();
    const impostor = await RawPeer.dial({ port: scene.port });
    await expect(impostor.initiate({ name: "healthy@localhost", cookie: "wrong" })).rejects.toThrow(
      "closed",
    );
    await scene.assertUnharmed();
  });

  test("HS-24 a handshake that is held open for a name does not keep that name", async () => {
    await using scene = await hostileScene();
    const squatter = await RawPeer.dial({ port: scene.port });
    const flags = "0000006d07df7fbd";
    squatter.sendPacket(
      Buffer.from(`4e ${flags} 0000004d 0011${hex(ME)}`.replaceAll(" ", ""), "hex"),
    );
    expect((await squatter.receivePacket()).toString()).toBe("sok");
    const peer = await scene.peer(ME);
    expect(scene.node.peer(ME)?.name).toBe(ME);
    peer.close();
    squatter.close();
  });

  test("HS-23 ten thousand names leave nothing behind", async () => {
    await using scene = await hostileScene();
    const { atomCount } = await import("disterl/term");
    const before = atomCount();
    const flags = "0000006d07df7fbd";
    for (let round = 0; round < 100; round++) {
      await Promise.all(
        Array.from({ length: 100 }, async (_, i) => {
          const name = `x${String(round * 100 + i).padStart(6, "0")}@localhost`;
          const peer = await RawPeer.dial({ port: scene.port });
          peer.sendPacket(Buffer.from(`4e${flags}0000004d0011${hex(name)}`, "hex"));
          await peer.receivePacket();
          peer.close();
        }),
      );
    }
    expect(atomCount() - before).toBeLessThan(10);
    await scene.assertUnharmed();
  }, 60_000);

  test("T-10 cookies cannot be guessed at will", async () => {
    await using scene = await hostileScene();
    let refused = 0;
    for (let i = 0; i < 130 && refused === 0; i++) {
      const peer = await RawPeer.dial({ port: scene.port });
      const outcome = Promise.race([
        peer.initiate({ name: ME, cookie: `guess ${i}` }).catch((error: unknown) => String(error)),
        new Promise((resolve) => setTimeout(resolve, 500, "made to wait")),
      ]);
      if ((await outcome) === "made to wait") refused++;
      peer.close();
    }
    expect(refused).toBe(1);
    await scene.assertUnharmed();
  }, 60_000);
});
