// A visible node of ours in a process of its own, to be frozen and killed:
//   node global-member.mjs name cookie epmdPort peer [hold]
// Says "ready" once it has merged with the peer; with "hold", "held" once it has the lock under which
// all names are changed, which it keeps.
import { atom, startNode, t } from "disterl";

const [name, cookie, epmdPort, peer, hold] = process.argv.slice(2);
const node = await startNode({
  name,
  cookie,
  hidden: false,
  epmd: { port: Number(epmdPort), start: false },
});
await node.connect(peer);
await node.global.sync();
await node.global.register(`of ${name}`, node.spawn());
process.stdout.write("ready\n");
if (hold === "hold") {
  await node.global.setLock(t(atom("global"), node.spawn().pid));
  process.stdout.write("held\n");
}
