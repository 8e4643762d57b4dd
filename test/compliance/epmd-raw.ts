import { connect, type Socket } from "node:net";

/** Bytes from hex, blanks allowed; `"text"` in quotes stands for itself. */
export function bytes(notation: string): Buffer {
  const pieces = notation.match(/"[^"]*"|[^"\s]+/g) ?? [];
  return Buffer.concat(
    pieces.map((piece) =>
      piece.startsWith('"') ? Buffer.from(piece.slice(1, -1)) : Buffer.from(piece, "hex"),
    ),
  );
}

/** A request: two bytes of length, then the body. */
export function request(body: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  return Buffer.concat([length, body]);
}

/** The body of ALIVE2_REQ, field by field, without looking at our own builder. */
export function alive(
  name: string | Uint8Array,
  fields: {
    port?: number;
    type?: number;
    highest?: number;
    lowest?: number;
    nameLength?: number;
    extra?: Uint8Array;
    extraLength?: number;
  } = {},
): Buffer {
  const nameBytes = Buffer.from(name);
  const { port = 5000, type = 77, highest = 6, lowest = 5, extra = Buffer.alloc(0) } = fields;
  const head = Buffer.alloc(11);
  head[0] = 120;
  head.writeUInt16BE(port, 1);
  head[3] = type;
  head[4] = 0;
  head.writeUInt16BE(highest, 5);
  head.writeUInt16BE(lowest, 7);
  head.writeUInt16BE(fields.nameLength ?? nameBytes.length, 9);
  const extraLength = Buffer.alloc(2);
  extraLength.writeUInt16BE(fields.extraLength ?? extra.length);
  return Buffer.concat([head, nameBytes, extraLength, extra]);
}

/** A connection to an epmd that sends and reads plain bytes. */
export class RawConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #closed = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on("close", () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static open(port: number, localAddress?: string): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: "127.0.0.1",
        port,
        noDelay: true,
        ...(localAddress === undefined ? {} : { localAddress }),
      });
      socket.once("error", reject);
      socket.once("connect", () => resolve(new RawConnection(socket)));
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(data: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write(data, () => resolve());
    });
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Waits for that many bytes, or the end, and gives what came, as hex. */
  async read(count: number): Promise<string> {
    while (this.#received.length < count && !this.#closed) await this.#change();
    return this.#received.toString("hex");
  }

  /** Waits for the other side to close, and gives all that came. */
  async readAll(): Promise<Buffer> {
    while (!this.#closed) await this.#change();
    return this.#received;
  }

  /** Stops reading, as a client that hangs does. */
  pause(): void {
    this.#socket.pause();
  }

  /** Closes and waits until the other side has closed too. */
  async end(): Promise<void> {
    this.#socket.end();
    await this.readAll();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Sends one request and gives everything that comes until the other side closes, as hex. */
export async function ask(port: number, sent: Uint8Array, localAddress?: string): Promise<string> {
  const connection = await RawConnection.open(port, localAddress);
  await connection.send(sent);
  return (await connection.readAll()).toString("hex");
}

/** The lines of NAMES, without the port in front. */
export async function names(port: number): Promise<string[]> {
  const reply = Buffer.from(await ask(port, bytes("0001 6e")), "hex");
  return reply
    .toString("utf8", 4)
    .split("\n")
    .filter((line) => line !== "");
}

/** Registers and keeps the connection. Fails unless the answer is good. */
export async function register(
  port: number,
  name: string,
  fields: Parameters<typeof alive>[1] = {},
): Promise<{ connection: RawConnection; creation: number }> {
  const connection = await RawConnection.open(port);
  await connection.send(request(alive(name, fields)));
  const reply = await connection.read((fields.highest ?? 6) >= 6 ? 6 : 4);
  if (!/^(7600........|7900....)$/.test(reply)) {
    connection.destroy();
    throw new Error(`the registration of ${name} was answered ${reply}`);
  }
  return { connection, creation: Number.parseInt(reply.slice(4), 16) };
}

/** Waits until a condition holds, looking again with each answer of the daemon. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}
