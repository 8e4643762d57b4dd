/**
 * Our epmd beside the C daemon: look-ups, registrations, many nodes, memory. Each server is a process
 * of its own; the asking is done by plain sockets of this process, whose share is in both figures, so
 * the CPU of the server for a look-up stands beside them.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { freePort, otpProgram, otpReleases } from "disterl/testing";
import { memoryOf } from "./peers/process-figures.mjs";
import { interleaved, printRows, rowOf } from "./rounds.mjs";

export const question = "epmd";

const C = "C epmd";
const MB = 1024 * 1024;
/** Nodes that both servers can hold: the C daemon ends at about a thousand sockets. */
const KEPT = 900;
const MANY = 5000;
/** Clock ticks of `/proc` in microseconds. */
const TICK_US = 10_000;

const OURS = `
  import { startEpmdServer } from "disterl/epmd";
  await startEpmdServer({ port: Number(process.argv[1]), addresses: ["127.0.0.1"] });
  console.error("entering the main loop");
`;

export async function run({ quick = false, rounds = quick ? 3 : 5 } = {}) {
  const ours = await startOurs();
  const empty = memoryOf(ours.child.pid).now;
  const theirs = await startC();
  try {
    const servers = new Map([["ours", ours], ...(theirs === undefined ? [] : [["c", theirs]])]);
    const rows = [
      ...(await lookupRows(servers, rounds, quick)),
      ...(await registrationRows(servers, rounds, quick)),
    ];
    rows.push(...(await manyRows(ours, empty, quick)));
    return rows;
  } finally {
    for (const server of [ours, theirs]) server?.child.kill("SIGKILL");
  }
}

async function startOurs() {
  const port = await freePort();
  const args = [...process.execArgv, "--input-type=module", "-e", OURS, String(port)];
  return started(spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] }), port);
}

async function startC() {
  const [otp] = otpReleases();
  if (otp === undefined) return undefined;
  const port = await freePort();
  // It tells that it is ready with -d -d only, and then logs every byte: so it is polled instead.
  const flags = ["-address", "127.0.0.1", "-port", String(port)];
  const { file, args } = otpProgram(otp, "epmd", flags);
  const child = spawn(file, args, { stdio: "ignore" });
  for (;;) {
    try {
      await lookUp(port, request("z", "nobody"));
      return { child, port };
    } catch {
      if (child.exitCode !== null) throw new Error("the C epmd did not start");
    }
  }
}

function started(child, port) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stderr.on("data", (chunk) => {
      text += chunk;
      if (text.includes("entering")) resolve({ child, port });
    });
    child.once("exit", () => reject(new Error(`the epmd has ended: ${text}`)));
  });
}

async function lookupRows(servers, rounds, quick) {
  const tasks = new Map();
  const cpu = new Map();
  for (const [whose, { port, child }] of servers) {
    const node = await register(port, "rabbit", 25672);
    node.unref();
    for (const [way, atOnce, count] of [
      ["sequential", 1, quick ? 500 : 1500],
      ["parallel", 50, quick ? 1500 : 4000],
    ]) {
      const key = `${whose} ${way}`;
      cpu.set(key, []);
      await lookUps(port, 300, atOnce);
      tasks.set(key, async () => {
        const before = cpuOf(child.pid);
        const perSecond = await lookUps(port, count, atOnce);
        cpu.get(key).push((cpuOf(child.pid) - before) / count);
        return perSecond;
      });
    }
  }
  const figures = await interleaved(tasks, rounds);
  const row = (way, name, least) =>
    rowOf({
      name: `epmd look-ups, ${name}`,
      unit: "/s",
      values: figures.get(`ours ${way}`),
      ...beside(figures.get(`c ${way}`)),
      ...(figures.has(`c ${way}`) ? { least } : {}),
      why: "the runtime needs about twice the CPU of C to accept, answer and close a socket",
    });
  const cpuRow = (way, name) =>
    rowOf({
      name: `epmd CPU of the server per look-up, ${name}`,
      unit: "us",
      values: cpu.get(`ours ${way}`),
      ...beside(cpu.get(`c ${way}`)),
    });
  return [
    row("sequential", "one after another", 0.6),
    row("parallel", "50 at once", 0.85),
    cpuRow("sequential", "one after another"),
    cpuRow("parallel", "50 at once"),
  ];
}

