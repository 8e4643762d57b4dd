// The other side of the demo: a real Erlang node, or a second disterl node where Erlang is missing.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { atom, genRequest, isTaggedTuple, isTuple, reply, startNode, t } from "disterl";
import { formatTerm } from "disterl/term";

// mirror answers {From, Msg} with {self(), Msg}; server speaks gen_server's protocol. The node ends with
// its standard input, and so with this program, whatever ends that.
const program = `
  spawn(fun() -> io:get_line(""), halt(0) end),
  register(mirror, spawn(fun Loop() ->
    receive {From, Msg} -> From ! {self(), Msg} end, Loop() end)),
  register(server, spawn(fun Loop() ->
    receive
      {'$gen_call', From, {double, N}} -> gen_server:reply(From, 2 * N);
      {'$gen_call', From, {echo, Term}} -> gen_server:reply(From, Term);
      {'$gen_call', From, {call, Node}} ->
        gen_server:reply(From, gen_server:call({echo, Node}, {echo, hello}))
    end, Loop() end)),
  io:format("READY ~s ~s~n", [node(), erlang:system_info(otp_release)]).`;

/** Starts `erl`; undefined when there is none, or none with TLS where that is asked for. */
export async function startErlang(node, name, cookie, certificates) {
  if (certificates !== undefined && !hasTls()) return undefined;
  const env = { ...process.env, ERL_AFLAGS: `-setcookie ${cookie}`, ERL_CRASH_DUMP_BYTES: "0" };
  const flags = certificates?.flags(name) ?? [];
  // epmd runs already, for our node; one that Erlang starts would stay.
  const args = ["-sname", name, "-start_epmd", "false", ...flags, "-noshell", "-eval", program];
  const child = spawn("erl", args, { env, stdio: ["pipe", "pipe", "inherit"] });
  process.once("exit", () => child.kill("SIGKILL"));
  const started = await Promise.race([
    once(child, "error").then(() => false),
    once(child, "spawn").then(() => true),
  ]);
  if (!started) return undefined;
  const release = await ready(child);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return {
    name,
    kind: `real Erlang/OTP ${release}`,
    exposesFunctions: true,
    stop,
    kill: stop,
    callUs: callUs(node, name),
  };
}

/** Erlang comes without its ssl application on some systems. */
function hasTls() {
  const ask = "halt(case code:which(inet_tls_dist) of non_existing -> 1; _ -> 0 end).";
  return spawnSync("erl", ["-noinput", "-eval", ask]).status === 0;
}

async function ready(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, , release] = line.split(" ");
    if (word === "READY") return release;
  }
  throw new Error("erl ended before its node was up: is the name or the port of epmd taken?");
}

/** Asks the server over there to call our process `echo`. */
function callUs(node, name) {
  return async () =>
    formatTerm(await node.call({ name: "server", node: name }, t(atom("call"), atom(node.name))));
}

/** A second node of ours, in this process. */
export async function startSecondNode(name, cookie, certificates) {
  const other = await startNode({ name, cookie, tls: certificates?.tls(name) });
  other.spawn({
    name: "mirror",
    onMessage(message, self) {
      if (isTuple(message, 2)) self.send(message[0], t(self.pid, message[1]));
    },
  });
  const server = other.spawn({
    name: "server",
    onMessage: (message, self) => serve(other, message, self),
  });
  const stop = () => other.stop();
  return {
    name: other.name,
    kind: `a second disterl node, since there is no \`erl\`${certificates === undefined ? "" : " with TLS"} on this machine`,
    exposesFunctions: false,
    stop,
    kill: stop,
    callUs: async (name) =>
      formatTerm(await other.call({ name: "echo", node: name }, t(atom("echo"), server.pid))),
  };
}

/** The server of the second node: as the one in Erlang above. */
async function serve(node, message, self) {
  const call = genRequest(message);
  if (call?.kind !== "call") return;
  const { from, request } = call;
  if (isTaggedTuple(request, "double", 2)) reply(self, from, 2 * Number(request[1]));
  else if (isTaggedTuple(request, "echo", 2)) reply(self, from, request[1]);
  else if (isTaggedTuple(request, "call", 2)) {
    const echo = { name: "echo", node: request[1] };
    reply(self, from, await node.call(echo, t(atom("echo"), atom("hello"))));
  }
}
