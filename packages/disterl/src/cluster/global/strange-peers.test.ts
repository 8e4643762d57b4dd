import { expect, test } from "vitest";
import { record } from "../../../../../test/node-events.ts";
import type { Node } from "../../node.ts";
import { atom } from "../../term/atom.ts";
import { ExternalFun } from "../../term/fun.ts";
import { ImproperList } from "../../term/list.ts";
import { Pid } from "../../term/pid.ts";
import type { Term } from "../../term/term.ts";
import { t } from "../../term/tuple.ts";
import type { Cluster } from "../../testing/cluster/cluster.ts";
import { startCluster } from "../../testing/cluster/start-cluster.ts";

const visible = { settings: { hidden: false }, latencyMs: [1, 10] } as const;

/** A peer that speaks for itself: its own name server is passive. */
async function withScript(): Promise<{
  cluster: Cluster;
  a: Node;
  say: (message: Term) => Promise<void>;
  pid: Pid;
}> {
  const cluster = await startCluster({ ...visible, nodes: ["a"] });
  const b = await cluster.start({ name: "b", hidden: false, connectAll: false });
  const a = cluster.node("a");
  const { pid } = b.spawn();
  await cluster.run(b.connect("a@cluster"));
  const say = async (message: Term): Promise<void> => {
    b.send({ name: "global_name_server", node: "a@cluster" }, message);
    await cluster.advance(500);
  };
  return { cluster, a, say, pid };
}

const cast = (message: Term): Term => t(atom("$gen_cast"), message);

test("a peer that speaks version 7 has no tags in lock_set, and is merged with", async () => {
  const { cluster, a, say, pid } = await withScript();
  const node = pid.node;
  const ours = a.spawn();
  await cluster.run(a.global.register("ours", ours));
  const locker = t(atom("locker"), atom("no_longer_a_pid"), [], pid);
  await say(cast(t(atom("init_connect"), t(7, 99), node, locker)));
  expect(a.global.info.pending).toEqual([node.text]);
  await say(cast(t(atom("lock_set"), pid, true, [])));
  const method = new ExternalFun(atom("global"), atom("random_exit_name"), 3);
  await say(cast(t(atom("exchange"), node, [t("theirs", pid, method)], [], 1)));
  await say(cast(t(atom("resolved"), node, [], [], atom("unused"), [], 1)));
  expect(a.global.info).toMatchObject({ known: [node.text], synced: [node.text], pending: [] });
  expect(a.global.whereis("theirs")).toEqual(pid);
  await cluster.advance(1000);
  expect(a.global.info.locks).toBe(0);
  await cluster.close();
});

test("what is malformed, or not from who it says, changes nothing", async () => {
  const { cluster, a, say, pid } = await withScript();
  const crashes = record(a);
  const ours = a.spawn();
  await cluster.run(a.global.register("ours", ours));
  const before = a.global.info;
  const other = atom("c@cluster");
  const tags = ["init_connect", "init_connect_ack", "cancel_connect", "exchange", "resolved"];
  const more = ["new_nodes", "in_sync", "lock_set", "lost_connection", "remove_connection"];
  const junk: Term[] = [1, [], "x", pid, t(), t(1, 2), new ImproperList([1], 2), atom("x"), true];
  for (const tag of [...tags, ...more, "DOWN", "EXIT", "nodedown", "whereis"]) {
    for (let arity = 0; arity < 8; arity++) {
      for (const value of [...junk, other]) {
        const message = t(atom(tag), ...new Array<Term>(arity).fill(value));
        await say(arity % 2 === 0 ? message : cast(message));
      }
    }
  }
  const from = t(pid, 1);
  const calls = ["set_lock", "del_lock", "register", "register_ext", "unregister", "sync", "stop"];
  for (const tag of [...calls, "registrar", "disconnect", "info", "get_known"]) {
    for (const value of junk) {
      for (const length of [0, 1, 3, 4]) {
        const request = t(atom(tag), ...new Array<Term>(length).fill(value));
        await say(t(atom("$gen_call"), from, length === 0 ? atom(tag) : request));
      }
    }
  }
  for (const message of [...junk, t(atom("$gen_call"), 1, 2)]) await say(message);
  // In the name of a third one.
  await say(cast(t(atom("in_sync"), other, true)));
  await say(t(atom("remove_connection"), other));
  const third = t(atom("locker"), atom("no_longer_a_pid"), [], pid);
  await say(cast(t(atom("init_connect"), t(8, 1), other, third)));
  await say(cast(t(atom("new_nodes"), other, [t(atom("delete"), "ours")], [], [], [])));
  expect(crashes.filter(({ type }) => type === "crash")).toEqual([]);
  expect(a.global.info).toEqual(before);
  expect(a.global.whereis("ours")).toEqual(ours.pid);
  await cluster.close();
});

test("nobody asks in the name of another node", async () => {
  const { cluster, a, say, pid } = await withScript();
  await cluster.run(a.global.register("ours", a.spawn()));
  const strangers = [new Pid(atom("c@cluster"), 1, 0, 1), a.spawn().pid];
  for (const stranger of strangers) {
    const calls = [t(atom("unregister"), "ours"), t(atom("set_lock"), t(atom("global"), 1))];
    for (const call of calls) await say(t(atom("$gen_call"), t(stranger, 1), call));
  }
  expect(a.global.info).toMatchObject({ names: 1, locks: 0 });
  await say(t(atom("$gen_call"), t(pid, 1), t(atom("unregister"), "ours")));
  expect(a.global.names()).toEqual([]);
  await cluster.close();
});
