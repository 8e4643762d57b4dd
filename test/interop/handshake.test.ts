import type { Channel } from "disterl/carrier";
import { HandshakeError } from "disterl/handshake";
import {
  type CEpmd,
  type OtpNode,
  RawPeer,
  rawBytes,
  rawDigest,
  rawReplyPacket,
  startCEpmd,
  startOtpNode,
} from "disterl/testing";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { FLAGS } from "../compliance/handshake-rig.ts";
import { HalfNode } from "./handshake-half-node.ts";
import { forEachOtp } from "./otp.ts";

const COOKIE = "handshake-test";

forEachOtp((otp, test) => {
  let epmd: CEpmd;
  let erlang: OtpNode;
  const open: AsyncDisposable[] = [];

  beforeAll(async () => {
    epmd = await startCEpmd({ release: otp });
    erlang = await startOtpNode({
      release: otp,
      nameType: "short",
      cookie: COOKIE,
      epmdPort: epmd.port,
      name: `m${otp.release}@localhost`,
    });
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each[Symbol.asyncDispose]();
    await erlang.eval("[erlang:disconnect_node(N) || N <- nodes(connected)]");
  });
  afterAll(async () => {
    await erlang?.stop();
    await epmd?.stop();
  });

  async function half(alive: string): Promise<HalfNode> {
    const node = await HalfNode.start(`${alive}@localhost`, COOKIE, epmd.port);
    open.push(node);
    return node;
  }

  async function failure(attempt: Promise<unknown>): Promise<HandshakeError> {
    try {
      await attempt;
    } catch (error) {
      if (error instanceof HandshakeError) return error;
      throw error;
    }
    throw new Error("it did not fail");
  }

  const atomText = (name: string): string => `'${name}'`;

  test("we dial", "handshake: name, creation and flags are agreed", async () => {
    const ours = await half("dialler");
    const { peer } = await ours.dial(erlang.nodeName);
    const creation = await erlang.eval("erlang:system_info(creation)");
    expect(peer).toMatchObject({ name: erlang.nodeName, creation: Number(creation), version: 6 });
    expect(peer.flags).toBe(peer.peerFlags & FLAGS);
    expect(peer.hidden).toBe(false);
    expect(await erlang.eval("nodes()")).toContain(ours.name);
  });

  test("we dial", "handshake: hidden", async () => {
    const ours = await half("hider");
    const { peer } = await ours.dial(erlang.nodeName, { flags: FLAGS & ~1n });
    expect(peer.hidden).toBe(true);
    expect(await erlang.eval("{nodes(), nodes(hidden)}")).toBe(`{[],[${ours.name}]}`);
  });

  test("we dial", "handshake: a wrong cookie is recognised by the hang-up", async () => {
    const ours = await half("stranger");
    ours.cookie = "another";
    const error = await failure(ours.dial(erlang.nodeName));
    expect(error).toMatchObject({ code: "ERR_HANDSHAKE_CLOSED", step: "ack" });
    expect(error.message).toContain("cookies differ");
  });

  test("we dial", "handshake: the node is another than expected", async () => {
    const ours = await half("confused");
    const dial = ours.dial(erlang.nodeName, { peer: "somebody@localhost" });
    expect((await failure(dial)).code).toBe("ERR_HANDSHAKE_WRONG_NODE");
  });

  test("we dial", "handshake: a live connection is replaced when we say so", async () => {
    const ours = await half("again");
    const first = await ours.dial(erlang.nodeName);
    const kept = ours.dial(erlang.nodeName, { isStillWanted: () => false });
    expect((await failure(kept)).code).toBe("ERR_HANDSHAKE_ALIVE");
    const second = await ours.dial(erlang.nodeName);
    await first.closed;
    expect(await erlang.eval("nodes()")).toBe(`[${ours.name}]`);
    second.channel.destroy();
  });

  test("we dial", "handshake: flags missing, name not allowed", async () => {
    const ours = await half("refused");
    const without = ours.dial(erlang.nodeName, {
      flags: FLAGS & ~(1n << 34n) & ~(1n << 26n) & ~(1n << 17n),
    });
    expect((await failure(without)).code).toBe("ERR_HANDSHAKE_NOT_ALLOWED");
    const own = ours.dial(erlang.nodeName, { ourName: erlang.nodeName });
    expect((await failure(own)).code).toBe("ERR_HANDSHAKE_NOK");
  });

  test("we dial", "handshake: without a name we get one", async () => {
    const ours = await half("unnamed");
    const { peer } = await ours.dial(erlang.nodeName, { ourName: "localhost", askForName: true });
    expect(peer.ourName).toMatch(/^[0-9A-Z]+@localhost$/);
    expect(peer.ourCreation).toBeGreaterThanOrEqual(4);
    expect(await erlang.eval("nodes(hidden)")).toBe(`['${peer.ourName}']`);
  });

  test("we dial", "handshake: while the other dials us, the greater name wins", async () => {
    for (const [alive, wins] of [
      ["aaa", false],
      ["zzz", true],
    ] as const) {
      const ours = await half(alive);
      let goOn = (): void => {};
      const held = new Promise<Channel>((dialled) => {
        ours.onChannel = (channel) => {
          dialled(channel);
          return new Promise((resolve) => {
            goOn = resolve;
          });
        };
      });
      const connected = erlang.eval(`net_kernel:connect_node(${atomText(ours.name)})`, {
        evaluator: alive,
      });
      await held;
      if (wins) {
        const link = await ours.dial(erlang.nodeName);
        expect(link.peer.name).toBe(erlang.nodeName);
        expect(await connected).toBe("true");
        goOn();
      } else {
        expect((await failure(ours.dial(erlang.nodeName))).code).toBe("ERR_HANDSHAKE_NOK");
        goOn();
        expect(await connected).toBe("true");
        expect(ours.links).toHaveLength(1);
      }
    }
  });

  test("Erlang dials", "handshake: name, creation and flags are agreed", async () => {
    const ours = await half("target");
    expect(await erlang.eval(`net_kernel:connect_node(${atomText(ours.name)})`)).toBe("true");
    const creation = await erlang.eval("erlang:system_info(creation)");
    expect(ours.links[0]?.peer).toMatchObject({
      name: erlang.nodeName,
      creation: Number(creation),
      version: 6,
      hidden: false,
      named: false,
    });
    expect(await erlang.eval("nodes()")).toBe(`[${ours.name}]`);
  });

  test("Erlang dials", "handshake: a wrong cookie, and a cookie for this pair only", async () => {
    const ours = await half("secretive");
    ours.cookie = "for this pair";
    const connect = `net_kernel:connect_node(${atomText(ours.name)})`;
    expect(await erlang.eval(connect)).toBe("false");
    expect(ours.errors[0]).toMatchObject({ code: "ERR_HANDSHAKE_WRONG_COOKIE" });
    await erlang.eval(`erlang:set_cookie(${atomText(ours.name)}, 'for this pair')`);
    expect(await erlang.eval(connect)).toBe("true");
  });

  test("Erlang dials", "handshake: we think the connection is alive, it replaces it", async () => {
    const ours = await half("forgetful");
    ours.policy.up.set(erlang.nodeName, {});
    expect(await erlang.eval(`net_kernel:connect_node(${atomText(ours.name)})`)).toBe("true");
    expect(ours.policy.replaced).toEqual([erlang.nodeName]);
    expect(ours.links).toHaveLength(1);
  });

  test("Erlang dials", "handshake: ok_simultaneous is as good as ok", async () => {
    const ours = await half("a0");
    ours.policy.dialling.add(erlang.nodeName);
    expect(await erlang.eval(`net_kernel:connect_node(${atomText(ours.name)})`)).toBe("true");
  });

  test("Erlang dials", "handshake: not_allowed and nok end its attempt", async () => {
    const ours = await half("zz");
    ours.policy.allowed = ["only@localhost"];
    expect(await erlang.eval(`net_kernel:connect_node(${atomText(ours.name)})`)).toBe("false");
    expect(ours.errors[0]).toMatchObject({ code: "ERR_HANDSHAKE_NOT_ALLOWED" });
  });

  test("Erlang dials", "handshake: a node without a name gets one from us", async () => {
    const ours = await half("namer");
    const nameless = await startOtpNode({
      release: otp,
      nameType: "short",
      cookie: COOKIE,
      epmdPort: epmd.port,
      name: "undefined",
    });
    try {
      const seen: string[] = [];
      for (let round = 0; round < 2; round++) {
        expect(await nameless.eval(`net_kernel:connect_node(${atomText(ours.name)})`)).toBe("true");
        const peer = ours.links[round]?.peer;
        expect(peer).toMatchObject({ named: true, hidden: true });
        expect(await nameless.eval("node()")).toBe(`'${peer?.name}'`);
        expect(await nameless.eval("erlang:system_info(creation)")).toBe(String(peer?.creation));
        seen.push(`${peer?.name}`);
        await nameless.eval(`erlang:disconnect_node(${atomText(ours.name)})`);
        await ours.links[round]?.closed;
        ours.policy.up.clear();
        ours.policy.leases[round]?.release();
      }
      expect(seen[1]).toBe(seen[0]);
      const [first, second] = ours.links.map((link) => link.peer.creation);
      expect(second).toBe((first ?? 0) + 1);
    } finally {
      await nameless.stop();
    }
  });

  test(
    "we dial",
    "handshake: the old introduction is understood as OTP understands it",
    async () => {
      const port = Number(
        await erlang.eval(
          `{port, Port, _} = erl_epmd:port_please("m${otp.release}", "localhost"), Port`,
        ),
      );
      const peer = await RawPeer.dial({ port });
      peer.sendPacket(Buffer.concat([rawBytes("6e 0005 07df7fbc"), Buffer.from("old@localhost")]));
      if (otp.release === "25") {
        await peer.expectClose(); // 25.0 to 25.2 do not take it
        return;
      }
      expect((await peer.receivePacket()).toString()).toBe("sok");
      const challenge = (await peer.receivePacket()).readUInt32BE(9);
      peer.sendPacket(rawBytes("63 0000000d 00000009"));
      peer.sendPacket(rawReplyPacket(5, rawDigest(COOKIE, challenge)));
      expect((await peer.receivePacket()).subarray(1)).toEqual(rawDigest(COOKIE, 5));
      peer.close();
    },
  );
});
