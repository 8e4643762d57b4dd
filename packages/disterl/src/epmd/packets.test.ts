import { expect, test } from "vitest";
import { EpmdError } from "./errors.ts";
import { bestVersion, nodeInfo } from "./node-info.ts";
import {
  aliveReply,
  aliveRequest,
  dumpReply,
  dumpRequest,
  killRequest,
  namesReply,
  namesRequest,
  parseAliveReply,
  parseNamesReply,
  parsePortReply,
  parseRequest,
  portReply,
  portRequest,
  stopRequest,
} from "./packets.ts";
import { printable } from "./printable.ts";
import { RequestReader } from "./request-reader.ts";

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

const NODE = nodeInfo("foo", 25672, { extra: unhex("0102") });
//                   len  x  port M  tcp high low  nlen foo    elen extra
const ALIVE_FOO = "0012 78 6448 4d 00 0006 0005 0003 666f6f 0002 0102";
//                w  0  port M  tcp high low  nlen foo    elen extra
const PORT_FOO = "77 00 6448 4d 00 0006 0005 0003 666f6f 0002 0102";

test("requests are the bytes of the specification", () => {
  expect(hex(aliveRequest(NODE))).toBe(hex(unhex(ALIVE_FOO)));
  expect(hex(portRequest("foo"))).toBe("00047a666f6f");
  expect(hex(namesRequest())).toBe("00016e");
  expect(hex(dumpRequest())).toBe("000164");
  expect(hex(killRequest())).toBe("00016b");
  expect(hex(stopRequest("foo"))).toBe("000473666f6f");
});

test("requests are read as they were built", () => {
  const body = (framed: Uint8Array): Uint8Array => framed.subarray(2);
  expect(parseRequest(body(aliveRequest(NODE)))).toEqual({
    kind: "alive2",
    node: NODE,
    fault: undefined,
  });
  expect(parseRequest(body(portRequest("foo")))).toEqual({ kind: "port2", name: "foo" });
  expect(parseRequest(body(namesRequest()))).toEqual({ kind: "names" });
  expect(parseRequest(body(dumpRequest()))).toEqual({ kind: "dump" });
  expect(parseRequest(body(killRequest()))).toEqual({ kind: "kill" });
  expect(parseRequest(body(stopRequest("foo")))).toEqual({ kind: "stop", name: "foo" });
});

test("what is kept of a registration does not share memory with the packet", () => {
  const packet = Buffer.from(aliveRequest(NODE));
  const request = parseRequest(packet.subarray(2));
  packet.fill(0);
  expect(request).toMatchObject({ node: { name: "foo", extra: unhex("0102") } });
});

test("the answer to ALIVE2_REQ depends on the version", () => {
  expect(hex(aliveReply({ result: 0, creation: 0x6551_0a0b }, 6))).toBe("760065510a0b");
  expect(hex(aliveReply({ result: 0, creation: 5 }, 5))).toBe("79000003");
  expect(hex(aliveReply({ result: 1, creation: 99 }, 5))).toBe("79010063");
  expect(parseAliveReply(unhex("760065510a0b"))).toEqual({ result: 0, creation: 0x6551_0a0b });
  expect(parseAliveReply(unhex("79010063"))).toEqual({ result: 1, creation: 99 });
});

test("the answer to PORT_PLEASE2_REQ", () => {
  expect(hex(portReply(NODE))).toBe(hex(unhex(PORT_FOO)));
  expect(hex(portReply(undefined))).toBe("7701");
  expect(parsePortReply(unhex(PORT_FOO))).toEqual({ result: 0, node: NODE });
  expect(parsePortReply(unhex("7701"))).toEqual({ result: 1, node: undefined });
  expect(parsePortReply(unhex(`${PORT_FOO} ffff`))).toEqual({ result: 0, node: NODE });
});

test("an extra field of 1020 bytes is read, one of 1021 is refused", () => {
  const reply = portReply(nodeInfo("foo", 1, { extra: new Uint8Array(1020).fill(9) }));
  expect(parsePortReply(reply)?.node?.extra).toHaveLength(1020);
  const tooLong = portReply(nodeInfo("foo", 1, { extra: new Uint8Array(1021) }));
  expect(() => parsePortReply(tooLong)).toThrow(EpmdError);
});

test("replies that are cut anywhere are waited for", () => {
  for (const reply of [unhex("760065510a0b"), unhex("79000003")]) {
    for (let cut = 0; cut < reply.length; cut += 1) {
      expect(parseAliveReply(reply.subarray(0, cut))).toBeUndefined();
    }
  }
  const found = unhex(PORT_FOO);
  for (let cut = 0; cut < found.length; cut += 1) {
    expect(parsePortReply(found.subarray(0, cut))).toBeUndefined();
  }
});

