import { expect, test } from "vitest";
import { failure, record } from "../../../test/node-events.ts";
import type { Carrier, Channel, ChannelHandler } from "./carrier/carrier.ts";
import type { Node } from "./node.ts";
import type { NodeStatus } from "./node/status.ts";
import { startNode } from "./start-node.ts";
import type { Cluster } from "./testing/cluster/cluster.ts";
import { startCluster } from "./testing/cluster/start-cluster.ts";
import { rawDigest, rawNamePacket, rawReplyPacket } from "./testing/raw-peer.ts";

const COOKIE = "cluster";
const PEER = "node@b";
/** Of ours: no handshake may keep its place for these to be had. */
const PLACES = 2;

/** Keeps back what arrives for the node, so that several chunks can be delivered in one turn. */
class Gate {
  #shut = false;
  readonly #kept: (() => void)[] = [];

  over(carrier: Carrier): Carrier {
    const { name, handshakeLengthBytes } = carrier;
    return {
      name,
      handshakeLengthBytes,
      connect: (options) => carrier.connect(options),
      listen: (options, onChannel) =>
        carrier.listen(options, (channel) => onChannel(this.#guard(channel))),
    };
  }

  shut(): void {
    this.#shut = true;
  }

  /** Delivers all that was kept, in one turn of the event loop. */
  open(): number {
    this.#shut = false;
    const kept = this.#kept.splice(0);
    for (const deliver of kept) deliver();
    return kept.length;
  }

  #guard(channel: Channel): Channel {
    const handle = channel.handle.bind(channel);
    channel.handle = (handler: ChannelHandler) =>
      handle({
        onData: (chunk) => {
          const copy = new Uint8Array(chunk);
          if (this.#shut) this.#kept.push(() => handler.onData(copy));
          else handler.onData(chunk);
        },
        onDrain: () => handler.onDrain(),
        onClose: (error) => handler.onClose(error),
      });
    return channel;
  }
}

/** Somebody who dials the node, and says what a test wants. */
class Stranger {
  readonly #channel: Channel;
  #received = Buffer.alloc(0);
  closed = false;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.handle({
      onData: (chunk) => (this.#received = Buffer.concat([this.#received, chunk])),
      onDrain: () => {},
      onClose: () => (this.closed = true),
    });
  }

  send(body: Uint8Array): void {
    this.#channel.write([Buffer.from([0, body.length, ...body])]);
  }

  /** What has arrived, packet by packet. */
  take(): Buffer[] {
    const packets: Buffer[] = [];
    while (this.#received.length > 0) {
      const end = 2 + this.#received.readUInt16BE(0);
      packets.push(this.#received.subarray(2, end));
      this.#received = this.#received.subarray(end);
    }
    return packets;
  }

  /** Proves to know the cookie. */
  prove(challenge: number): void {
    this.send(rawReplyPacket(9, rawDigest(COOKIE, challenge)));
  }

  destroy(): void {
    this.#channel.destroy();
  }
}

class Scene {
  readonly cluster: Cluster;
  readonly gate: Gate;
  readonly node: Node;
  readonly events: NodeStatus[];
  readonly #lookups: () => number;

  private constructor(cluster: Cluster, gate: Gate, node: Node, lookups: () => number) {
    this.cluster = cluster;
    this.gate = gate;
    this.node = node;
    this.events = record(node);
    this.#lookups = lookups;
  }

  static async open(): Promise<Scene> {
    const cluster = await startCluster({ latencyMs: 1 });
    let lookups = 0;
    const options = cluster.startOptions({
      name: "node@a",
      limits: { pendingHandshakes: PLACES },
      discovery: (own) => ({
        ...own,
        lookup: (name, host) => {
          lookups++;
          return own.lookup(name, host);
        },
      }),
    });
    const gate = new Gate();
    const carrier = gate.over(options.carrier as Carrier);
    const node = await cluster.run(startNode({ ...options, carrier }));
    return new Scene(cluster, gate, node, () => lookups);
  }

  /** Somebody who claims that name, and what it is answered. */
  async claim(name: string): Promise<{ stranger: Stranger; answers: Buffer[] }> {
    const { port = 0 } = this.node.address ?? {};
    const carrier = this.cluster.network.carrier(PEER);
    const channel = await this.cluster.run(carrier.connect({ host: "node@a", port }));
    const stranger = new Stranger(channel);
    stranger.send(rawNamePacket({ name }));
    await this.cluster.advance(20);
    return { stranger, answers: stranger.take() };
  }

  /** Claims to be the peer, and to replace the connection that is up, if any. */
  async challenged(): Promise<{ stranger: Stranger; challenge: number }> {
    const { stranger, answers } = await this.claim(PEER);
    const [status] = answers;
    let [, challenge] = answers;
    if (String(status) === "salive") {
      stranger.send(Buffer.from("strue"));
      await this.cluster.advance(20);
      [challenge] = stranger.take();
    } else expect(String(status)).toBe("sok");
    return { stranger, challenge: challenge?.readUInt32BE(9) ?? -1 };
  }

  of(type: NodeStatus["type"]): NodeStatus[] {
    return this.events.filter((event) => event.type === type);
  }

  /** One is up, the other was refused and has left nothing behind. */
  async expectOne(winner: Stranger, loser: Stranger): Promise<void> {
    const { cluster, node } = this;
    await cluster.advance(20);
    const [ack] = winner.take();
    expect(ack).toEqual(Buffer.concat([Buffer.from("a"), rawDigest(COOKIE, 9)]));
    expect(winner.closed).toBe(false);
    expect(loser.take()).toEqual([]);
    expect(loser.closed).toBe(true);
    expect(node.nodes("connected")).toEqual([PEER]);
    expect(this.of("refused")).toMatchObject([{ code: "ERR_HANDSHAKE_SUPERSEDED" }]);
    const [refused] = this.of("refused");
    expect(String(refused?.type === "refused" && refused.error)).toContain(
      '"node@b": another connection of it was faster',
    );
    await this.#expectPlaces();
    await this.#expectNobody(winner);
  }

  /** All places for handshakes are free. */
  async #expectPlaces(): Promise<void> {
    const waiting: Stranger[] = [];
    for (let count = 0; count <= PLACES; count++) {
      const { stranger, answers } = await this.claim(`other${count}@b`);
      expect([answers.length, stranger.closed]).toEqual(count < PLACES ? [2, false] : [0, true]);
      waiting.push(stranger);
    }
    for (const stranger of waiting) stranger.destroy();
    await this.cluster.advance(20);
  }

  /** When the one that is up leaves, the name is claimed and taken by nobody. */
  async #expectNobody(winner: Stranger): Promise<void> {
    const { cluster, node } = this;
    winner.destroy();
    await cluster.advance(20);
    expect(node.nodes("known")).toEqual([node.name]);
    const before = this.#lookups();
    const dial = failure(node.connect(PEER));
    await cluster.advance(20); // a claim would hold it up for longer
    expect(this.#lookups()).toBe(before + 1);
    expect(await cluster.run(dial)).toMatchObject({ layer: "discovery" });
    const { stranger, challenge } = await this.challenged();
    stranger.prove(challenge);
    await cluster.advance(20);
    expect(stranger.take()).toHaveLength(1);
    expect(node.nodes("connected")).toEqual([PEER]);
    await cluster.run(node.stop());
    expect(cluster.pendingTimers("node@a")).toBe(0);
  }
}

test("two of one name that both prove themselves: the first one is up, the other is refused", async () => {
  const scene = await Scene.open();
  const slow = await scene.challenged();
  const fast = await scene.challenged();
  fast.stranger.prove(fast.challenge);
  await scene.cluster.advance(20);
  expect(scene.of("nodeup")).toHaveLength(1);
  slow.stranger.prove(slow.challenge);
  await scene.expectOne(fast.stranger, slow.stranger);
});

test("the same when both proofs arrive in one turn", async () => {
  const scene = await Scene.open();
  const slow = await scene.challenged();
  const fast = await scene.challenged();
  scene.gate.shut();
  fast.stranger.prove(fast.challenge);
  await scene.cluster.advance(20);
  slow.stranger.prove(slow.challenge);
  await scene.cluster.advance(20);
  expect(scene.gate.open()).toBe(2);
  await scene.expectOne(fast.stranger, slow.stranger);
});

test("the same when both replace a connection that is up", async () => {
  const scene = await Scene.open();
  const old = await scene.challenged();
  old.stranger.prove(old.challenge);
  await scene.cluster.advance(20);
  const fast = await scene.challenged();
  const slow = await scene.challenged();
  expect(old.stranger.closed).toBe(false);
  scene.gate.shut();
  fast.stranger.prove(fast.challenge);
  await scene.cluster.advance(20);
  slow.stranger.prove(slow.challenge);
  await scene.cluster.advance(20);
  expect(scene.gate.open()).toBe(2);
  await scene.cluster.advance(20);
  expect(old.stranger.closed).toBe(true);
  await scene.expectOne(fast.stranger, slow.stranger);
});
