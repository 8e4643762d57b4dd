import { genRequest, reply, TO_WHO_ASKED } from "../otp/gen.ts";
import type { Process } from "../process/process.ts";
import { Atom, atom, atoms } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import { isTuple, t, type Tuple } from "../term/tuple.ts";
import { exitReasonOf } from "../process/exceptions.ts";
import { type Outcome, unencodableReason } from "./function-processes.ts";
import { ioServer } from "./io-server.ts";
import { type FunctionCall, type FunctionServices, runFor } from "./run-for.ts";

const FEATURES_REQUEST = atom("features_request");
const FEATURES_REPLY = atom("features_reply");
const ERPC = atom("erpc");
const REX = atom("rex");
const REX_STDOUT = atom("rex_stdout");
const BADRPC = atom("badrpc");
const CALL = atom("call");
const BLOCK_CALL = atom("block_call");
const CAST = atom("cast");
const SEND = atom("send");
const SBCAST = atom("sbcast");
const NONEXISTING_NAME = atom("nonexisting_name");
const SEND_STDOUT_TO_CALLER = atom("send_stdout_to_caller");
const USER = atom("user");

/** `{call | block_call | cast, M, F, Args, GroupLeader}`. */
type Request = Tuple<[Term, Term, Term, Term, Term]>;

/** How the result of a function goes back. */
type Answer = (result: Term) => void;

/**
 * The process registered as `rex`, the server of `rpc`. New nodes use it for `block_call`, `sbcast`
 * and to ask what it can do; old ones, C nodes (`erl_call`) and Jinterface for every call
 * (kernel RP-4 to RP-11).
 *
 *     {'$gen_call', From, {call | block_call, M, F, Args, GL}}     Value | {badrpc, Reason}
 *     {'$gen_cast', {cast, M, F, Args, GL}}
 *     {From, {call, M, F, Args, GL}}        {rex, Value | {badrpc, Reason}}
 *     {From, {send, Name, Msg}}             {From, Msg} to Name; {rex, Node, {nonexisting_name, Name}}
 *     {From, {sbcast, Name, Msg}}           {rex, Node, Node | {nonexisting_name, Name}}
 *     {From, features_request}              {features_reply, Node, [erpc]}
 */
export class Rex {
  readonly #services: FunctionServices;
  readonly #self: Process;
  /** Settled when the last `block_call` is done: the next one waits for it. */
  #turn: Promise<void> = Promise.resolve();

  constructor(services: FunctionServices, self: Process) {
    this.#services = services;
    this.#self = self;
  }

  /** A message of a process of `peer`, whoever it says that it is from. */
  receive(message: Term, peer: Atom): void {
    const self = this.#self;
    const call = genRequest(message);
    if (call?.kind === "call") {
      const { request, from } = call;
      if (!isTuple(request, 5)) return;
      const answer = (result: Term): void => reply(self, from, result, TO_WHO_ASKED);
      if (request[0] === CALL) this.#run(request, peer, from[0], answer);
      else if (request[0] === BLOCK_CALL) this.#inTurn(request, peer, from[0], answer);
    } else if (call?.kind === "cast") {
      if (isTuple(call.request, 5) && call.request[0] === CAST) {
        this.#run(call.request, peer, undefined, () => {});
      }
    } else if (isTuple(message, 2) && message[0] instanceof Pid) {
      this.#plain(message[0], message[1], peer);
    }
  }

