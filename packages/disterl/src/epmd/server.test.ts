import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { nodeInfo } from "./node-info.ts";
import { aliveRequest, portRequest } from "./packets.ts";
import { startEpmdServer } from "./server.ts";

const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

function send(port: number, sent: Uint8Array, host = "127.0.0.1"): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    cleanUp.push(() => socket.destroy());
    socket.once("error", reject);
    socket.once("connect", () => socket.write(sent, () => resolve(socket)));
  });
}

function reply(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.once("close", () => resolve(Buffer.concat(chunks).toString("hex")));
  });
}

test("all addresses share one port, loopback of both families is always among them", async () => {
  await using server = await startEpmdServer({ port: 0, addresses: ["127.0.0.9"] });
  for (const host of ["127.0.0.9", "127.0.0.1", "::1"]) {
    expect(await reply(await send(server.port, portRequest("x"), host))).toBe("7701");
  }
});

test("a port that is taken is an error of its own, and nothing stays bound", async () => {
  await using server = await startEpmdServer({ port: 0, addresses: ["127.0.0.1"] });
  const second = startEpmdServer({ port: server.port, addresses: ["127.0.0.9", "127.0.0.1"] });
  await expect(second).rejects.toThrow(
    expect.objectContaining({
      code: "ERR_EPMD_ADDRESS_IN_USE",
      facts: { address: "127.0.0.1", port: server.port },
    }),
  );
  await using third = await startEpmdServer({ port: 0, addresses: ["127.0.0.9"] });
  expect(third.port).not.toBe(server.port);
});

test("an address of another machine cannot be bound", async () => {
  await expect(startEpmdServer({ port: 0, addresses: ["192.0.2.77"] })).rejects.toThrow(
    expect.objectContaining({ code: "ERR_EPMD_LISTEN" }),
  );
});

test("a delayed server reads after one delay and answers after the other", async () => {
  const clock = new VirtualClock();
  const requests: string[] = [];
  await using server = await startEpmdServer({
    port: 0,
    addresses: ["127.0.0.1"],
    clock,
    packetTimeoutMs: 60_000,
    delayAcceptMs: 1000,
    delayWriteMs: 2000,
    onEvent: ({ type }) => requests.push(type),
  });
  const socket = await send(server.port, portRequest("x"));
  const answer = reply(socket);
  await expect.poll(() => server.connections).toBe(1);
  await clock.advance(999);
  expect(socket.bytesRead).toBe(0);
  await expect
    .poll(async () => {
      await clock.advance(1000);
      return requests;
    })
    .toContain("request");
  expect(clock.now()).toBeGreaterThanOrEqual(3000);
  expect(await answer).toBe("7701");
});

test("a node that has gone before its delayed answer is not registered", async () => {
  const clock = new VirtualClock();
  const events: string[] = [];
  await using server = await startEpmdServer({
    port: 0,
    addresses: ["127.0.0.1"],
    clock,
    delayWriteMs: 2000,
    onEvent: ({ type }) => events.push(type),
  });
  const socket = await send(server.port, aliveRequest(nodeInfo("ghost", 5000)));
  await expect.poll(() => server.connections).toBe(1);
  socket.destroy();
  await expect
    .poll(async () => {
      await clock.advance(1000);
      return server.connections;
    })
    .toBe(0);
  expect(server.nodes()).toEqual([]);
  expect(events).not.toContain("registered");
});
