import { expect, test } from "vitest";
import { atom, atoms } from "../../term/atom.ts";
import { t } from "../../term/tuple.ts";
import type { Cluster } from "../../testing/cluster/cluster.ts";
import { seededRandom } from "../../testing/cluster/seeded-random.ts";
import { startCluster } from "../../testing/cluster/start-cluster.ts";

const NODES = ["a", "b", "c", "d"];
const NAMES = ["n1", "n2", "n3"].map((name) => atom(name));

/** Does something to somebody, drawn from the seed. */
async function step(cluster: Cluster, random: () => number): Promise<void> {
  const pick = <T>(items: readonly T[]): T => items[random() % items.length] as T;
  const name = pick(NODES);
  const other = pick(NODES.filter((one) => one !== name));
  const node = cluster.node(name);
  const key = pick(NAMES);
  switch (random() % 9) {
    case 0:
    case 1:
      void node.global
        .register(key, node.spawn(), {
          resolve: pick(["random_exit_name", "random_notify_name", "notify_all_name"] as const),
        })
        .catch(() => {});
      break;
    case 2:
      // Undisturbed: half of it is not undone when the one that does it is cut off meanwhile.
      await cluster.run(node.global.unregister(key));
      break;
    case 3:
      void node.global
        .trans(t(atom("r"), node.spawn().pid), () => {}, { retries: 2 })
        .catch(() => {});
      break;
    case 4:
      cluster.cut(name, other);
      break;
    case 5:
      cluster.heal();
      break;
    case 6:
      void node.connect(`${other}@cluster`).catch(() => {});
      break;
    case 7:
      cluster.drop(name, other);
      break;
    default:
      if (random() % 4 === 0) await cluster.restart(name);
      else {
        const pid = node.global.whereis(key);
        if (pid !== undefined) node.spawn().exitSignal(pid, atoms.kill);
      }
  }
}

/** What has to be so once nothing happens any more: one mesh, the same names, nothing left over. */
function check(cluster: Cluster): void {
  const infos = NODES.map((name) => cluster.node(name).global);
  const full = NODES.map((name) => `${name}@cluster`);
  for (const [index, global] of infos.entries()) {
    const others = full.filter((_, at) => at !== index);
    expect(global.info.known.toSorted()).toEqual(others);
    expect(global.info.synced.toSorted()).toEqual(others);
    expect(global.info).toMatchObject({ pending: [], locks: 0 });
    const pids = NAMES.map((name) => global.whereis(name)?.toString());
    expect(pids).toEqual(NAMES.map((name) => infos[0]?.whereis(name)?.toString()));
  }
}

const SEEDS = Number(process.env["DISTERL_GLOBAL_SEEDS"] ?? 40);

test(
  `whatever happens to a mesh, in the end all have the same names (${SEEDS} seeds)`,
  async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        await run(seed);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  },
  3000 * SEEDS,
);

async function run(seed: number): Promise<void> {
  const random = seededRandom(seed);
  await using cluster = await startCluster({
    nodes: NODES,
    settings: { hidden: false },
    seed,
    latencyMs: [1, 30],
  });
  for (let i = 0; i < 40; i++) {
    await step(cluster, random);
    await cluster.advance(random() % 3 === 0 ? random() % 3000 : random() % 50);
  }
  cluster.heal();
  await cluster.advance(60_000);
  for (const name of NODES) {
    for (const other of NODES) {
      if (name < other) await cluster.run(cluster.node(name).connect(`${other}@cluster`));
    }
  }
  await cluster.advance(60_000);
  check(cluster);
}
