#!/usr/bin/env node
// A node that takes Erlang's own flags and echoes. This process is the node:
//
//   node examples/echo-node.mjs -sname echo -setcookie secret
//   node examples/echo-node.mjs -name echo@127.0.0.1 -hidden -kernel net_ticktime 8 \
//     -kernel inet_dist_use_interface '{127,0,0,1}' -allow app@127.0.0.1
//
//   node examples/echo-node.mjs -ping app@localhost -setcookie secret \
//     -proto_dist inet_tls -ssl_dist_optfile certs/me@localhost/inet_tls.conf
//
// Its process `echo` answers {From, Ref, Term} with {Ref, Term}, and
// gen_server:call({echo, Node}, {echo, Term}) with Term. Its process `ctl` hands out workers, which
// do what they are told: see ctl.mjs, worker.mjs and commands.mjs beside. SIGTERM or SIGINT stops it.
//
// Whom it refuses, and why, goes to standard error: the peer is told little.
//
// With `-ping Node` it is no such node: it prints pong and ends with status 0, or pang and the reason, and
// ends with status 1, within seconds. It needs no name then; see ping.mjs. `-help` shows the flags.
import { startNode } from "disterl";
import { importFlagModules, parseErlFlags, startOptionsFromFlags, valuesOf } from "disterl/flags";
import { ctl } from "./echo-node/ctl.mjs";
import { echo } from "./echo-node/echo.mjs";
import { ping } from "./echo-node/ping.mjs";
import { tellRefusals } from "./echo-node/refusals.mjs";
import { USAGE } from "./echo-node/usage.mjs";

async function main() {
  const argv = process.argv.slice(2);
  if (argv.some((word) => ["-h", "-help", "--help"].includes(word))) return console.log(USAGE);
  const given = parseErlFlags(argv);
  const [pinged] = valuesOf(given.flags, "ping");
  const flags = pinged === undefined ? given : parseErlFlags(["-dist_listen", "false", ...argv]);
  const { options, warnings } = startOptionsFromFlags(flags, await importFlagModules(flags));
  for (const warning of warnings) console.error(`echo-node: warning: ${warning}`);
  if (pinged === undefined) return serve(options);
  if (pinged.length !== 1) throw new Error("-ping: expected one node, name@host");
  const lines = await ping(options, pinged[0]);
  console.log(lines.join("\n"));
  process.exitCode = lines[0] === "pong" ? 0 : 1;
}

async function serve(options) {
  if (options.name === undefined || /^undefined(@|$)/.test(options.name)) {
    throw new Error(
      "a node that others call needs a name: -sname Name or -name Name@Host; see -help",
    );
  }
  const onWarning = (message, code) => console.error(`echo-node: warning: ${message} (${code})`);
  const node = await startNode({ ...options, onWarning });
  node.spawn({ name: "echo", onMessage: (message, self) => void echo(message, self) });
  node.spawn({ name: "ctl", onMessage: ctl(node) });
  void tellRefusals(node);

  // A node that does not listen has nothing else that keeps the program running.
  const alive = setInterval(() => {}, 2 ** 30);
  const stop = async () => {
    clearInterval(alive);
    await node.stop();
  };
  process.once("SIGTERM", () => void stop());
  process.once("SIGINT", () => void stop());

  console.log(`READY ${node.name}`);
}

try {
  await main();
} catch (error) {
  // The reason is what counts, not where in the library it was found.
  console.error(`echo-node: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
