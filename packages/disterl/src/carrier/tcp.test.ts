import * as net from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Channel, Listener } from "./carrier.ts";
import { inet6Tcp, inetTcp } from "./tcp.ts";

// What every carrier promises is checked by test/compliance; here is what is TCP's.

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

/** A plain socket of Node's at one end, a channel of ours at the other. */
async function withSocket(): Promise<{ channel: Channel; socket: net.Socket }> {
  let accept: (channel: Channel) => void = () => {};
  const accepted = new Promise<Channel>((resolve) => {
    accept = resolve;
  });
  const listener: Listener = await inetTcp.listen({ host: "127.0.0.1" }, (arrived) => {
    accept(arrived);
  });
  const socket = net.connect({
    port: listener.address.port,
    host: "127.0.0.1",
    allowHalfOpen: true,
  });
  const channel = await accepted;
  open.push(listener, { close: () => socket.destroy() }, { close: () => channel.destroy() });
  return { channel, socket };
}

/** Resolves with what `onClose` was told. */
function closed(channel: Channel): Promise<Error | undefined> {
  return new Promise((resolve) => {
    channel.handle({ onData: () => {}, onDrain: () => {}, onClose: resolve });
  });
}

test("a peer that closes its half has closed the channel", async () => {
  const { channel, socket } = await withSocket();
  socket.end("the last words");
  expect(await closed(channel)).toBeUndefined();
  expect(channel.receivedBytes).toBe(14);
});

test("a reset is an error that says who and what", async () => {
  const { channel, socket } = await withSocket();
  const error = closed(channel);
  socket.resetAndDestroy();
  expect(await error).toMatchObject({
    code: "ERR_CARRIER_CLOSED",
    message: expect.stringMatching(/127\.0\.0\.1:\d+ was lost: ECONNRESET/),
    cause: { code: "ECONNRESET" },
  });
});

test("an ended channel closes when its peer does, though the peer has sent on", async () => {
  const { channel, socket } = await withSocket();
  const end = closed(channel);
  const began = performance.now();
  socket.write(Buffer.alloc(1_000_000));
  channel.end();
  socket.resume().on("end", () => socket.end(Buffer.alloc(100)));
  expect(await end).toBeUndefined();
  expect(performance.now() - began).toBeLessThan(1_500); // it would linger for 2,000
});

test("a peer that never closes does not keep an ended channel", async () => {
  const { channel } = await withSocket();
  const end = closed(channel);
  channel.end();
  expect(await end).toBeUndefined();
});

test("a dial to a host without an address, or to one that is not ours", async () => {
  const dial = (host: string, port: number): Promise<Channel> => inetTcp.connect({ host, port });
  await expect(dial("no..host", 1)).rejects.toMatchObject({
    code: "ERR_CARRIER_RESOLVE",
  });
  await expect(inetTcp.listen({ host: "192.0.2.1" }, () => {})).rejects.toMatchObject({
    code: "ERR_CARRIER_ADDRESS",
    message: expect.stringMatching(
      /^carrier: cannot listen on 192\.0\.2\.1 port 0: .* 0\.0\.0\.0 or ::/,
    ),
  });
});

test("a listener is of its carrier's family, whatever its host is", async () => {
  const named = await inetTcp.listen({ host: "localhost" }, () => {});
  open.push(named);
  expect(named.address.address).toBe("127.0.0.1");
  for (const [carrier, host] of [
    [inetTcp, "::1"],
    [inet6Tcp, "127.0.0.1"],
  ] as const) {
    await expect(carrier.listen({ host }, () => {})).rejects.toMatchObject({
      code: "ERR_CARRIER_ADDRESS",
      message: expect.stringContaining(`cannot listen on ${host} port 0: it is an address of IPv`),
    });
  }
  await expect(inetTcp.listen({ host: "no..host" }, () => {})).rejects.toMatchObject({
    code: "ERR_CARRIER_RESOLVE",
  });
});

test("of a long range of ports, most of them taken, nothing is left behind", async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", onWarning);
  open.push({ close: () => process.off("warning", onWarning) });
  const first = 20_000 + Math.floor(Math.random() * 10_000);
  for (let index = 0; index < 14; index++) {
    const range = { host: "127.0.0.1", port: first, lastPort: first + 100 };
    open.push(await inetTcp.listen(range, () => {}));
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
});

test("a range that is used up says so, and how many ports it was; one port is no range", async () => {
  const first = 20_000 + Math.floor(Math.random() * 10_000);
  const used = async (lastPort: number): Promise<unknown> => {
    const range = { host: "127.0.0.1", port: first, lastPort };
    for (;;) {
      try {
        open.push(await inetTcp.listen(range, () => {}));
      } catch (error) {
        return error;
      }
    }
  };
  const range = await used(first + 2);
  expect(range).toMatchObject({ code: "ERR_CARRIER_ADDRESS_IN_USE" });
  expect(String(range)).toMatch(
    /port \d+ to \d+: EADDRINUSE; the range is used up: .* its 3 ports;/,
  );
  expect(String(range)).toMatch(/wider one \(listen.lastPort, inet_dist_listen_max\)/);
  expect(String(await used(first))).toMatch(/choose another port, or a range$/);
});

test("a vector goes out in one piece where the kernel takes it", async () => {
  const { channel, socket } = await withSocket();
  void closed(channel);
  const chunk = await new Promise<Buffer>((resolve) => {
    socket.once("data", resolve);
    channel.write(Array.from({ length: 50 }, () => Uint8Array.of(1, 2, 3)));
  });
  expect(chunk).toHaveLength(150);
});
