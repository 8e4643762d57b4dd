import { expect, test } from "vitest";
import type { ExposedCall } from "./cluster/exposed-call.ts";
import { withCall } from "./cluster/exposed-functions.ts";
import type { Node } from "./node.ts";
import { call } from "./otp/gen.ts";
import { atom, atoms } from "./term/atom.ts";
import { Pid } from "./term/pid.ts";
import type { Reference } from "./term/reference.ts";
import type { Term } from "./term/term.ts";
import { t } from "./term/tuple.ts";
import type { Cluster } from "./testing/cluster/cluster.ts";
import type { ClusterNodeSettings } from "./testing/cluster/cluster-options.ts";
import { startCluster } from "./testing/cluster/start-cluster.ts";

/** What peers that know the cookie may try with a node. */
async function scene(
  options: ClusterNodeSettings = {},
): Promise<{ cluster: Cluster; ours: Node; peer: Node }> {
  const cluster = await startCluster({ seed: 7, settings: { output: () => {} } });
  const ours = await cluster.start({ ...options, name: "ours@a" });
  const peer = await cluster.start("peer@b");
  await cluster.run(peer.connect("ours@a"));
  return { cluster, ours, peer };
}

const at = (name: string) => ({ name, node: "ours@a" });

test("a policy holds for what a service is asked to pass on to another", async () => {
  const policy = { peers: "*", functions: ["m:open"] };
  const { cluster, ours, peer } = await scene({ policy });
  const ran: string[] = [];
  ours.expose("m", { open: () => void ran.push("open"), shut: () => void ran.push("shut") });
  const denied = ours.status();
  const inbox = peer.spawn();
  const from = t(inbox.pid, atom("tag"));
  for (const fun of ["open", "shut"]) {
    const what = [atom("m"), atom(fun), [], atom("user")] as const;
    const requests: [string, Term][] = [
      ["rex", t(atom("$gen_cast"), t(atom("cast"), ...what))],
      ["rex", t(atom("$gen_call"), from, t(atom("call"), ...what))],
      ["net_kernel", t(atom("$gen_call"), from, t(atom("spawn"), ...what))],
    ];
    for (const [name, request] of requests) {
      inbox.send(at("rex"), t(inbox.pid, t(atom("sbcast"), atom(name), request)));
      inbox.send(at(name), request);
    }
  }
  await cluster.advance(100);
  expect(ran).toEqual(["open", "open", "open"]);
  expect((await denied.next()).value).toMatchObject({ type: "denied", peer: "peer@b" });
});

test("a process that a policy protects is not ended through its alias", async () => {
  const policy = { peers: "*", names: ["open"] };
  const { cluster, ours, peer } = await scene({ policy });
  const inbox = peer.spawn({ name: "inbox" });
  for (const name of ["open", "shut"]) {
    const self = ours.spawn({ name });
    self.send({ name: "inbox", node: "peer@b" }, self.alias());
  }
  await cluster.advance(100);
  for (const alias of inbox.messages()) inbox.exitSignal(alias as Reference, atoms.kill);
  await cluster.advance(100);
  expect([ours.whereis("open"), ours.whereis("shut") !== undefined]).toEqual([undefined, true]);
});

test("nobody calls in the name of a process of another node", async () => {
  const { cluster, ours, peer } = await scene();
  const callers: (Pid | undefined)[] = [];
  ours.expose("m", { who: withCall(({ caller }: ExposedCall) => void callers.push(caller)) });
  const inbox = peer.spawn();
  const request = t(atom("call"), atom("m"), atom("who"), [], atom("user"));
  const elsewhere = new Pid(atom("trusted@c"), 1, 0, 5);
  for (const pid of [inbox.pid, elsewhere, ours.whereis("rex") as Pid]) {
    inbox.send(at("rex"), t(pid, request));
    inbox.send(at("rex"), t(atom("$gen_call"), t(pid, 1), request));
    const spawn = t(atom("spawn"), atom("m"), atom("who"), [], pid);
    inbox.send(at("net_kernel"), t(atom("$gen_call"), t(pid, 1), spawn));
  }
  await cluster.advance(100);
  expect(callers.map((caller) => caller?.node.text)).toEqual([
    ...["peer@b", "peer@b", "peer@b"],
    ...Array.from({ length: 6 }, () => undefined),
  ]);
});