async function registrationRows(servers, rounds, quick) {
  const tasks = new Map();
  for (const [whose, { port }] of servers) {
    tasks.set(`${whose} kept`, () => keepNodes(port, KEPT));
    tasks.set(`${whose} dropped`, () => dropNodes(port, quick ? 300 : 600));
  }
  const figures = await interleaved(tasks, rounds);
  const row = (way, name, least) =>
    rowOf({
      name: `epmd registrations, ${name}`,
      unit: "/s",
      values: figures.get(`ours ${way}`),
      ...beside(figures.get(`c ${way}`)),
      ...(figures.has(`c ${way}`) && least !== undefined ? { least } : {}),
    });
  return [row("kept", `${KEPT} kept open`, 1.3), row("dropped", "each dropped at once")];
}

/** As many nodes as no C daemon holds, and what look-ups and memory are with them. */
async function manyRows({ port, child }, empty, quick) {
  const count = quick ? 1500 : 4000;
  const without = [];
  for (let round = 0; round < 3; round += 1) without.push(await lookUps(port, count, 50));
  const nodes = [];
  for (let index = 0; index < MANY; index += 1) nodes.push(await register(port, `node${index}`, 1));
  const withMany = [];
  for (let round = 0; round < 3; round += 1) withMany.push(await lookUps(port, count, 50));
  const full = memoryOf(child.pid).now;
  await Promise.all(nodes.map(closed));
  return [
    rowOf({ name: "epmd nodes at once", unit: "nodes", values: [nodes.length], least: MANY }),
    rowOf({
      name: `epmd look-ups with ${MANY} nodes, 50 at once`,
      unit: "/s",
      values: withMany,
      beside: without,
      to: "without them",
      least: 0.75,
    }),
    rowOf({ name: "epmd memory, empty", unit: "MB", values: [empty / MB] }),
    rowOf({ name: `epmd memory, ${MANY} nodes`, unit: "MB", values: [full / MB] }),
  ];
}

function beside(figures) {
  return figures === undefined ? {} : { beside: figures, to: C };
}

function request(code, name) {
  const body = Buffer.from(`${code}${name}`);
  const framed = Buffer.alloc(2 + body.length);
  framed.writeUInt16BE(body.length);
  body.copy(framed, 2);
  return framed;
}

function alive(name, port) {
  const nameBytes = Buffer.from(name);
  const fixed = Buffer.from([0x78, port >> 8, port & 255, 77, 0, 0, 6, 0, 5, 0, nameBytes.length]);
  const body = Buffer.concat([fixed, nameBytes, Buffer.from([0, 0])]);
  return Buffer.concat([Buffer.from([body.length >> 8, body.length & 255]), body]);
}

/** One look-up over a connection of its own. */
function lookUp(port, asked) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    let good = false;
    socket.once("error", reject);
    socket.on("data", (reply) => {
      good ||= reply[0] === 119;
    });
    socket.once("close", () => (good ? resolve() : reject(new Error("no answer"))));
    socket.write(asked);
  });
}

/** Look-ups a second. */
async function lookUps(port, count, atOnce) {
  const asked = request("z", "rabbit");
  let left = count;
  const started = performance.now();
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await lookUp(port, asked);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return (count * 1000) / (performance.now() - started);
}

function register(port, name, nodePort) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("error", reject);
    socket.once("data", (reply) => {
      if (reply[1] === 0) resolve(socket);
      else reject(new Error(`${name} was refused`));
    });
    socket.write(alive(name, nodePort));
  });
}

/** Registrations a second, all kept until the last; closing them is not counted. */
async function keepNodes(port, count) {
  const nodes = [];
  const started = performance.now();
  for (let index = 0; index < count; index += 1) nodes.push(await register(port, `k${index}`, 1));
  const perSecond = (count * 1000) / (performance.now() - started);
  await Promise.all(nodes.map(closed));
  return perSecond;
}

/** Registrations a second, each dropped before the next. */
async function dropNodes(port, count) {
  const started = performance.now();
  for (let index = 0; index < count; index += 1) await closed(await register(port, "d", 1));
  return (count * 1000) / (performance.now() - started);
}

function closed(socket) {
  return new Promise((resolve) => {
    socket.once("close", resolve);
    socket.end();
  });
}

/** Microseconds of CPU a process has had. */
function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

if (import.meta.url === `file://${process.argv[1]}`) {
  printRows(await run({ quick: process.argv.includes("--quick") }));
}
