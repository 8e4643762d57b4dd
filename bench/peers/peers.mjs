/**
 * The cast of the benchmarks: real Erlang nodes, nodes of ours and bare sockets, each in a process
 * of its own, all on the loopback address with an epmd of their own.
 */
import { readFile } from "node:fs/promises";
import { startCEpmd, startOtpNode } from "disterl/testing";
import { Forked } from "./forked.mjs";

const COOKIE = "benchmarks";

/** A node of ours. */
class NodePeer {
  kind = "Node";
  #forked;

  static async start(name, epmdPort, more = {}) {
    const settings = { name: `${name}@localhost`, cookie: COOKIE, epmdPort, more };
    const peer = new NodePeer();
    peer.#forked = await Forked.start("./node-peer.mjs", settings, ["--expose-gc", ...flags()]);
    return peer;
  }

  get name() {
    return this.#forked.name;
  }

  get pid() {
    return this.#forked.pid;
  }

  ask(command, args) {
    return this.#forked.ask(command, args);
  }

  stop() {
    return this.#forked.stop();
  }
}

/** More flags for the nodes of ours, such as `--cpu-prof`: from `BENCH_NODE_FLAGS`. */
function flags() {
  return (process.env.BENCH_NODE_FLAGS ?? "").split(" ").filter((flag) => flag !== "");
}

/** A real Erlang node; answers the same commands as {@link NodePeer}. */
class OtpPeer {
  kind = "BEAM";
  #node;

  static async start(name, epmdPort, more = []) {
    const peer = new OtpPeer();
    peer.#node = await startOtpNode({
      nameType: "short",
      name: `${name}@localhost`,
      cookie: COOKIE,
      epmdPort,
      // Nodes that meet one another through a third would talk behind our back.
      flags: ["-connect_all", "false", ...more],
    });
    for (const module of ["bench_peer.erl", "bench_processes.erl"]) {
      await peer.#node.loadModule(await readFile(new URL(module, import.meta.url), "utf8"));
    }
    await peer.#node.eval("bench_peer:start()");
    return peer;
  }

  get name() {
    return this.#node.nodeName;
  }

  get pid() {
    return this.#node.pid;
  }

  get release() {
    return this.#node.release;
  }

  async ask(command, args) {
    const text = await this.#node.eval(otpCalls[command](args), { timeoutMs: 120_000 });
    const figures = text.matchAll(/(\w+) => (\d+)/g);
    return Object.fromEntries(Array.from(figures, ([, key, value]) => [key, Number(value)]));
  }

  stop() {
    return this.#node.stop();
  }
}

const otpCalls = {
  send: ({ to, address, size, count, sink = "sink" }) =>
    `bench_peer:send('${to}', ${address}, ${size}, ${count}, ${sink})`,
  fanOut: ({ to, count }) => `bench_peer:fan_out([${to.map((one) => `'${one}'`)}], ${count})`,
  roundTrips: ({ to, count, echo = "echo" }) =>
    `bench_peer:round_trips('${to}', ${count}, ${echo})`,
  calls: ({ to, callers, count, kind = "gen", server = "server" }) =>
    `bench_peer:calls('${to}', ${callers}, ${count}, ${kind}, ${server})`,
  connects: ({ to, count }) => `bench_peer:connects('${to}', ${count})`,
  connect: ({ to }) => `net_kernel:connect_node('${to}')`,
  spawns: ({ form, count }) => `bench_processes:spawns('${form}', ${count})`,
  idle: ({ count }) => `bench_processes:idle(${count})`,
  local: ({ form, count }) => `bench_processes:local('${form}', ${count})`,
  bounce: ({ count }) => `bench_processes:bounce(${count})`,
  mailbox: ({ how, waiting, count }) => `bench_processes:mailbox('${how}', ${waiting}, ${count})`,
  storm: ({ relation, event, to, count }) =>
    `bench_processes:storm(${relation}, ${event}, '${to}', ${count})`,
  connected: () => "#{connected => length(nodes(connected))}",
  gc: () => "[erlang:garbage_collect(P) || P <- processes()], ok",
};

/** Starts peers on demand, and stops all of them at the end. */
export class Peers {
  #epmd;
  /** @readonly */
  #running = [];
  #count = 0;

  static async start() {
    const peers = new Peers();
    peers.#epmd = await startCEpmd();
    return peers;
  }

  otp(flags) {
    return this.#started(OtpPeer.start(this.#name("beam"), this.#epmd.port, flags));
  }

  node(options) {
    return this.#started(NodePeer.start(this.#name("ours"), this.#epmd.port, options));
  }

  socket(settings = {}) {
    return this.#started(Forked.start("./socket-peer.mjs", settings));
  }

  #name(kind) {
    return `${kind}${++this.#count}_${process.pid}`;
  }

  async #started(starting) {
    const peer = await starting;
    this.#running.push(peer);
    return peer;
  }

  async stop() {
    await Promise.allSettled(this.#running.map((peer) => peer.stop()));
    await this.#epmd.stop();
  }

  [Symbol.asyncDispose]() {
    return this.stop();
  }
}
