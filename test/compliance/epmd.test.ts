/**
 * One suite that every epmd server passes: ours, and the C daemon of each Erlang/OTP found here.
 * It knows the protocol from the specification only, and nothing of our builders and readers.
 */
import { networkInterfaces } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { alive, ask, bytes, names, RawConnection, register, request, until } from "./epmd-raw.ts";
import { type Subject, type SubjectOptions, subjects } from "./epmd-subjects.ts";

const REFUSED = "760100000063";
const REFUSED_OLD = "79010063";

describe.each(subjects())("$name", ({ start, ours }) => {
  let subject: Subject;
  let port: number;

  async function restart(options: SubjectOptions): Promise<void> {
    await subject[Symbol.asyncDispose]();
    subject = await start(options);
    ({ port } = subject);
  }

  beforeEach(async () => {
    subject = await start();
    ({ port } = subject);
  });

  afterEach(() => subject[Symbol.asyncDispose]());

  describe("framing", () => {
    test.each([
      ["length 0", "0000"],
      ["length 3058", "0bf2 6e"],
      ["length 65535", "ffff 78"],
      ["an unknown code", "0001 c8"],
      ["two requests at once", "0001 6e 0001 6e"],
      ["one byte too many", "0001 6e 00"],
    ])("%s is closed without an answer", async (_, sent) => {
      expect(await ask(port, bytes(sent))).toBe("");
    });

    test("a body of 3057 bytes is read", async () => {
      const body = Buffer.concat([bytes("6e"), Buffer.alloc(3056)]);
      expect((await ask(port, request(body))).length).toBe(8);
    });

    test("a request may come byte by byte", async () => {
      const connection = await RawConnection.open(port);
      for (const byte of request(alive("slow"))) await connection.send(Uint8Array.of(byte));
      expect(await connection.read(6)).toMatch(/^7600/);
      await connection.end();
    });

    test("a connection that closes in the middle leaves nothing behind", async () => {
      const whole = request(alive("half"));
      for (let cut = 0; cut < whole.length; cut += 1) {
        const connection = await RawConnection.open(port);
        await connection.send(whole.subarray(0, cut));
        await connection.end();
      }
      expect(await names(port)).toEqual([]);
    });
  });

  describe("ALIVE2_REQ", () => {
    test("registers, with a creation of 32 bits, and keeps the connection", async () => {
      const { connection, creation } = await register(port, "rabbit", { port: 25672 });
      expect(creation).toBeGreaterThan(1_600_000_000);
      expect(await names(port)).toEqual(["name rabbit at port 25672"]);
      expect(connection.closed).toBe(false);
      await connection.end();
    });

    test("is answered in the old form, creation 1 to 3, when the highest version is 5", async () => {
      const { connection, creation } = await register(port, "old", { highest: 5 });
      expect(creation).toBeGreaterThanOrEqual(1);
      expect(creation).toBeLessThanOrEqual(3);
      await connection.end();
    });

    test("refuses a name that is taken: result 1, creation 99", async () => {
      const { connection } = await register(port, "one");
      const second = await RawConnection.open(port);
      await second.send(request(alive("one", { port: 5001 })));
      expect(await second.read(6)).toBe(REFUSED);
      second.destroy();
      const third = await RawConnection.open(port);
      await third.send(request(alive("one", { port: 5001, highest: 5 })));
      expect(await third.read(4)).toBe(REFUSED_OLD);
      third.destroy();
      expect(await names(port)).toEqual(["name one at port 5000"]);
      await connection.end();
    });

    test.each([
      ["256 characters", alive("a".repeat(256))],
      ["1021 bytes", alive(Buffer.concat([Buffer.from("é".repeat(510)), Buffer.from("a")]))],
      ["no UTF-8", alive(bytes("61 ff 62"))],
      ["UTF-8 that is longer than it has to be", alive(bytes("c0 80 62"))],
      ["a surrogate", alive(bytes("ed a0 80"))],
      ["1021 bytes of extra", alive("ok", { extra: Buffer.alloc(1021) })],
    ])("refuses a name or an extra field of %s", async (_, body) => {
      const connection = await RawConnection.open(port);
      await connection.send(request(body));
      expect(await connection.read(6)).toBe(REFUSED);
      connection.destroy();
      expect(await names(port)).toEqual([]);
    });

    test.each([
      ["255 characters", "a".repeat(255)],
      ["1020 bytes", "😀".repeat(255)],
      ["letters of many scripts", "кролик-ウサギ-کلۆشک"],
      ["a blank", "a b"],
    ])("takes a name of %s", async (_, name) => {
      const { connection } = await register(port, name);
      expect(await names(port)).toEqual([`name ${name} at port 5000`]);
      await connection.end();
    });

    test.each([
      ["no name and no extra", alive("")],
      ["a name length past the end", alive("x", { nameLength: 60_000 })],
      ["an extra length past the end", alive("x", { extraLength: 60_000 })],
      ["a zero byte in the name", alive(bytes("61 00 62"))],
      ["12 bytes", alive("x").subarray(0, 12)],
    ])("is closed without an answer with %s", async (_, body) => {
      expect(await ask(port, request(body))).toBe("");
      expect(await names(port)).toEqual([]);
    });

    test("bytes after the extra field are ignored", async () => {
      const connection = await RawConnection.open(port);
      await connection.send(request(Buffer.concat([alive("x"), bytes("01 02 03")])));
      expect(await connection.read(6)).toMatch(/^7600/);
      await connection.end();
    });

    test("the end of the connection unregisters", async () => {
      const { connection } = await register(port, "gone");
      await connection.end();
      expect(await names(port)).toEqual([]);
    });

    test("a reset of the connection unregisters", async () => {
      const { connection } = await register(port, "gone");
      connection.destroy();
      await until(async () => (await names(port)).length === 0);
    });

    test("any byte on the connection unregisters and closes", async () => {
      const { connection } = await register(port, "chatty");
      await connection.send(Uint8Array.of(0));
      await connection.readAll();
      expect(await names(port)).toEqual([]);
    });

    test("each life of a name has the next creation", async () => {
      const first = await register(port, "phoenix");
      await first.connection.end();
      const second = await register(port, "phoenix");
      await second.connection.end();
      const third = await register(port, "phoenix");
      await third.connection.end();
      expect(second.creation).toBe(first.creation + 1);
      expect(third.creation).toBe(first.creation + 2);
    });
  });

  describe("PORT_PLEASE2_REQ", () => {
    test("gives back every field as it was registered", async () => {
      const extra = bytes("00 01 ff 00");
      const fields = { port: 4711, type: 72, highest: 7, lowest: 6, extra };
      const { connection } = await register(port, "кот", fields);
      expect(await ask(port, request(bytes('7a "кот"')))).toBe(
        bytes('77 00 1267 48 00 0007 0006 0006 "кот" 0004 0001ff00').toString("hex"),
      );
      await connection.end();
    });

    test("gives back 1020 bytes of extra", async () => {
      const extra = Buffer.alloc(1020, 7);
      const { connection } = await register(port, "big", { extra });
      const reply = await ask(port, request(bytes('7a "big"')));
      expect(reply.endsWith(`03fc${extra.toString("hex")}`)).toBe(true);
      await connection.end();
    });

    test("one zero byte at the end of the name is ignored", async () => {
      const { connection } = await register(port, "x");
      expect(await ask(port, bytes("0003 7a 78 00"))).toMatch(/^7700/);
      await connection.end();
    });

    test("is answered 1 when there is no such node", async () => {
      expect(await ask(port, bytes('0005 7a "none"'))).toBe("7701");
    });

    test.each([
      ["an empty name", bytes("0001 7a")],
      ["a lone zero byte", bytes("0002 7a 00")],
      ["a zero byte inside", bytes("0004 7a 61 00 62")],
      ["no UTF-8", bytes("0002 7a ff")],
      ["a name of 3000 bytes", request(Buffer.alloc(3001, 0x7a))],
    ])("is closed without an answer with %s", async (_, sent) => {
      expect(await ask(port, sent)).toBe("");
    });
  });

  describe("NAMES_REQ and DUMP_REQ", () => {
    test("NAMES gives the port of epmd, then a line for each node, newest first", async () => {
      const opened: RawConnection[] = [];
      for (const [index, name] of ["a", "b", "c"].entries()) {
        opened.push((await register(port, name, { port: 5000 + index })).connection);
      }
      const reply = Buffer.from(await ask(port, bytes("0001 6e")), "hex");
      expect(reply.readUInt32BE()).toBe(port);
      expect(reply.toString("utf8", 4)).toBe(
        "name c at port 5002\nname b at port 5001\nname a at port 5000\n",
      );
      for (const connection of opened) await connection.end();
    });

    test("DUMP tells of live nodes and of names that are free again", async () => {
      const { connection: gone } = await register(port, "gone");
      await gone.end();
      const { connection } = await register(port, "here", { port: 5001 });
      const reply = Buffer.from(await ask(port, bytes("0001 64")), "hex");
      expect(reply.readUInt32BE()).toBe(port);
      expect(reply.toString("utf8", 4)).toMatch(
        /^active name {5}<here> at port 5001, fd = \d+\n\0old\/unused name <gone>, port = 5000, fd = \d+ \n\0$/,
      );
      await connection.end();
    });

    test("a client that has sent all it will send is answered", async () => {
      const connection = await RawConnection.open(port);
      await connection.send(bytes("0001 6e"));
      await connection.end();
      expect(await connection.read(4)).toHaveLength(8);
    });
  });

  describe("KILL_REQ and STOP_REQ", () => {
    test("KILL ends the daemon when no node is registered", async () => {
      expect(await ask(port, bytes("0001 6b"))).toBe(bytes('"OK"').toString("hex"));
      await subject.ended;
    });

    test("KILL is refused while a node is registered", async () => {
      const { connection } = await register(port, "alive");
      expect(await ask(port, bytes("0001 6b"))).toBe(bytes('"NO"').toString("hex"));
      expect(await names(port)).toHaveLength(1);
      await connection.end();
    });

    test("KILL ends a relaxed daemon although a node is registered", async () => {
      await restart({ relaxed: true });
      const { connection } = await register(port, "alive");
      expect(await ask(port, bytes("0001 6b"))).toBe(bytes('"OK"').toString("hex"));
      await connection.readAll();
      await subject.ended;
    });

    test("STOP is closed without an answer, whether there is such a node or not", async () => {
      const { connection } = await register(port, "alive");
      expect(await ask(port, bytes('0006 73 "alive"'))).toBe("");
      expect(await ask(port, bytes('0005 73 "none"'))).toBe("");
      expect(connection.closed).toBe(false);
      await connection.end();
    });

    test("STOP takes the name away from a node of a relaxed daemon", async () => {
      await restart({ relaxed: true });
      const { connection } = await register(port, "alive");
      const reply = await ask(port, bytes('0006 73 "alive"'));
      expect(reply).toBe(bytes('"STOPPED"').toString("hex"));
      await connection.readAll();
      expect(await names(port)).toEqual([]);
    });

    test("STOP of an unknown name says so", async () => {
      await restart({ relaxed: true });
      const reply = Buffer.from(await ask(port, bytes('0005 73 "none"')), "hex");
      expect(reply.toString("latin1", 0, 7)).toBe("NOEXIST");
    });
  });

  describe("who may ask what", () => {
    const elsewhere = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === "IPv4" && !one.internal)?.address;

    test.runIf(elsewhere !== undefined)(
      "from another address: NAMES and PORT2 are answered, the rest is closed",
      async () => {
        await restart({ relaxed: true });
        const { connection } = await register(port, "x");
        const from = (sent: Uint8Array): Promise<string> => ask(port, sent, elsewhere);
        expect(await from(bytes("0001 6e"))).not.toBe("");
        expect(await from(bytes("0002 7a 78"))).toMatch(/^7700/);
        expect(await from(request(alive("thief")))).toBe("");
        expect(await from(bytes("0001 64"))).toBe("");
        expect(await from(bytes("0001 6b"))).toBe("");
        expect(await from(bytes("0002 73 78"))).toBe("");
        expect(await names(port)).toHaveLength(1);
        await connection.end();
      },
    );
  });

  describe("time", () => {
    test("an idle connection is closed after the packet timeout, a registration is not", async () => {
      await restart({ packetTimeoutSeconds: 1 });
      const { connection } = await register(port, "stays");
      const idle = await RawConnection.open(port);
      await idle.readAll();
      expect(connection.closed).toBe(false);
      expect(await names(port)).toHaveLength(1);
      await connection.end();
    });
  });

  describe("limits", () => {
    test(`${ours ? "5000" : "900"} nodes at a time, and look-ups go on`, async () => {
      const count = ours ? 5000 : 900;
      const opened: RawConnection[] = [];
      for (let index = 0; index < count; index += 1) {
        opened.push((await register(port, `node${index}`)).connection);
      }
      expect(await ask(port, request(bytes('7a "node17"')))).toMatch(/^7700/);
      expect(await names(port)).toHaveLength(count);
      for (const connection of opened) connection.destroy();
    });
  });
});
