import { setTimeout as sleep } from "node:timers/promises";
import { atom, atoms, type Node, t } from "disterl";
import { type OtpNode, startOtpNode } from "disterl/testing";
import { expect } from "vitest";
import { COOKIE, nextStatus, type Pair, spawnEcho, startPair } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";

const KB = 1024;
const MB = 1024 * KB;
const DONE = atom("done");

forEachOtp((release, test) => {
  test(
    "we dial",
    "a receiver that is stopped: memory stays flat, others are served, all arrives afterwards",
    async () => {
      await using pair = await startPair(release);
      const { ours, otp } = pair;
      await using other = await another(pair);
      await otp.eval(COUNTER);
      await other.eval(ECHO);
      await ours.ping(otp.nodeName);
      await ours.ping(other.nodeName);
      const events = ours.status();
      const before = process.memoryUsage().rss;
      otp.suspend();
      const to = { name: "counter", node: otp.nodeName };
      const flooder = ours.spawn();
      const chunk = new Uint8Array(64 * KB);
      let sent = 0;
      let stop = false;
      const flood = (async () => {
        while (!stop) {
          sent++;
          if (!flooder.send(to, chunk)) await flooder.drained(to);
        }
      })();
      const busy = await nextStatus(events, "busy");
      expect(busy.node).toBe(otp.nodeName);
      const unlessBusy = () => {
        const result = flooder.send(to, chunk, { nosuspend: true });
        if (result !== "nosuspend") sent++;
        return result;
      };
      await expect.poll(unlessBusy).toBe("nosuspend");
      expect(await echoes(ours, other, 2000)).toBeGreaterThan(20);
      const { stats } = ours.peer(otp.nodeName) ?? {};
      expect(stats?.busy).toBe(true);
      expect(stats?.pendingBytes).toBeLessThan(2 * MB);
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * MB);
      stop = true;
      otp.resume();
      // It is several times busy where the system's buffers grow meanwhile, and short times may be last.
      for (let busyMs = 0; busyMs < 1500; ) busyMs += (await nextStatus(events, "drained")).busyMs;
      await flood;
      flooder.send(to, t(DONE, flooder.pid));
      expect(await flooder.receive({ timeout: 20_000 })).toEqual(sent);
      expect(ours.stats.busyCount).toBeGreaterThan(0);
    },
    60_000,
  );

  test(
    "we dial",
    "a program that does not wait: refused aloud in one turn, and everything that was taken arrives",
    async () => {
      await using pair = await startPair(release);
      const { ours, otp } = pair;
      await otp.eval(COUNTER);
      await ours.ping(otp.nodeName);
      const to = { name: "counter", node: otp.nodeName };
      const self = ours.spawn();
      const chunk = new Uint8Array(1000);
      let sent = 0;
      const flood = (): void => {
        for (; sent < 1_000_000; sent++) self.send(to, chunk);
      };
      expect(flood).toThrow(expect.objectContaining({ code: "ERR_SEND_QUEUE_FULL" }));
      await self.drained(to);
      self.send(to, t(DONE, self.pid));
      expect(await self.receive({ timeout: 20_000 })).toBe(sent);
      expect(ours.nodes("connected")).toEqual([otp.nodeName]);
    },
    60_000,
  );

  test(
    "we dial",
    "a receiver that is stopped, and a program that does not wait: closed as slow_peer, back later",
    async () => {
      await using pair = await startPair(release, { ours: { limits: { distQueueBytes: 8 * MB } } });
      const { ours, otp } = pair;
      await otp.eval(COUNTER);
      await ours.ping(otp.nodeName);
      const events = ours.status();
      otp.suspend();
      const to = { name: "counter", node: otp.nodeName };
      const self = ours.spawn();
      self.monitor(to);
      const down = nextStatus(events, "nodedown");
      let isDown = false;
      void down.then(() => {
        isDown = true;
      });
      const began = performance.now();
      const refusals = new Set<unknown>();
      while (!isDown && performance.now() - began < 10_000) {
        try {
          self.send(to, new Uint8Array(64 * KB));
        } catch (error) {
          refusals.add((error as { code: unknown }).code);
        }
        await sleep(2);
      }
      expect(await down).toMatchObject({ reason: "slow_peer", node: otp.nodeName });
      expect([...refusals].every((code) => code === "ERR_SEND_QUEUE_FULL")).toBe(true);
      expect(await self.receive({ timeout: 1000 })).toMatchObject({ 4: atoms.noconnection });
      otp.resume();
      await ours.ping(otp.nodeName);
      expect(ours.nodes("connected")).toEqual([otp.nodeName]);
    },
    60_000,
  );

  test("both ways", "nosuspend and noconnect mean what they mean in Erlang", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    const self = ours.spawn({ name: "self" });
    const to = { name: "counter", node: otp.nodeName };
    const both = { nosuspend: true, noconnect: true };
    expect(self.send(to, 1, { noconnect: true })).toBe("noconnect");
    expect(self.send(to, 1, both)).toBe("noconnect");
    expect(ours.send(to, 1, { noconnect: true })).toBe("noconnect");
    expect(ours.nodes("connected")).toEqual([]);
    const there = `{self, '${ours.name}'}`;
    expect(await otp.eval(`erlang:send(${there}, x, [noconnect])`)).toBe("noconnect");
    // What names the own node needs no connection.
    expect(self.send({ name: "self", node: ours.name }, 7, both)).toBe(true);
    expect(await self.receive({ timeout: 1000 })).toBe(7);
    await otp.eval(COUNTER);
    // Without it a send connects; and while it does, the message waits as any other.
    expect(self.send(to, 1, { nosuspend: true })).toBe(true);
    expect(self.send(to, 2, both)).toBe(true);
    self.send(to, t(DONE, self.pid));
    expect(await self.receive({ timeout: 5000 })).toBe(2);
    expect(await otp.eval(`erlang:send(${there}, 8, [noconnect, nosuspend])`)).toBe("ok");
    expect(await self.receive({ timeout: 5000 })).toBe(8);
  });

  test(
    "Erlang dials",
    "a flood from Erlang into a process of ours that does not keep up ends that process, and nothing else",
    async () => {
      await using pair = await startPair(release, {
        ours: { limits: { mailboxMessages: 50_000 } },
      });
      const { ours, otp } = pair;
      await using other = await another(pair);
      spawnEcho(ours);
      const hoarder = ours.spawn({ name: "hoarder" });
      const before = process.memoryUsage().rss;
      const flooding = otp.eval(
        `Ref = monitor(process, {hoarder, '${ours.name}'}),
         [{hoarder, '${ours.name}'} ! {N, <<0:8000>>} || N <- lists:seq(1, 200000)],
         receive {'DOWN', Ref, process, _, Reason} -> Reason after 20000 -> no_down end`,
        { timeoutMs: 40_000 },
      );
      const slow = await slowCall(other, ours);
      expect(await flooding).toBe("killed");
      expect(hoarder.alive).toBe(false);
      expect(slow).toBeLessThan(250);
      expect(process.memoryUsage().rss - before).toBeLessThan(300 * MB);
      expect(ours.nodes("connected").toSorted()).toEqual([otp.nodeName, other.nodeName].toSorted());
    },
    60_000,
  );

  test(
    "both ways",
    "a message of 200 MB does not hold up small ones of others",
    async () => {
      await using pair = await startPair(release);
      const { ours, otp } = pair;
      await otp.eval(COUNTER);
      await otp.eval(ECHO);
      spawnEcho(ours);
      await ours.ping(otp.nodeName);
      const sender = ours.spawn();
      const to = { name: "counter", node: otp.nodeName };
      sender.send(to, new Uint8Array(200 * MB));
      sender.send(to, t(DONE, sender.pid));
      let arrived = false;
      const arrival = sender.receive({ timeout: 30_000 }).then((count) => {
        arrived = true;
        return count;
      });
      // What the system's buffers hold is in front of a small message: a few of the 200 MB.
      expect(await echoes(ours, otp, 20_000, () => arrived)).toBeGreaterThan(3);
      expect(await arrival).toBe(1);
    },
    60_000,
  );

  test("both ways", "the counters agree with those of net_kernel", async () => {
    await using pair = await startPair(release);
    const { ours, otp } = pair;
    await otp.eval(ECHO);
    await ours.connect(otp.nodeName);
    const self = ours.spawn();
    const to = { name: "echo", node: otp.nodeName };
    for (let i = 0; i < 500; i++) {
      self.send(to, t(self.pid, i));
      if (i % 100 === 0) self.send(to, t(self.pid, new Uint8Array(300 * KB)));
    }
    for (let i = 0; i < 505; i++) await self.receive({ timeout: 5000 });
    const theirs = await otp.eval(
      `{ok, Info} = net_kernel:node_info('${ours.name}'),
       {proplists:get_value(in, Info), proplists:get_value(out, Info)}`,
    );
    const { stats } = ours.peer(otp.nodeName) ?? {};
    if (stats === undefined) throw new Error("not connected");
    const [received, sent] = theirs.slice(1, -1).split(",").map(Number);
    // Theirs count the packets of the handshake, too: three come in, three go out at most.
    expect(received).toBeGreaterThanOrEqual(stats.framesSent + stats.ticksSent);
    expect(received).toBeLessThanOrEqual(stats.framesSent + stats.ticksSent + 4);
    expect(sent).toBeGreaterThanOrEqual(stats.framesReceived + stats.ticksReceived);
    expect(sent).toBeLessThanOrEqual(stats.framesReceived + stats.ticksReceived + 4);
    expect(stats.fragmentsSent).toBe(stats.framesSent - stats.signalsSent);
    expect(stats.fragmentsReceived).toBe(stats.framesReceived - stats.signalsReceived);
    expect(stats.fragmentsSent).toBe(5 * 4);
    expect(stats.atomsCachedOut).toBeGreaterThan(1);
    expect(stats.atomsCachedIn).toBeGreaterThan(1);
    expect(stats).toMatchObject({ pendingBytes: 0, pendingSignals: 0, reassemblyBytes: 0 });
    expect(ours.stats).toMatchObject({ connections: 1, bytesSent: stats.bytesSent });
  });

  test(
    "we dial",
    "an event loop that stands still for longer than a tick is told, and no peer is blamed",
    async () => {
      const netTickTime = 8;
      await using pair = await startPair(release, {
        ours: { netTickTime },
        flags: ["-kernel", "net_ticktime", String(netTickTime)],
      });
      const { ours, otp } = pair;
      await ours.ping(otp.nodeName);
      const events = ours.status();
      const began = performance.now();
      block(5000);
      const { durationMs } = await nextStatus(events, "self_stalled");
      expect(durationMs).toBeGreaterThan(4900);
      // A turn of the event loop before the block counts, and what the machine did after it.
      expect(durationMs).toBeLessThan(performance.now() - began + 1500);
      await ours.ping(otp.nodeName);
      // Two tick times later everybody is there: nobody was judged by what could not be heard.
      await sleep(3000);
      block(5000);
      await sleep(4000);
      expect(ours.nodes("connected")).toEqual([otp.nodeName]);
      expect(await otp.eval("nodes(hidden)")).toBe(`[${ours.name}]`);
    },
    60_000,
  );

  test(
    "we dial",
    "an event loop that stands still for longer than the tick time: told first, and it was the peer that left",
    async () => {
      const netTickTime = 4;
      await using pair = await startPair(release, {
        ours: { netTickTime },
        flags: ["-kernel", "net_ticktime", String(netTickTime)],
      });
      const { ours, otp } = pair;
      await ours.ping(otp.nodeName);
      const events = ours.status();
      block(8000);
      const first = await events.next();
      expect(first.value).toMatchObject({ type: "self_stalled" });
      expect(await nextStatus(events, "nodedown")).toMatchObject({ reason: "connection_closed" });
      await ours.ping(otp.nodeName);
    },
    60_000,
  );
});

