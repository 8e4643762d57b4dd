// The main job, on real input: two nodes find each other through epmd, shake hands and talk, both
// ways. The other node is a real Erlang one where `erl` is installed.
//
//   node examples/demo.mjs           runs, tells what happens, ends
//   node examples/demo.mjs --stay    stays, and prints how to talk to it from erl and iex
//   node examples/demo.mjs --tls     the same over TLS: both sides show certificates and check them
import { randomBytes } from "node:crypto";
import { atom, atoms, float, genRequest, isTaggedTuple, reply, startNode, t } from "disterl";
import {
  ImproperList,
  TermMap,
  equalTerms,
  formatTerm,
  BitString,
  ExternalFun,
} from "disterl/term";
import { completeNodeName } from "disterl/node";
import { Certificates } from "./demo/certificates.mjs";
import { startErlang, startSecondNode } from "./demo/other-node.mjs";
import { sayTls, turnStrangerAway } from "./demo/tls.mjs";
import { fail, heading, say, step } from "./demo/transcript.mjs";

const words = process.argv.slice(2);
const unknown = words.find((word) => word !== "--stay" && word !== "--tls");
if (unknown !== undefined) {
  const help = unknown === "--help" || unknown === "-h";
  console.error(
    `${help ? "" : `${unknown}: no such option; `}usage: npm start -- [--tls] [--stay]`,
  );
  process.exit(help ? 0 : 2);
}
const stay = words.includes("--stay");
const isTls = words.includes("--tls");
// Hexadecimal: a cookie that begins with "-" would be a flag to erl.
const cookie = randomBytes(16).toString("hex");

const everyKind = [
  atoms.ok,
  true,
  42,
  -1,
  2n ** 100n,
  1.5,
  float(1),
  float(-0),
  new Uint8Array([1, 2, 255]),
  "text",
  new BitString(new Uint8Array([0b10100000]), 3),
  [1, 2, 3],
  [],
  new ImproperList([1], 2),
  t(atoms.error, t()),
  new TermMap([
    [1, "one"],
    [float(1), "one point zero"],
  ]),
  new ExternalFun(atom("lists"), atom("map"), 2),
];

// However the program ends, its certificates and the other node go with it.
const interrupted = () => process.exit(130);
const terminated = () => process.exit(143);
process.once("SIGINT", interrupted).once("SIGTERM", terminated);
process.stdout.on("error", () => process.exit(1)); // nobody reads any more
process.on("uncaughtException", (error) => {
  fail(error);
  process.exit(1);
});

heading("start");
const { full: name, host } = completeNodeName("demo", "shortnames");
const otherName = `other_demo_${process.pid}@${host}`;
const visitor = `me@${host}`;
const certificates = isTls ? new Certificates() : undefined;
if (isTls) {
  await step("tls", "disterl cert makes a CA, and a certificate for each node", () =>
    certificates.make("the CA of this demo", [name, otherName, visitor]),
  );
}
const node = await step("node", "starting a node named demo", () =>
  startNode({ name, cookie, tls: certificates?.tls(name) }),
);
say(`it is ${node.name}, creation ${node.creation}, and listens on 127.0.0.1:${node.address.port}`);
const echo = node.spawn({
  name: "echo",
  onMessage(message, self) {
    const call = genRequest(message);
    if (call?.kind !== "call" || !isTaggedTuple(call.request, "echo", 2)) return;
    reply(self, call.from, call.request[1]);
  },
});
everyKind.push(echo.pid);

const other = await step("peer", "starting the other node", async () => {
  const erlang = await startErlang(node, otherName, cookie, certificates);
  return erlang ?? startSecondNode(otherName, cookie, certificates);
});
say(`it is ${other.name}: ${other.kind}`);

