/** What is done again and again between two peers: functions that do it for some time, and give a rate. */
import { calibrated } from "../rounds.mjs";
import { cpuOf } from "./process-figures.mjs";

/** The CPU of one message or call, in microseconds, at both ends, one figure for each time. */
export function emptyCost() {
  return { from: [], to: [] };
}

/** Does `doing` `count` times, and notes what each cost. Gives how many in a second. */
async function costing([from, to], doing, count, cost) {
  const before = { from: cpuOf(from.pid), to: cpuOf(to.pid) };
  const { us } = await doing(count);
  cost.from.push((cpuOf(from.pid) - before.from) / count);
  cost.to.push((cpuOf(to.pid) - before.to) / count);
  return (count / us) * 1e6;
}

/** A task that sends messages one way for about `ms` milliseconds. */
export async function sending(pair, { command = "send", ...send }, ms, cost = emptyCost()) {
  const [from, to] = pair;
  const doing = (count) => from.ask(command, { to: to.name, ...send, count });
  const count = await calibrated(doing, ms);
  return () => costing(pair, doing, count, cost);
}

/** A task in which `callers` make calls at once, each one after another. */
export async function calling(pair, { callers, ...call }, ms, cost = emptyCost()) {
  const [from, to] = pair;
  const doing = (count) => from.ask("calls", { to: to.name, callers, count, ...call });
  const most = Math.max(callers, await calibrated(doing, ms, callers));
  return () => costing(pair, doing, most - (most % callers), cost);
}

/**
 * Bare sockets between two processes: `stream` moves so many bytes and gives bytes per microsecond,
 * `echo` sends 64 bytes there and back so many times.
 */
export async function bareSockets(peers, settings) {
  const [listening, dialling] = await Promise.all([peers.socket(settings), peers.socket(settings)]);
  const port = await listening.ask("listen");
  return {
    stream: async (bytes) => bytes / (await dialling.ask("stream", { port, bytes })).us,
    echo: (count) => dialling.ask("echo", { port, count }),
  };
}

/** How many bytes a bare socket carries in about `ms` milliseconds. */
export async function bytesFor(stream, ms) {
  await stream(16 * 2 ** 20);
  return Math.round((await stream(64 * 2 ** 20)) * ms * 1000);
}
