import * as diagnostics_channel from "node:diagnostics_channel";
import { afterEach, expect, test, vi } from "vitest";
import { type NodeStatus, StatusFeed } from "../node/status.ts";
import {
  diagnosticsChannels,
  signalSent,
  subscribe,
  TraceChannel,
  traceStatus,
} from "./diagnostics.ts";
import { HandshakeTrace } from "./handshake-trace.ts";
import type { DiagnosticsChannels, TracedStatus } from "./payloads.ts";

afterEach(() => vi.restoreAllMocks());

type StatusEvent<Type extends string> = Extract<NodeStatus, { type: Type }>;
/** Holds for each type of event: what is published is what the payload says. */
const payloadsMatch: {
  [Type in NodeStatus["type"]]: Type extends keyof TracedStatus
    ? StatusEvent<Type> extends TracedStatus[Type]
      ? true
      : never
    : never;
} = {
  nodeup: true,
  nodedown: true,
  alive: true,
  not_alive: true,
  connect_failed: true,
  reconnecting: true,
  refused: true,
  denied: true,
  busy: true,
  drained: true,
  self_stalled: true,
  overlapping_partition: true,
  epmd: true,
  crash: true,
  warning: true,
  verbose: true,
};

test("every type of status event has a channel, and its payload is the event with the node's name", () => {
  for (const type of Object.keys(payloadsMatch)) {
    expect(diagnosticsChannels).toContain(`disterl:${type}`);
  }
  const seen: unknown[] = [];
  const stop = subscribe("disterl:drained", (payload) => seen.push(payload));
  new StatusFeed(() => "a@h").publish({ type: "drained", node: "b@h", busyMs: 7 });
  stop();
  new StatusFeed(() => "a@h").publish({ type: "drained", node: "b@h", busyMs: 8 });
  expect(seen).toEqual([{ local: "a@h", type: "drained", node: "b@h", busyMs: 7 }]);
});

test("without a subscriber nothing is made and nothing published", () => {
  const publish = vi.spyOn(TraceChannel.prototype, "publish");
  const name = vi.fn<() => string>(() => "a@h");
  traceStatus({ type: "nodeup" }, name);
  const trace = new HandshakeTrace("a@h", "accept");
  trace.started({ family: "inet", address: "127.0.0.1", port: 1 }, 0);
  trace.entered("name");
  trace.failed("name", new Error("no"), 1);
  trace.done("b@h", 2);
  expect(publish).not.toHaveBeenCalled();
  expect(name).not.toHaveBeenCalled();
  expect(signalSent.hasSubscribers).toBe(false);
});

test("the channels are those of node:diagnostics_channel", () => {
  expect(diagnosticsChannels).toContain("disterl:handshake:failed");
  expect(new Set(diagnosticsChannels).size).toBe(diagnosticsChannels.length);
  for (const name of diagnosticsChannels) {
    expect(diagnostics_channel.hasSubscribers(name)).toBe(false);
    const stop = subscribe(name, () => {});
    expect(diagnostics_channel.hasSubscribers(name)).toBe(true);
    stop();
  }
  const typo = "disterl:nodeupp" as keyof DiagnosticsChannels;
  expect(() => subscribe(typo, () => {})).toThrow(TypeError);
});

test("a handshake is told from start to end under one id", () => {
  const seen: unknown[] = [];
  const stops = [
    subscribe("disterl:handshake:start", (payload) => seen.push(["start", payload])),
    subscribe("disterl:handshake:step", ({ step }) => seen.push(["step", step])),
    subscribe("disterl:handshake:done", (payload) => seen.push(["done", payload])),
  ];
  const trace = new HandshakeTrace("a@h", "dial", "b@h");
  const remote = { family: "inet", address: "127.0.0.1", port: 4370 };
  trace.started({ ...remote, ...{ secret: "not told" } }, 100);
  trace.entered("status");
  trace.done("b@h", 103.5);
  for (const stop of stops) stop();
  const about = {
    local: "a@h",
    role: "dial",
    node: "b@h",
    remote,
    id: expect.any(Number) as number,
  };
  expect(seen).toEqual([
    ["start", about],
    ["step", "status"],
    ["done", { ...about, durationMs: 3.5 }],
  ]);
});
