import { once } from "node:events";
import * as net from "node:net";
import * as tls from "node:tls";
import { afterAll, expect, test } from "vitest";
import { TestAuthority } from "../../testing/test-authority.ts";
import type { Channel } from "../carrier.ts";
import { VirtualClock } from "../virtual-clock.ts";
import type { TlsServerSide } from "./tls-options.ts";
import { inetTls } from "./tls.ts";

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());
const good = { ...authority.issue("good"), cacertfile: authority.cacertfile, onWarning: () => {} };

test("closing it ends the handshakes under way, and says so of each", async () => {
  const told: string[] = [];
  let tell!: (refused: unknown) => void;
  const refused = new Promise((resolve) => {
    tell = resolve;
  });
  const onRefused = (_remote: unknown, error: Error) => {
    told.push(error.message);
    tell(undefined);
  };
  const listener = await inetTls(good).listen({ host: "127.0.0.1", onRefused }, (channel) =>
    channel.destroy(),
  );
  // The second one fails on its own: then the first one is known to be at the door.
  const silent = net.connect(listener.address.port, "127.0.0.1");
  await once(silent, "connect");
  const plain = net.connect(listener.address.port, "127.0.0.1");
  plain.on("error", () => {});
  plain.write("no TLS");
  await refused;
  const closed = once(silent, "close");
  await listener.close();
  await closed;
  expect(told).toHaveLength(2);
  expect(told[1]).toContain("the listener was closed");
});

test("a Node.js that hides which connection TLS came over: refused at once, not ended later", async () => {
  // As on a plain socket, which is where the property comes from.
  Object.defineProperty(tls.TLSSocket.prototype, "_parent", {
    configurable: true,
    get: () => null,
    set: () => {},
  });
  try {
    const clock = new VirtualClock(); // no time passes: nothing ends for being late
    const channels: Channel[] = [];
    const told: string[] = [];
    const onRefused = ({ address }: { readonly address: string }, error: Error) =>
      told.push(`${address} ${error.message}`);
    const listener = await inetTls({ ...good, clock }).listen(
      { host: "127.0.0.1", onRefused },
      (channel) => channels.push(channel),
    );
    const { port } = listener.address;
    const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("error", () => {});
    socket.resume();
    await once(socket, "close");
    expect(told[0]).toMatch(
      /^127\.0\.0\.1 tls: no TLS with 127\.0\.0\.1: Node\.js v.* does not show which connection/,
    );
    expect(channels).toEqual([]);
    await listener.close();
    expect(told).toHaveLength(1); // nobody is left at the door
  } finally {
    Reflect.deleteProperty(tls.TLSSocket.prototype, "_parent");
  }
});

test.each([
  [undefined, "ours", "ECDHE-ECDSA-AES256-GCM-SHA384"],
  [true, "ours", "ECDHE-ECDSA-AES256-GCM-SHA384"],
  [false, "the peer's", "ECDHE-ECDSA-AES128-GCM-SHA256"],
] as const)(
  "honorCipherOrder %s: the order of ciphers is %s",
  async (honorCipherOrder, _, best) => {
    const [long, short] = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"];
    const versions = ["tlsv1.2"] as const;
    const server: TlsServerSide = { ciphers: [long, short], honorCipherOrder };
    let accept!: (channel: Channel) => void;
    const accepted = new Promise<Channel>((resolve) => {
      accept = resolve;
    });
    const listener = await inetTls({ ...good, versions, server }).listen(
      { host: "127.0.0.1" },
      accept,
    );
    const dialling = inetTls({ ...good, versions, client: { ciphers: [short, long] } });
    const { port } = listener.address;
    const dialled = await dialling.connect({ host: "127.0.0.1", port, node: "a@localhost" });
    const standard = `TLS_${best.replace("ECDSA-AES", "ECDSA_WITH_AES_").replaceAll("-", "_")}`;
    expect(dialled.tls?.cipher).toBe(standard);
    dialled.destroy();
    (await accepted).destroy();
    await listener.close();
  },
);
