import type { Node, Process } from "disterl";
import { atom, atoms, isMatch, match, t } from "disterl";
import { formatTerm, type Pid } from "disterl/term";
import type { OtpNode } from "disterl/testing";

/** A process of ours that is tied to one of Erlang in every way, and what it has heard of its end. */
export interface Witness {
  readonly process: Process;
  /** The process there; it lives until its node ends. */
  readonly there: Pid;
  /** In the order of arrival: `link: noconnection`. */
  readonly heard: string[];
  /** What became of the calls that waited: their codes. */
  readonly calls: Promise<string[]>;
}

/** What a witness hears when the connection is lost, sorted: each once. */
export const LOST = [
  "link: noconnection",
  "monitor of a name: noconnection",
  "monitor of a pid: noconnection",
  "node: nodedown",
];
/** And what becomes of its calls. */
export const CALLS_LOST = ["ERR_CALL_NO_CONNECTION", "ERR_CALL_NO_CONNECTION"];

const { any } = match;
const EXIT = t(atoms.EXIT, any, any);
const DOWN_NAME = t(atoms.DOWN, any, any, match.tuple, any);
const DOWN_PID = t(atoms.DOWN, any, any, any, any);
const NODEDOWN = t(atom("nodedown"), any);

export async function witness(ours: Node, otp: OtpNode): Promise<Witness> {
  await otp.eval(
    "register(witnessed, spawn(fun F() -> receive {whoami, P} -> P ! {i_am, self()}, F(); stop -> ok end end))",
  );
  const heard: string[] = [];
  const process = ours.spawn({
    trapExit: true,
    onMessage: (message) => {
      if (isMatch(message, EXIT)) heard.push(`link: ${formatTerm(message[2])}`);
      else if (isMatch(message, DOWN_NAME))
        heard.push(`monitor of a name: ${formatTerm(message[4])}`);
      else if (isMatch(message, DOWN_PID))
        heard.push(`monitor of a pid: ${formatTerm(message[4])}`);
      else if (isMatch(message, NODEDOWN)) heard.push("node: nodedown");
      else heard.push(formatTerm(message));
    },
  });
  const there = await pidOf(ours, "witnessed", otp.nodeName);
  const name = { name: "witnessed", node: otp.nodeName };
  process.link(there);
  process.monitor(there);
  process.monitor(name);
  process.monitorNode(otp.nodeName, true);
  const calls = Promise.all([
    codeOf(ours.call(name, atom("never_answered"), { timeout: 120_000 })),
    codeOf(ours.erpc(otp.nodeName, "timer", "sleep", [120_000])),
  ]);
  await ours.ping(otp.nodeName);
  return { process, there, heard, calls };
}

/** The pid of a process there that answers `{whoami, Pid}` with `{i_am, self()}`. */
export async function pidOf(ours: Node, name: string, node: string): Promise<Pid> {
  const asks = ours.spawn();
  asks.send({ name, node }, t(atom("whoami"), asks.pid));
  const [, pid] = await asks.receive(t(atom("i_am"), match.pid), { timeout: 5000 });
  asks.exit();
  return pid;
}

/** The code of the error that a promise is rejected with. */
export function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no error",
    (error: unknown) => String((error as { code?: unknown }).code),
  );
}

/** Makes the evaluator of an Erlang node note what it hears of a worker of ours, in every way. */
export const ERLANG_WITNESS = `
  process_flag(trap_exit, true),
  W = gen_server:call({ctl, NODE}, spawn_worker),
  register(worker_there, spawn(fun() -> receive after infinity -> ok end end)),
  put(worker, W),
  link(W),
  monitor(process, W, [{tag, by_pid}]),
  monitor(process, {echo, NODE}, [{tag, by_name}]),
  true = monitor_node(NODE, true),
  ok = net_kernel:monitor_nodes(true, [nodedown_reason, {node_type, all}]),
  Me = self(),
  spawn(fun() -> Me ! {call, try gen_server:call(W, never_answered, 120000) catch exit:{R, _} -> R end} end),
  pong = net_adm:ping(NODE), ok`;

/**
 * What it noted, sorted: `{link, noconnection}`, `{by_pid, noconnection}`, … It waits for 30 seconds for
 * the six things there are to be noted, and a moment for more.
 */
export const ERLANG_HEARD = `
  (fun F(Heard) -> receive
    {'EXIT', _, Why} -> F([{link, Why} | Heard]);
    {by_pid, _, process, _, Why} -> F([{by_pid, Why} | Heard]);
    {by_name, _, process, _, Why} -> F([{by_name, Why} | Heard]);
    {nodedown, _} -> F([monitor_node | Heard]);
    {nodedown, _, Info} -> F([{nodedown, proplists:get_value(nodedown_reason, Info)} | Heard]);
    {call, Why} -> F([{call, element(1, Why)} | Heard])
  after if length(Heard) < 6 -> 30000; true -> 300 end -> lists:sort(Heard) end end)([])`;