let failed = false;
try {
  await connect();
  await talk();
} catch (error) {
  failed = true;
  fail(error);
}
if (stay && !failed) {
  process.off("SIGINT", interrupted).off("SIGTERM", terminated);
  heading("staying");
  const flags = [`-setcookie ${cookie}`, ...(certificates?.flags(visitor) ?? [])].join(" ");
  say(`From Erlang:  erl -sname me ${flags}`);
  say(`              1> net_adm:ping('${node.name}').`);
  say(`              2> gen_server:call({echo, '${node.name}'}, {echo, hello}).`);
  const erl = isTls ? ` --erl "${certificates.flags(visitor).join(" ")}"` : "";
  say(`From Elixir:  iex --sname me --cookie ${cookie}${erl}`);
  say(`              iex> GenServer.call({:echo, :"${node.name}"}, {:echo, "hello"})`);
  say(
    isTls
      ? "Ctrl-C ends it. The cookie and the certificates are for this run only."
      : "Ctrl-C ends it. The cookie is for this run only; it keeps strangers out, it encrypts nothing.",
  );
  await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
}
await other.stop();
await node.stop();
certificates?.remove();
process.exitCode = failed ? 1 : 0;

async function connect() {
  heading("connect");
  const layers = isTls ? "epmd, TCP, TLS, cookie" : "epmd, TCP, cookie";
  const peer = await step("handshake", `demo dials ${other.name}: ${layers}`, () =>
    node.connect(other.name),
  );
  say(`epmd gave port ${peer.address.port}; creation of the peer ${peer.creation}`);
  say(`flags agreed: ${peer.flags.join(" ")}`);
  say(`the connection is ${peer.hidden ? "hidden" : "visible"}`);
  if (peer.tls !== undefined) {
    sayTls(peer, host);
    await turnStrangerAway(node, cookie);
  }
  const ping = await step("ping", "ping, as net_adm:ping does", () => node.ping(other.name));
  say(`pong after ${ping.roundTripMs.toFixed(2)} ms`);
}

async function talk() {
  heading("messages");
  const inbox = node.spawn({ name: "inbox" });
  const to = { name: "mirror", node: other.name };
  const mirror = await step("send", "to a registered name, and the answer to our pid", async () => {
    node.send(to, t(inbox.pid, atom("hello")));
    const answer = await inbox.receive({ timeout: 5000 });
    say(`answer: ${formatTerm(answer)}`);
    return answer[0];
  });
  await step("send", "to the pid that answered", async () => {
    node.send(mirror, t(inbox.pid, atom("again")));
    say(`answer: ${formatTerm(await inbox.receive({ timeout: 5000 }))}`);
  });

  heading("calls");
  await step("call", "gen_server:call from us", async () => {
    const answer = await node.call({ name: "server", node: other.name }, t(atom("double"), 21));
    say(`server answers ${formatTerm(answer)}`);
  });
  await step("call", "gen_server:call to us", async () => {
    say(`echo answered ${await other.callUs(node.name)}`);
  });
  if (other.exposesFunctions) {
    await step("erpc", "erpc: lists:seq(1, 5) over there", async () => {
      say(formatTerm(await node.erpc(other.name, "lists", "seq", [1, 5])));
    });
  }
  await step("rpc", "rpc: what goes wrong over there is a badrpc term", async () => {
    const result = await node.rpc(other.name, "no_such_module", "f", [1]);
    say(formatTerm(result, { pretty: true, maxChars: 70 }));
  });

  heading("terms");
  await step("echo", `${everyKind.length} kinds of term there and back`, async () => {
    const back = await node.call({ name: "server", node: other.name }, t(atom("echo"), everyKind));
    if (!equalTerms(back, everyKind)) throw new Error(`came back as ${formatTerm(back)}`);
    say(formatTerm(back));
  });

  heading("the end");
  await step("nodedown", "the other node is killed, and we notice", async () => {
    const events = node.status();
    await other.kill();
    for await (const event of events) {
      if (event.type !== "nodedown") continue;
      say(`nodedown ${event.node}: ${event.reason}`);
      return;
    }
  });
}
