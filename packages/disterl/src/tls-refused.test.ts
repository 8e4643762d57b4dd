import { once } from "node:events";
import * as net from "node:net";
import { afterAll, expect, test, vi } from "vitest";
import { record } from "../../../test/node-events.ts";
import { type Discovery, noDiscovery } from "./epmd/discovery.ts";
import type { Node } from "./node.ts";
import { startNode } from "./start-node.ts";
import { TestAuthority } from "./testing/test-authority.ts";

const authority = new TestAuthority("cluster CA");
const stranger = new TestAuthority("another CA");
afterAll(() => {
  authority[Symbol.dispose]();
  stranger[Symbol.dispose]();
});
const { cacertfile } = authority;
const dialled = { ...authority.issue("dialled"), cacertfile };
const dialling = { ...authority.issue("dialling"), cacertfile: stranger.cacertfile };
const common = { cookie: "c", onWarning: () => {} };

/** A node that listens, and what it says of whom it does not get connected with. */
async function startDialled(): Promise<{ node: Node; port: number; refusals: () => string[] }> {
  const tls = { ...dialled, onWarning: () => {} };
  const node = await startNode({
    ...common,
    name: "dialled@localhost",
    discovery: noDiscovery,
    tls,
  });
  const events = record(node);
  const refusals = () =>
    events.flatMap((event) =>
      event.type === "refused" ? [`${event.address} ${event.code} ${event.error.message}`] : [],
    );
  return { node, port: node.address?.port ?? 0, refusals };
}

test.each([
  [
    "tlsv1.2",
    /^127\.0\.0\.1 ERR_HANDSHAKE_CLOSED .* with 127\.0\.0\.1:\d+ .* hung up right after TLS/,
  ],
  [
    "tlsv1.3",
    /^127\.0\.0\.1 ERR_CARRIER_TLS_HANDSHAKE .* with 127\.0\.0\.1: it hung up during .* TLS/,
  ],
] as const)("a node that refuses our certificate without a word, %s", async (version, what) => {
  const { node, port, refusals } = await startDialled();
  await using _ = node;
  const discovery: Discovery = {
    ...noDiscovery,
    lookup: () => Promise.resolve({ port, version: 6, address: "127.0.0.1" }),
  };
  const tls = { ...dialling, versions: [version], onWarning: () => {} };
  await using other = await startNode({ ...common, name: "other@localhost", discovery, tls });
  await expect(other.connect("dialled@localhost")).rejects.toThrow(/a CA that we do not trust/);
  const [refusal] = await vi.waitUntil(() => refusals().length > 0 && refusals());
  expect(refusal).toMatch(what);
  expect(refusal).toMatch(/most likely it refuses our certificate; look at its .*log/);
  expect(refusal).toContain("its CAs (cacertfile) have to include ours");
});

test("who hangs up before it has seen our certificate is not said to refuse it", async () => {
  const { node, port, refusals } = await startDialled();
  await using _ = node;
  const probe = net.connect(port, "127.0.0.1");
  await once(probe, "connect");
  probe.end(Buffer.from("1603010100", "hex"));
  const [refusal] = await vi.waitUntil(() => refusals().length > 0 && refusals());
  expect(refusal).toMatch(/it closed the connection during the TLS handshake/);
  expect(refusal).not.toContain("most likely");
});