  #plain(from: Pid, request: Term, peer: Atom): void {
    const self = this.#self;
    if (request === FEATURES_REQUEST) {
      self.send(from, t(FEATURES_REPLY, self.pid.node, [ERPC]), TO_WHO_ASKED);
    } else if (isTuple(request, 5) && request[0] === CALL) {
      this.#run(request, peer, from, (result) => self.send(from, t(REX, result), TO_WHO_ASKED));
    } else if (isTuple(request, 3) && (request[0] === SBCAST || request[0] === SEND)) {
      const [kind, name, message] = request;
      const isThere = this.#sendOn(name, kind === SEND ? t(from, message) : message, peer);
      const answer = isThere ? self.pid.node : t(NONEXISTING_NAME, name);
      if (kind === SBCAST || !isThere) {
        self.send(from, t(REX, self.pid.node, answer), TO_WHO_ASKED);
      }
    }
  }

  /** To a name of this node, as if the peer had sent it: false when there is none. */
  #sendOn(name: Term, message: Term, peer: Atom): boolean {
    const { processes, policy, refusals } = this.#services;
    if (!(name instanceof Atom) && typeof name !== "boolean") return false;
    const process = processes.names.find(name);
    if (process === undefined) return false;
    const isOwn = peer === processes.identity.node;
    const isPermitted = isOwn || policy?.permitsProcess(peer, "send", process.names) !== false;
    // A service has to know which node asks it for something, and what goes through here is from us.
    if (isPermitted && (isOwn || !process.system)) {
      this.#self.send(name, message);
      return true;
    }
    const cause = isPermitted ? "service" : "policy";
    refusals.denied({ peer: peer.text, operation: "send", target: String(name), cause });
    return false;
  }

  /** A `block_call`: after the one before it. */
  #inTurn(request: Request, peer: Atom, from: Pid, answer: Answer): void {
    const turn = this.#turn;
    let done = (): void => {};
    const next = new Promise<void>((resolve) => {
      done = resolve;
    });
    const both = (result: Term): void => {
      done();
      answer(result);
    };
    this.#turn = next;
    this.#run(request, peer, from, both, turn);
  }

  #run(
    request: Request,
    peer: Atom,
    from: Pid | undefined,
    answer: Answer,
    turn?: Promise<void>,
  ): void {
    const [, module, fun, args, leader] = request;
    const call: FunctionCall = { operation: "call", module, function: fun, args };
    const output = this.#groupLeader(leader, from);
    const finish = (result: Term): void => {
      output.close();
      this.#answer(answer, result);
    };
    const error = runFor(this.#services, peer, call, {
      caller: from,
      node: peer,
      groupLeader: output.leader,
      ...(turn === undefined ? {} : { turn }),
      ended: (outcome) => {
        finish(rpcResult(outcome));
        return atoms.normal;
      },
    });
    if (error !== undefined) finish(t(BADRPC, t(atoms.EXIT, error)));
  }

  #answer(answer: Answer, result: Term): void {
    try {
      answer(result);
    } catch (error) {
      answer(t(BADRPC, t(atoms.EXIT, t(unencodableReason(error), []))));
    }
  }

  /** A pid, `user`, or `send_stdout_to_caller`: a process that sends what is printed to the caller. */
  #groupLeader(leader: Term, from: Pid | undefined): { leader: Term; close(): void } {
    const { processes } = this.#services;
    if (leader === SEND_STDOUT_TO_CALLER && from !== undefined) {
      const write = (text: string): void =>
        void this.#self.send(from, t(REX_STDOUT, text), TO_WHO_ASKED);
      const apply = (): Promise<Term> => Promise.reject(new Error("not there"));
      const proxy = processes.spawn({ system: true, onMessage: ioServer({ write, apply }) });
      return { leader: proxy.pid, close: () => proxy.exit() };
    }
    const pid = leader instanceof Pid ? leader : processes.names.whereis(USER);
    return { leader: pid ?? this.#self.pid, close: () => {} };
  }
}

/** As `rpc:call` gives it: a throw is a value, exit and error are `{badrpc, {'EXIT', Reason}}`. */
function rpcResult(outcome: Outcome): Term {
  if (outcome.class === "return") return outcome.value;
  if (outcome.class === "throw") return outcome.reason;
  return t(BADRPC, t(atoms.EXIT, exitReasonOf(outcome, outcome.stack)));
}
