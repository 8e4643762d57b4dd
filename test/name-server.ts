/** A name server on loopback UDP that knows what it is given. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";

/** Type of records, and response codes (RFC 1035, RFC 2782). */
export const SRV = 33;
export const NXDOMAIN = 3;
export const SERVFAIL = 2;

/** A record of the type SRV. */
export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** What is said to a name: records, a response code, nothing, or bytes of one's own. */
export type Answer = readonly ServiceRecord[] | number | "silence" | Uint8Array;

export class NameServer implements Disposable {
  /** `127.0.0.1:port`, for `setServers`. */
  readonly address: string;
  /** The names that were asked for, each with the type of its question. */
  readonly asked: string[] = [];
  readonly #socket: Socket;

  static async start(zone: Readonly<Record<string, Answer>>): Promise<NameServer> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new NameServer(socket, zone);
  }

  private constructor(socket: Socket, zone: Readonly<Record<string, Answer>>) {
    this.#socket = socket;
    this.address = `127.0.0.1:${socket.address().port}`;
    socket.on("message", (query, { port, address }) => {
      const [name, end] = nameAt(query);
      this.asked.push(`${name} ${query.readUInt16BE(end)}`);
      const answer = zone[name] ?? NXDOMAIN;
      if (answer === "silence") return;
      const isRaw = answer instanceof Uint8Array;
      socket.send(isRaw ? answer : reply(query.subarray(0, end + 4), answer), port, address);
    });
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** The name in the question of a query, and where it ends. */
function nameAt(query: Buffer): [string, number] {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return [labels.join("."), at + 1];
}

/** RFC 1035, section 4.1: id, flags, four counts; the question; the records. */
function reply(question: Buffer, answer: readonly ServiceRecord[] | number): Buffer {
  const records = typeof answer === "number" ? [] : answer;
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180 | (typeof answer === "number" ? answer : 0), 2);
  head.writeUInt16BE(records.length, 6);
  head.fill(0, 8, 12);
  const bodies = records.map(({ name, port, priority, weight }) => {
    const labels = name.split(".").filter((label) => label !== "");
    const target = Buffer.concat([
      ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
      Buffer.of(0),
    ]);
    const body = Buffer.alloc(18);
    body.writeUInt16BE(0xc00c, 0); // the name asked for
    body.writeUInt16BE(SRV, 2);
    body.writeUInt16BE(1, 4);
    body.writeUInt32BE(300, 6);
    body.writeUInt16BE(6 + target.length, 10);
    body.writeUInt16BE(priority, 12);
    body.writeUInt16BE(weight, 14);
    body.writeUInt16BE(port, 16);
    return Buffer.concat([body, target]);
  });
  return Buffer.concat([head, ...bodies]);
}
