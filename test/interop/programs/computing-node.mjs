// A node of ours in a process of its own, whose event loop stands still when it is told to:
//   node computing-node.mjs '{"name": …, options of startNode}' [peer to dial]
// Prints READY, its status events as "EVENT type node reason", and what it is about to do.
//
// `compute` obeys {block, From, Ms}: answers blocking, then computes; {flood, To, Pieces, Ms}: sends so
// many binaries of 10 KB and computes at once; {flood_and_wait, To, Pieces, Ms}: waits until all are on
// their way before. `collect` keeps what it gets, and answers {what, From} with {what, List}.
import { atom, isTaggedTuple, startNode, t } from "disterl";

const [options, peer] = process.argv.slice(2);
const node = await startNode(JSON.parse(options));

function compute(milliseconds) {
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    // Computing for 200 ms of each second is enough to be seen; the machine has other tests to run.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800);
    for (const pause = performance.now() + 200; performance.now() < pause; );
  }
  console.log("COMPUTED");
}

function pendingFor(to) {
  return node.peer(to.node).stats.pendingBytes;
}

function flood(self, to, pieces) {
  const piece = Buffer.alloc(10_000, 1);
  for (let count = 0; count < pieces; count++) self.send(to, piece);
  self.send(to, atom("last"));
  console.log(`PENDING ${pendingFor(to)}`);
}

const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

node.spawn({
  name: "compute",
  async onMessage(message, self) {
    if (isTaggedTuple(message, "block", 3)) {
      self.send(message[1], atom("blocking"));
      compute(Number(message[2]));
    } else if (isTaggedTuple(message, "flood", 4)) {
      flood(self, message[1], Number(message[2]));
      compute(Number(message[3]));
    } else if (isTaggedTuple(message, "flood_and_wait", 4)) {
      flood(self, message[1], Number(message[2]));
      while (pendingFor(message[1]) > 0) await later(1);
      console.log(`PENDING ${pendingFor(message[1])}`);
      compute(Number(message[3]));
    } else if (isTaggedTuple(message, "who", 2)) {
      self.send(message[1], t(atom("here"), self.pid));
    } else if (message === atom("stop")) {
      await node.stop();
      console.log("STOPPED");
    }
  },
});

let kept = [];
node.spawn({
  name: "collect",
  onMessage(message, self) {
    if (!isTaggedTuple(message, "what", 2)) {
      kept.push(message);
      return;
    }
    self.send(message[1], t(atom("what"), kept));
    kept = [];
  },
});

const events = node.status();
if (peer !== undefined) await node.connect(peer);
console.log("READY");
for await (const event of events) {
  console.log("EVENT", event.type, event.node ?? "", event.reason ?? event.code ?? "");
}
