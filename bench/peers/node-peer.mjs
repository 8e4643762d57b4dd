/**
 * A node of ours in a process of its own, for the benchmarks. It does what its parent says over the
 * channel of `fork`, and ends with it. Everything is timed here, inside the node.
 */
import { atom, genRequest, reply, startNode, t } from "disterl";
import { subscribe } from "disterl/trace";

const WHO = atom("who");
const HERE = atom("here");
const EXPECT = atom("expect");
const DONE = atom("done");
const PING = atom("ping");
const PONG = atom("pong");
const HELLO = atom("hello");

/** How the parent asked the node to be. */
const { name, cookie, epmdPort, more } = JSON.parse(process.argv[2]);
const node = await startNode({ name, cookie, epmd: { port: epmdPort, start: false }, ...more });
const others = [];

spawnSink();
void spawnReceivingSink();
node.spawn({ name: "echo", onMessage: echo });
node.spawn({ name: "server", onMessage: serve });
const self = node.spawn();

/** Counts what comes, and says so at the end. */
function spawnSink() {
  let left = 0;
  let count = 0;
  let waiting;
  node.spawn({
    name: "sink",
    onMessage(message, sink) {
      if (left > 0) {
        if (--left === 0) sink.send(waiting, t(DONE, count));
      } else if (message[0] === EXPECT) {
        [, waiting, count] = message;
        left = count;
      } else {
        answerWho(message, sink);
      }
    },
  });
}

/** The same with a promise for each message. */
async function spawnReceivingSink() {
  const sink = node.spawn({ name: "receiving_sink" });
  for await (const message of sink) {
    if (message[0] !== EXPECT) {
      answerWho(message, sink);
      continue;
    }
    for (let left = message[2]; left > 0; left--) await sink.receive();
    sink.send(message[1], t(DONE, message[2]));
  }
}

function echo(message, process) {
  if (message[0] === PING) process.send(message[1], PONG);
  else answerWho(message, process);
}

function answerWho(message, process) {
  if (message[0] === WHO) process.send(message[1], t(process.pid, HERE));
}

function serve(message, server) {
  const request = genRequest(message);
  if (request?.kind === "call") reply(server, request.from, request.request);
}

async function pidOf(name, peer) {
  self.send({ name: atom(name), node: atom(peer) }, t(WHO, self.pid));
  const [pid] = await self.receive({ timeout: 60_000 });
  return pid;
}

function messageOf(size) {
  return t(17, size === "small" ? Buffer.from("hello") : Buffer.alloc(size, 7));
}

const commands = {
  async send({ to: peer, address, size, count, sink = "sink", awaiting }) {
    const to = address === "pid" ? await pidOf(sink, peer) : { name: atom(sink), node: atom(peer) };
    const message = messageOf(size);
    return timed(async () => {
      self.send(to, t(EXPECT, self.pid, count));
      await (awaiting ? sendAwaiting : sendAll)(peer, to, message, count);
      await self.receive({ timeout: 60_000 });
    });
  },

  /** As `send`, while somebody listens to every signal that is sent. */
  async sendTraced(args) {
    let traced = 0;
    const stop = subscribe("disterl:signal:sent", () => traced++);
    const figure = await commands.send(args);
    stop();
    if (traced < args.count) throw new Error(`only ${traced} signals were traced`);
    return figure;
  },

  async fanOut({ to: peers, count }) {
    const pids = [];
    for (const peer of peers) pids.push(await pidOf("sink", peer));
    const each = Math.floor(count / pids.length);
    const message = messageOf("small");
    return timed(async () => {
      for (const pid of pids) self.send(pid, t(EXPECT, self.pid, each));
      for (let i = 0; i < each; i++) {
        for (let turn = 0; turn < pids.length; turn++) {
          if (!self.send(pids[turn], message)) await node.drained(peers[turn]);
        }
      }
      for (const _ of pids) await self.receive({ timeout: 60_000 });
    });
  },

  async roundTrips({ to: peer, count }) {
    const pid = await pidOf("echo", peer);
    const ping = t(PING, self.pid);
    const times = [];
    for (let i = 0; i < count; i++) {
      const start = process.hrtime.bigint();
      self.send(pid, ping);
      await self.receive();
      times.push(Number(process.hrtime.bigint() - start));
    }
    return percentiles(times);
  },

  async calls({ to: peer, callers, count }) {
    const server = { name: "server", node: peer };
    const each = Math.floor(count / callers);
    const caller = async () => {
      for (let i = 0; i < each; i++) await node.call(server, HELLO);
    };
    return timed(() => Promise.all(Array.from({ length: callers }, caller)));
  },

  async connects({ to: peer, count }) {
    const times = [];
    for (let i = 0; i < count; i++) {
      const start = process.hrtime.bigint();
      await node.connect(peer);
      times.push(Number(process.hrtime.bigint() - start));
      await pidOf("sink", peer);
      node.disconnect(peer);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return percentiles(times);
  },

  async connect({ to: peer }) {
    await node.connect(peer);
  },

  /** More nodes in this process, each with a connection to `to`. */
  async hold({ to: peer, count }) {
    for (let i = 0; i < count; i++) {
      const options = { name: `held${i}_${name}`, cookie, listen: false };
      const held = await startNode({ ...options, epmd: { port: epmdPort, start: false } });
      others.push(held);
      await held.connect(peer);
    }
  },

  gc() {
    globalThis.gc?.();
  },

  async stop() {
    await Promise.all([node, ...others].map((one) => one.stop()));
  },
};

async function sendAll(peer, to, message, count) {
  for (let i = 0; i < count; i++) {
    if (!self.send(to, message)) await node.drained(peer);
  }
}

async function sendAwaiting(peer, to, message, count) {
  for (let i = 0; i < count; i++) {
    // oxlint-disable-next-line await-thenable -- as a program does that awaits everything
    if (!(await self.send(to, message))) await node.drained(peer);
  }
}

/** Microseconds that something took. */
async function timed(work) {
  const start = process.hrtime.bigint();
  await work();
  return { us: Number(process.hrtime.bigint() - start) / 1000 };
}

function percentiles(times) {
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor(times.length * share)];
  return { p50: at(0.5), p99: at(0.99) };
}

process.on("message", async ({ id, command, args }) => {
  try {
    process.send({ id, value: await commands[command](args) });
    if (command === "stop") process.disconnect();
  } catch (error) {
    process.send({ id, error: error.stack });
  }
});
process.on("disconnect", () => process.exit());
process.send({ ready: node.name });
