import { atom, atoms, genRequest, reply, t } from "disterl";
import { worker } from "./worker.mjs";

/**
 * The process `ctl`, which hands out the others. Answers `gen_server:call(ctl, Request)`:
 *
 *     ping             pong
 *     spawn_worker     the pid of a fresh worker
 *     spawn_echo_pid   the pid of `echo`
 *     unique           {Pid, Ref, undefined}, of a process that has ended
 */
export function ctl(node) {
  const answers = new Map([
    [atom("ping"), () => atom("pong")],
    [atom("spawn_worker"), (self) => self.spawn(worker(node)).pid],
    [atom("spawn_echo_pid"), () => node.whereis("echo") ?? atoms.undefined],
    [atom("unique"), (self) => t(endedProcess(self), freshReference(self), atoms.undefined)],
  ]);
  return (message, self) => {
    const call = genRequest(message);
    if (call?.kind !== "call") return;
    const unknown = () => t(atoms.error, t(atom("unknown_request"), call.request));
    const answer = answers.get(call.request) ?? unknown;
    reply(self, call.from, answer(self));
  };
}

function endedProcess(self) {
  const child = self.spawn();
  child.exit();
  return child.pid;
}

/** An alias that is none any more. */
function freshReference(self) {
  const ref = self.alias();
  self.unalias(ref);
  return ref;
}