test("nobody makes a node connect to others by asking in their names", async () => {
  const { cluster, ours, peer } = await scene();
  ours.expose("m", { f: () => 1 });
  const events: string[] = [];
  void (async () => {
    for await (const event of ours.status()) events.push(event.type);
  })();
  const inbox = peer.spawn();
  const elsewhere = new Pid(atom("x@elsewhere"), 1, 0, 5);
  const mfa = [atom("m"), atom("f"), [], atom("user")] as const;
  inbox.send(at("rex"), t(elsewhere, atom("features_request")));
  inbox.send(at("rex"), t(elsewhere, t(atom("sbcast"), atom("nobody"), 1)));
  inbox.send(at("rex"), t(elsewhere, t(atom("call"), ...mfa)));
  inbox.send(at("rex"), t(atom("$gen_call"), t(elsewhere, 1), t(atom("call"), ...mfa)));
  for (const request of [t(atom("is_auth"), 1), t(atom("spawn"), ...mfa)]) {
    inbox.send(at("net_kernel"), t(atom("$gen_call"), t(elsewhere, 1), request));
  }
  inbox.send(at("user"), t(atom("io_request"), elsewhere, 1, atom("getopts")));
  inbox.send(at("rex"), t(inbox.pid, atom("features_request")));
  await cluster.advance(1000);
  expect(events).toEqual([]);
  expect(inbox.messageQueueLength).toBe(1);
});

test("nobody has functions called on other nodes by printing in their names", async () => {
  const { cluster, ours, peer } = await scene();
  const other = await cluster.start("other@c");
  await cluster.run(ours.connect("other@c"));
  const ran: string[] = [];
  for (const node of [ours, peer, other]) {
    node.expose("io_lib", { format: () => (ran.push(node.name), "text") });
  }
  const inbox = peer.spawn();
  const format = t(atom("put_chars"), atom("unicode"), atom("io_lib"), atom("format"), []);
  for (const from of [other.whereis("rex"), ours.whereis("rex"), inbox.pid]) {
    inbox.send(at("user"), t(atom("io_request"), from as Pid, 1, format));
    inbox.send(at("user"), t(atom("io_request"), from as Pid, 2, t(atom("requests"), [format])));
  }
  await cluster.advance(100);
  expect(ran).toEqual(["peer@b", "peer@b"]);
  expect(inbox.messages()).toHaveLength(2);
});

test("no message is too large for the services of a node to live on", async () => {
  const { cluster, ours, peer } = await scene({ limits: { mailboxBytes: 10_000 } });
  const inbox = peer.spawn({ name: "inbox" });
  ours.send({ name: "inbox", node: "peer@b" }, 1);
  const answer = ours.call({ name: "inbox", node: "peer@b" }, 2);
  await cluster.advance(100);
  const [, request] = inbox.messages();
  const [, [caller]] = request as unknown as [Term, [Pid]];
  const large = new Uint8Array(100_000);
  for (const to of [caller, at("user"), at("rex"), at("net_kernel")]) inbox.send(to, large);
  await cluster.advance(100);
  inbox.exit();
  await expect(cluster.run(answer)).rejects.toMatchObject({ code: "ERR_CALL_EXITED" });
  expect(ours.registered().map(String).sort()).toEqual(
    expect.arrayContaining(["net_kernel", "rex", "user"]),
  );
  const self = peer.spawn();
  expect(await cluster.run(call(self, at("net_kernel"), t(atom("is_auth"), 1)))).toEqual(
    atom("yes"),
  );
  await cluster.run(ours.ping("peer@b"));
});

test("of a node that stopped no timer is left", async () => {
  const { cluster, ours } = await scene();
  const self = ours.spawn();
  self.sendAfter(3_600_000, "somebody", 1);
  self.startTimer(3_600_000, self.pid, 2);
  expect(cluster.pendingTimers("ours@a")).toBeGreaterThan(0);
  await cluster.run(ours.stop());
  // The last words of a connection have their time.
  await cluster.advance(2000);
  expect(cluster.pendingTimers("ours@a")).toBe(0);
});
