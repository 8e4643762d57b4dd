import { type From, genRequest, reply, TO_WHO_ASKED } from "../otp/gen.ts";
import type { Process } from "../process/process.ts";
import { type Atom, atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import { isTuple, t } from "../term/tuple.ts";
import { type FunctionServices, runFor } from "./run-for.ts";
import { spawnFlags } from "./spawn-options.ts";
import { spawnEnds } from "./spawn-server.ts";

const IS_AUTH = atom("is_auth");
const YES = atom("yes");
const SPAWN = atom("spawn");
const SPAWN_LINK = atom("spawn_link");
const SPAWN_OPT = atom("spawn_opt");
const LINK = atom("link");

interface OldSpawn {
  readonly module: Term;
  readonly function: Term;
  readonly args: Term;
  readonly options: Term;
  readonly link: boolean;
  readonly groupLeader: Term;
}

/**
 * The process registered as `net_kernel`, as far as other nodes see it: it answers `net_adm:ping/1`,
 * and the spawns of nodes that have no spawn request of their own. Anything else gets no answer, as
 * in OTP (kernel NK-20 to NK-25).
 *
 *     {is_auth, Node}                              yes
 *     {spawn | spawn_link, M, F, Args, GL}         Pid
 *     {spawn_opt, M, F, Args, Opts, link | no_link, GL}
 *                                                  Pid | {'EXIT', {badarg | not_allowed, []}}
 */
export function netKernelServer(services: FunctionServices, self: Process) {
  return (message: Term, peer: Atom): void => {
    const call = genRequest(message);
    if (call?.kind !== "call") return;
    const { request, from } = call;
    if (isTuple(request, 2) && request[0] === IS_AUTH) return answer(self, from, YES);
    const spawn = oldSpawn(request);
    if (spawn !== undefined) answerSpawn(services, self, from, spawn, peer);
  };
}

function answerSpawn(
  services: FunctionServices,
  self: Process,
  from: From,
  { module, function: fun, args, options, link, groupLeader }: OldSpawn,
  peer: Atom,
): void {
  const [caller] = from;
  const refuse = (reason: Atom): void => answer(self, from, t(atoms.EXIT, t(reason, [])));
  // A link is with the process that asked, which has to be one of the node that asks.
  if (spawnFlags(options) === undefined || (link && caller.node !== peer)) {
    return refuse(atoms.badarg);
  }
  const call = { operation: "spawn", module, function: fun, args } as const;
  const error = runFor(services, peer, call, {
    ended: spawnEnds(services.processes, args),
    caller,
    node: peer,
    groupLeader: groupLeader instanceof Pid ? groupLeader : self.pid,
    started: (process) => {
      if (link) process.link(caller);
      answer(self, from, process.pid);
    },
  });
  if (error !== undefined) refuse(error);
}

function answer(self: Process, from: From, result: Term): void {
  reply(self, from, result, TO_WHO_ASKED);
}

function oldSpawn(request: Term): OldSpawn | undefined {
  if (isTuple(request, 5) && (request[0] === SPAWN || request[0] === SPAWN_LINK)) {
    const [kind, module, fun, args, groupLeader] = request;
    const link = kind === SPAWN_LINK;
    return { module, function: fun, args, options: [], link, groupLeader };
  }
  if (!isTuple(request, 7) || request[0] !== SPAWN_OPT) return undefined;
  const [, module, fun, args, options, link, groupLeader] = request;
  return { module, function: fun, args, options, link: link === LINK, groupLeader };
}
