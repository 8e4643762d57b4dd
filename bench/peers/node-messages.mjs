/** Messages and calls to other nodes, as commands of a node of ours. */
import { atom, t } from "disterl";
import { subscribe } from "disterl/trace";
import { EXPECT, PING, WHO } from "./node-servers.mjs";
import { inProcess, nanosecondsSince, percentiles, timed } from "./node-timing.mjs";

const HELLO = atom("hello");

/** As in Erlang: the call, its time limit and its answer. */
const callOf = {
  gen: (node, server) => () => node.call(server, HELLO),
  erpc:
    (node, { node: peer }) =>
    () =>
      node.erpc(peer, "bench_peer", "same", [HELLO]),
};

async function pidOf(self, name, peer) {
  self.send({ name, node: peer }, t(WHO, self.pid));
  const [pid] = await self.receive({ timeout: 60_000 });
  return pid;
}

function messageOf(size) {
  return t(17, size === "small" ? Buffer.from("hello") : Buffer.alloc(size, 7));
}

/** @param node a node of ours */
export function messageCommands(node) {
  const commands = {
    send: ({ to: peer, address, size, count, sink = "sink", awaiting }) =>
      inProcess(node, async (self) => {
        const to = address === "pid" ? await pidOf(self, sink, peer) : { name: sink, node: peer };
        const message = messageOf(size);
        return timed(async () => {
          self.send(to, t(EXPECT, self.pid, count));
          await (awaiting ? sendAwaiting : sendAll)(self, to, message, count);
          await self.receive({ timeout: 60_000 });
        });
      }),

    /** As `send`, while somebody listens to every signal that is sent. */
    async sendTraced(args) {
      let traced = 0;
      const stop = subscribe("disterl:signal:sent", () => traced++);
      const figure = await commands.send(args);
      stop();
      if (traced < args.count) throw new Error(`only ${traced} signals were traced`);
      return figure;
    },

    fanOut: ({ to: peers, count }) =>
      inProcess(node, async (self) => {
        const pids = [];
        for (const peer of peers) pids.push(await pidOf(self, "sink", peer));
        const each = Math.floor(count / pids.length);
        const message = messageOf("small");
        return timed(async () => {
          for (const pid of pids) self.send(pid, t(EXPECT, self.pid, each));
          for (let i = 0; i < each; i++) {
            for (const pid of pids) if (!self.send(pid, message)) await self.drained(pid);
          }
          for (const _ of pids) await self.receive({ timeout: 60_000 });
        });
      }),

    roundTrips: ({ to: peer, count, echo = "echo" }) =>
      inProcess(node, async (self) => {
        const pid = await pidOf(self, echo, peer);
        const ping = t(PING, self.pid);
        const times = [];
        for (let i = 0; i < count; i++) {
          const start = process.hrtime.bigint();
          self.send(pid, ping);
          await self.receive();
          times.push(nanosecondsSince(start));
        }
        return percentiles(times);
      }),

    calls({ to: peer, callers, count, kind = "gen", server = "server" }) {
      const call = callOf[kind](node, { name: server, node: peer });
      const each = Math.floor(count / callers);
      const caller = async () => {
        for (let i = 0; i < each; i++) await call();
      };
      return timed(() => Promise.all(Array.from({ length: callers }, caller)));
    },

    connects: ({ to: peer, count }) =>
      inProcess(node, async (self) => {
        const times = [];
        for (let i = 0; i < count; i++) {
          const start = process.hrtime.bigint();
          await node.connect(peer);
          times.push(nanosecondsSince(start));
          await pidOf(self, "sink", peer);
          node.disconnect(peer);
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        return percentiles(times);
      }),
  };
  return commands;
}

async function sendAll(self, to, message, count) {
  for (let i = 0; i < count; i++) {
    if (!self.send(to, message)) await self.drained(to);
  }
}

async function sendAwaiting(self, to, message, count) {
  for (let i = 0; i < count; i++) {
    // oxlint-disable-next-line await-thenable -- as a program does that awaits everything
    if (!(await self.send(to, message))) await self.drained(to);
  }
}
