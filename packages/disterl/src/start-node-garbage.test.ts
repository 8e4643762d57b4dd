import { expect, test } from "vitest";
import { atom } from "./term/atom.ts";
import { ImproperList } from "./term/list.ts";
import { Pid } from "./term/pid.ts";
import type { Term } from "./term/term.ts";
import { TermMap } from "./term/term-map.ts";
import { t } from "./term/tuple.ts";
import { seededRandom } from "./testing/cluster/seeded-random.ts";
import { startCluster } from "./testing/cluster/start-cluster.ts";

const SERVICES = ["rex", "net_kernel", "user", "global_name_server"];
const WORDS = (
  "call block_call cast send sbcast features_request is_auth spawn spawn_link spawn_opt m f throws " +
  "odd waits link no_link user send_stdout_to_caller io_request put_chars unicode latin1 requests " +
  "getopts setopts $gen_call $gen_cast alias rex net_kernel erpc execute_call monitor io_lib format"
).split(" ");

/** Requests to the services of a node that are nearly right: here and there stands something else. */
function garbage(seed: number, pids: readonly Pid[], self: { alias(): Term }) {
  const random = seededRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[random() % items.length] as Item;
  const word = (...words: string[]): Term => atom(pick(words.length > 0 ? words : WORDS));
  const several = (depth: number): Term[] =>
    Array.from({ length: random() % 5 }, () => any(depth + 1));
  const any = (depth = 0): Term => {
    switch (random() % (depth > 3 ? 5 : 9)) {
      case 0:
        return word();
      case 1:
        return pick(pids);
      case 2:
        return self.alias();
      case 3:
        return pick<Term>([0, -1, 1.5, 2 ** 40, 10n ** 30n]);
      case 4:
        return pick<Term>(["text", "", []]);
      case 5:
        return new ImproperList([any(depth + 1)], word());
      case 6:
        return new TermMap([[word(), any(depth + 1)]]);
      case 7:
        return several(depth);
      default:
        return t(...several(depth));
    }
  };
  const or = (right: Term): Term => (random() % 6 === 0 ? any() : right);
  const mfa = (): Term[] => [
    or(atom("m")),
    or(word("f", "throws", "odd", "waits", "nothing")),
    or([any(), any()]),
  ];
  const leader = (): Term => or(pick<Term>([...pids, word("user", "send_stdout_to_caller")]));
  const from = (): Term => or(pick(pids));
  const gen = (request: Term): Term =>
    t(
      atom("$gen_call"),
      or(t(from(), or(new ImproperList([atom("alias")], self.alias())))),
      or(request),
    );
  const run = (...kinds: string[]): Term => t(word(...kinds), ...mfa(), leader());
  const message = (): Term =>
    pick([
      () => gen(run("call", "block_call", "spawn", "spawn_link")),
      () => gen(t(word("spawn_opt"), ...mfa(), or([word("link")]), or(word("link")), leader())),
      () => t(atom("$gen_cast"), or(run("cast"))),
      () => t(from(), or(run("call"))),
      () => t(from(), or(t(word("send", "sbcast"), or(word()), any()))),
      () => t(atom("io_request"), from(), any(), or(t(word("put_chars"), ...several(0)))),
      () => t(atom("io_request"), from(), any(), or(t(word("requests"), or(several(0))))),
      any,
    ])();
  const spawnArgs = (): Term[] => pick([() => mfa(), () => [self.alias(), ...mfa()], several])(0);
  return { message, spawnArgs, pick };
}

test("whatever the services of a node are asked, they live on, and dial nobody", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const cluster = await startCluster({ seed, settings: { output: () => {} } });
    const ours = await cluster.start("ours@a");
    const peer = await cluster.start("peer@b");
    await cluster.run(peer.connect("ours@a"));
    ours.expose("m", {
      f: (...args) => args.length,
      throws: () => {
        throw new Error("as it should");
      },
      odd: () => ({}) as never,
      waits: () => new Promise(() => {}),
    });
    const seen = new Set<string>();
    void (async () => {
      for await (const { type } of ours.status()) seen.add(type);
    })();
    const self = peer.spawn({ trapExit: true });
    const elsewhere = new Pid(atom("x@elsewhere"), 1, 0, 5);
    const pids = [self.pid, elsewhere, ours.whereis("rex"), ours.whereis("user")] as Pid[];
    const { message, spawnArgs, pick } = garbage(seed, pids, self);
    for (let i = 0; i < 300; i++) {
      self.send({ name: pick(SERVICES), node: "ours@a" }, message());
      const [module, fun] = pick<[string, string]>([
        ["m", "f"],
        ["erpc", "execute_call"],
        ["erpc", "execute_cast"],
      ]);
      const options = { link: pick([true, false]), monitor: pick([true, false]) };
      self.spawnRequest("ours@a", module, fun, spawnArgs(), options);
    }
    await cluster.advance(20_000);
    const quiet = new Set(["crash", "denied"]);
    expect(
      [...seen].filter((type) => !quiet.has(type)),
      `seed ${seed}`,
    ).toEqual([]);
    expect(SERVICES.filter((name) => ours.whereis(name) === undefined)).toEqual([]);
    const answer = peer.rpc("ours@a", "m", "f", [1, 2]);
    expect(await cluster.run(answer), `seed ${seed}`).toBe(2);
    await cluster.run(ours.stop());
  }
});
