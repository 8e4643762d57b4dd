import { expect, test } from "vitest";
import { EpmdClient } from "./client.ts";
import { fixedPort, noDiscovery } from "./discovery.ts";
import { startEpmdServer } from "./server.ts";

test("a fixed port is everybody's port, at the lowest version, and nobody is asked", async () => {
  const discovery = fixedPort(9100);
  expect(discovery.listenPort).toBe(9100);
  expect(await discovery.lookup("a", "host.invalid")).toEqual({ port: 9100, version: 5 });
  expect((await discovery.register("a", 9100)).creation).toBeUndefined();
  expect(await discovery.names("host.invalid")).toEqual([]);
});

test("with a fixed port registration at epmd is tried, and names asks epmd", async () => {
  await using server = await startEpmdServer({ port: 0, addresses: ["127.0.0.1"] });
  await using epmd = new EpmdClient({ port: server.port });
  const discovery = fixedPort(9100, epmd);
  const registration = await discovery.register("a", 9100);
  expect(registration.creation).toBeGreaterThan(3);
  expect(await discovery.names("127.0.0.1")).toEqual([{ name: "a", port: 9100 }]);
});

test("with a fixed port a missing epmd is forgiven, a wrong argument is not", async () => {
  const server = await startEpmdServer({ port: 0, addresses: ["127.0.0.1"] });
  await server.close();
  await using epmd = new EpmdClient({ port: server.port });
  const discovery = fixedPort(9100, epmd);
  expect((await discovery.register("a", 9100)).creation).toBeUndefined();
  await expect(discovery.register("a@b", 9100)).rejects.toThrow(TypeError);
});

test("no discovery finds nobody", async () => {
  expect(await noDiscovery.lookup("a", "localhost")).toBeUndefined();
  expect((await noDiscovery.register("a", 1)).creation).toBeUndefined();
  expect(await noDiscovery.names("localhost")).toEqual([]);
});

test("a fixed port is a port", () => {
  expect(() => fixedPort(0)).toThrow(TypeError);
  expect(() => fixedPort(1.5)).toThrow(TypeError);
});
