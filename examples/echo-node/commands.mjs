import { atom, atoms, CallError, ErlangError, isMatch, isTuple, match, t } from "disterl";
import { call } from "disterl/otp";
import { badarg, destination, expected } from "./arguments.mjs";
import { spawnRequest } from "./spawn-request.mjs";

const { pid, reference, atom: anAtom, boolean, integer, list } = match;
const DONE = atom("done");
const GEN_SERVER_CALL = [atom("gen_server"), atom("call")];
const INFINITY = atom("infinity");
const NODE_TYPE = match.oneOf(
  ...["visible", "hidden", "connected", "this", "known"].map((text) => atom(text)),
);

/**
 * Obeys the commands of a worker, each with the result of Erlang's function of that name: an atom, or
 * a tuple of an atom and arguments. Those two that have to do with the worker's own loop, `mailbox` and
 * `die`, are in worker.mjs.
 */
export function commands(node, self) {
  const functions = { ...processes(self, node), ...names(self, node), ...nodes(self, node) };
  return (command) => {
    const [name, ...args] = isTuple(command) ? command : [command];
    const fun = `${String(name)}/${args.length}`;
    if (!Object.hasOwn(functions, fun)) throw new ErlangError(atom("function_clause"));
    return functions[fun](...args);
  };
}

/** Links, monitors, exit signals, messages. */
function processes(self, node) {
  return {
    "self/0": () => self.pid,
    "link/1": (to) => {
      const other = expected(pid, to);
      // As in Erlang: who does not trap exits is told at once of a process that is missing here.
      if (!self.trapExit && isMissing(self, node, other)) throw new ErlangError(atoms.noproc);
      self.link(other);
      return true;
    },
    "unlink/1": (to) => {
      self.unlink(expected(pid, to));
      return true;
    },
    "monitor/1": (to) => self.monitor(destination(to, pid)),
    "demonitor/1": (ref) => self.demonitor(ownReference(self, ref)),
    "demonitor_flush/1": (ref) => self.demonitor(ownReference(self, ref), { flush: true }),
    "exit/2": (to, reason) => {
      self.exitSignal(expected(pid, to), reason);
      return true;
    },
    "trap_exit/1": (on) => {
      const before = self.trapExit;
      self.trapExit = expected(boolean, on);
      return before;
    },
    "send/2": (to, message) => send(self, node, to, message),
    "send_many/2": (to, count) => {
      for (let i = 1; i <= expected(integer, count); i++) send(self, node, to, t(atom("n"), i));
      return send(self, node, to, DONE);
    },
    "spawn_request/5": (...args) => spawnRequest(self, ...args),
    "call/3": (...args) => genServerCall(self, node, ...args),
    "alias/0": () => self.alias(),
    "unalias/1": (ref) => self.unalias(expected(reference, ref)),
    "group_leader/1": (leader) => {
      self.setGroupLeader(expected(pid, leader), self.pid);
      return true;
    },
    "get_group_leader/0": () => self.groupLeader,
  };
}

/** Registered names. */
function names(self, node) {
  return {
    "register/1": (name) => {
      node.register(expected(anAtom, name), self.pid);
      return true;
    },
    "unregister/1": (name) => {
      node.unregister(expected(anAtom, name));
      return true;
    },
    "whereis_remote/2": async (name, where) => {
      const { text } = expected(anAtom, where);
      if (text === node.name) return node.whereis(name) ?? atoms.undefined;
      return node.rpc(text, "erlang", "whereis", [name]);
    },
  };
}

/** Other nodes. */
function nodes(self, node) {
  return {
    "nodes/1": (types) => {
      const wanted = isMatch(types, list) ? types : [types];
      return node.nodes(wanted.map((type) => expected(NODE_TYPE, type).text)).map(atom);
    },
    "monitor_node/2": (name, on) => {
      self.monitorNode(expected(anAtom, name), expected(boolean, on));
      return true;
    },
    "disconnect/1": (name) => isMatch(name, anAtom) && node.disconnect(name),
  };
}

/** A name here that nobody has is an error; elsewhere, what is sent to it is lost. */
function send(self, node, to, message) {
  const address = destination(to, match.oneOf(pid, reference));
  if (isMatch(address, anAtom) && node.whereis(address) === undefined) badarg();
  self.send(address, message);
  return message;
}

/** A process of this run of this node that has ended. Those of earlier runs are like remote ones. */
function isMissing(self, node, other) {
  const own = other.node === self.pid.node && other.creation === self.pid.creation;
  return own && node.processInfo(other) === undefined;
}

function ownReference(self, term) {
  const ref = expected(reference, term);
  return ref.node === self.pid.node ? ref : badarg();
}

/** `{reply, Reply}`, or `{exit, Reason}` with the reasons that `gen_server:call/3` exits with. */
async function genServerCall(self, node, server, request, time) {
  const timeout = time === INFINITY ? Infinity : Number(expected(integer, time));
  const to = destination(server, pid);
  const exit = (reason) => t(atoms.exit, t(reason, t(...GEN_SERVER_CALL, [server, request, time])));
  if (isSelf(self, node, to)) return exit(atom("calling_self"));
  try {
    return t(atom("reply"), await call(self, to, request, { timeout }));
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const lost = error.code === "ERR_CALL_NO_CONNECTION";
    return exit(lost ? t(atom("nodedown"), to.node) : error.reason);
  }
}

/** It would wait for itself for ever. */
function isSelf(self, node, to) {
  if (isMatch(to, pid)) return to.equals(self.pid);
  const { name = to, node: where = self.pid.node } = to;
  return where === self.pid.node && node.whereis(name)?.equals(self.pid) === true;
}