/** Counts what comes until `{done, Pid}`; tells that pid the number, and starts anew. */
const COUNTER = `
  Count = fun Count(N) -> receive {done, From} -> From ! N, Count(0); _ -> Count(N + 1) end end,
  register(counter, spawn(fun() -> Count(0) end)).`;

/** Answers `{Pid, Term}` with `Term`. */
const ECHO = `
  register(echo, spawn(fun F() -> receive {From, Term} -> From ! Term, F() end end)).`;

function another({ epmd, otp }: Pair): Promise<OtpNode> {
  const { release } = otp;
  return startOtpNode({ release, nameType: "short", cookie: COOKIE, epmdPort: epmd.port });
}

/** How many round trips to `echo` are made, one after the other, for so long or until `isOver`. */
async function echoes(
  ours: Node,
  otp: OtpNode,
  forMs: number,
  isOver: () => boolean = () => false,
): Promise<number> {
  const self = ours.spawn();
  const to = { name: "echo", node: otp.nodeName };
  const end = performance.now() + forMs;
  let count = 0;
  while (performance.now() < end && !isOver()) {
    self.send(to, t(self.pid, 1));
    await self.receive({ timeout: 5000 });
    count++;
    await sleep(5);
  }
  self.exit();
  return count;
}

/** What half of a hundred calls from Erlang to our `echo` take at most, in milliseconds. */
async function slowCall(otp: OtpNode, ours: Node): Promise<number> {
  const slow = await otp.eval(
    `lists:nth(50, lists:sort([begin timer:sleep(5),
       {Us, N} = timer:tc(gen_server, call, [{echo, '${ours.name}'}, {echo, N}]), Us
     end || N <- lists:seq(1, 100)])) div 1000`,
    { timeoutMs: 30_000 },
  );
  return Number(slow);
}

/** Computes for so long. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