test.each([
  ["another program", () => parseAliveReply(Buffer.from("HTTP/1.1"))],
  ["another program", () => parsePortReply(Buffer.from("SSH-2.0"))],
  ["port 0", () => parsePortReply(unhex("77 00 0000 4d 00 0006 0005 0001 61 0000"))],
  ["a long name", () => parsePortReply(unhex("77 00 0001 4d 00 0006 0005 03fd"))],
  ["no UTF-8", () => parsePortReply(unhex("77 00 0001 4d 00 0006 0005 0001 ff 0000"))],
  ["three bytes", () => parseNamesReply(unhex("000011"))],
])("a reply from %s is an error with a code", (_, parse) => {
  expect(parse).toThrow(expect.objectContaining({ code: "ERR_EPMD_BAD_REPLY" }));
});

test("the answer to NAMES_REQ, newest first", () => {
  const nodes = [
    { name: "b", port: 2 },
    { name: "a b", port: 1 },
  ];
  const reply = namesReply(4369, nodes);
  expect(hex(reply.subarray(0, 4))).toBe("00001111");
  expect(Buffer.from(reply.subarray(4)).toString()).toBe("name b at port 2\nname a b at port 1\n");
  expect(parseNamesReply(reply)).toEqual({ epmdPort: 4369, nodes, unreadable: [] });
});

test("a listing is read strictly, and what cannot be trusted is made printable", () => {
  const text = [
    "name ok at port 1",
    "name \u001b[2J at port 2",
    "name  at port 3",
    "name x at port 0",
    "name x at port 65536",
    "name a@b at port 4",
    "hello",
    "name q at port 5 ",
    "",
  ].join("\n");
  const reply = parseNamesReply(Buffer.concat([unhex("00001111"), Buffer.from(text)]));
  expect(reply.nodes).toEqual([{ name: "ok", port: 1 }]);
  expect(reply.unreadable).toHaveLength(7);
  expect(reply.unreadable[0]).toBe("name \\x1b[2J at port 2");
});

test("the answer to DUMP_REQ ends each record with a zero byte", () => {
  const reply = dumpReply(
    4369,
    [{ name: "a", port: 1, connection: 5 }],
    [{ name: "b", port: 2, connection: 6 }],
  );
  expect(Buffer.from(reply.subarray(4)).toString()).toBe(
    "active name     <a> at port 1, fd = 5\n\0old/unused name <b>, port = 2, fd = 6 \n\0",
  );
});

test("a request is put together from pieces cut anywhere", () => {
  const whole = unhex(ALIVE_FOO);
  for (let first = 0; first <= whole.length; first += 1) {
    for (let second = first; second <= whole.length; second += 1) {
      const reader = new RequestReader();
      const pieces = [whole.slice(0, first), whole.slice(first, second), whole.slice(second)];
      const bodies = pieces
        .filter((piece) => piece.length > 0)
        .map((piece) => {
          const body = reader.push(piece);
          const copy = body === undefined ? undefined : hex(body);
          piece.fill(0);
          return copy;
        })
        .filter((body) => body !== undefined);
      expect(bodies).toEqual([hex(whole.subarray(2))]);
    }
  }
});

test("a request that announces much holds only what has come", () => {
  const reader = new RequestReader();
  reader.push(unhex("0bf1 78"));
  expect(reader.heldBytes).toBe(3);
  expect(() => new RequestReader().push(unhex("0bf2"))).toThrow(
    expect.objectContaining({ code: "ERR_EPMD_BAD_REQUEST" }),
  );
});

test("the version both speak", () => {
  const versions = (highest: number, lowest: number) => ({ highest, lowest });
  expect(bestVersion(versions(6, 5), versions(6, 5))).toBe(6);
  expect(bestVersion(versions(6, 5), versions(5, 5))).toBe(5);
  expect(bestVersion(versions(6, 6), versions(5, 5))).toBe(0);
  expect(bestVersion(versions(6, 5), versions(8, 7))).toBe(0);
});

test("text for people has no control characters", () => {
  expect(printable("a\u001b[2J\u0007\n\u202e\u2028é\ufffd")).toBe(
    "a\\x1b[2J\\x07\\x0a\\u{202e}\\u{2028}é\\u{fffd}",
  );
  expect(printable("a\nb\0", "\n\0")).toBe("a\nb\0");
});
