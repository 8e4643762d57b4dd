/**
 * The processes of a node of ours that others talk to: each as a callback, and (`receiving_…`) as a
 * body that awaits `receive()`.
 */
import { atom, genRequest, reply, t } from "disterl";

export const WHO = atom("who");
export const EXPECT = atom("expect");
const HERE = atom("here");
const DONE = atom("done");
export const PING = atom("ping");
export const PONG = atom("pong");
export const VICTIM = atom("victim");
const SYNC = atom("sync");

export function startServers(node) {
  spawnSink(node);
  node.spawn(receivingSink, { name: "receiving_sink" });
  node.spawn({ name: "echo", onMessage: echo });
  node.spawn(receiving(echo), { name: "receiving_echo" });
  node.spawn({ name: "server", onMessage: serve });
  node.spawn(receiving(serve), { name: "receiving_server" });
  node.spawn({ name: "victims", onMessage: (message, self) => spawnVictim(node, message, self) });
  node.expose("bench_peer", { same: (term) => term });
}

/** Counts what comes, and says so at the end. */
function spawnSink(node) {
  let left = 0;
  let count = 0;
  let waiting;
  node.spawn({
    name: "sink",
    onMessage(message, sink) {
      if (left > 0) {
        if (--left === 0) sink.send(waiting, t(DONE, count));
      } else if (message[0] === EXPECT) {
        [, waiting, count] = message;
        left = count;
      } else {
        answerWho(message, sink);
      }
    },
  });
}

async function receivingSink(sink) {
  for (;;) {
    const message = await sink.receive();
    if (message[0] !== EXPECT) {
      answerWho(message, sink);
      continue;
    }
    for (let left = message[2]; left > 0; left--) await sink.receive();
    sink.send(message[1], t(DONE, message[2]));
  }
}

/** A body that does with each message what the callback does. */
function receiving(onMessage) {
  return async (self) => {
    for (;;) onMessage(await self.receive(), self);
  };
}

function echo(message, process) {
  if (message[0] === PING) process.send(message[1], PONG);
  else answerWho(message, process);
}

function answerWho(message, process) {
  if (message[0] === WHO) process.send(message[1], t(process.pid, HERE));
}

function serve(message, server) {
  const request = genRequest(message);
  if (request?.kind === "call") reply(server, request.from, request.request);
}

/** One that others link and monitor: it says that all of this has come, and ends when told. */
function spawnVictim(node, [, from], self) {
  const victim = node.spawn({
    onMessage(message, victim) {
      if (message[0] === SYNC) victim.send(message[1], SYNC);
      else victim.exit(message);
    },
  });
  self.send(from, t(VICTIM, victim.pid));
}
