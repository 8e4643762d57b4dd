/**
 * Both dial at the same time, again and again: row R07 of the reliability table. The greater name wins
 * such a race, so it is run with ours as the smaller and as the greater one.
 */
import { setImmediate } from "node:timers/promises";
import { expect } from "vitest";
import { spawnEcho, startPair } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";

const ROUNDS = 500;

const WAIT_ALONE = `(fun F(0) -> error(still_connected);
  F(N) -> case nodes(connected) of [] -> alone; _ -> receive after 1 -> F(N - 1) end end end)(5000)`;

/** A timer is too coarse for it. */
async function pass(ms: number): Promise<void> {
  const until = performance.now() + ms;
  while (performance.now() < until) await setImmediate();
}

forEachOtp((release, test) => {
  for (const [name, order] of [
    ["aaa", "smaller"],
    ["zzz", "greater"],
  ] as const) {
    test(
      "both ways",
      `fault: both dial at once, ours is the ${order} name`,
      async () => {
        const ourName = `${name}_${process.pid}@localhost`;
        await using pair = await startPair(release, { ours: { name: ourName } });
        const { ours, otp } = pair;
        spawnEcho(ours);
        const seen = { nodeup: 0, nodedown: 0, dialled: 0, races: 0, other: [] as string[] };
        void (async () => {
          for await (const event of ours.status()) {
            if (event.type === "nodeup" || event.type === "nodedown") seen[event.type]++;
            // What the loser of a race has begun is refused, or given up by itself.
            else if (event.type === "refused") seen.races++;
            else seen.other.push(event.type);
            if (event.type === "nodeup" && event.dialled) seen.dialled++;
          }
        })();
        // The moment of our dial, after theirs or before it, hunts for the one at which neither is first.
        let delay = 0;
        for (let round = 1; round <= ROUNDS; round++) {
          const before = seen.dialled;
          if (delay < 0) void ours.connect(otp.nodeName);
          if (delay < 0) await pass(-delay);
          const theirs = otp.eval(`{net_kernel:connect_node('${ourName}'), nodes(connected),
            gen_server:call({echo, '${ourName}'}, {echo, ${round}})}`);
          if (delay > 0) await pass(delay);
          await ours.connect(otp.nodeName);
          expect(await theirs).toBe(`{true,[${ourName}],${round}}`);
          await ours.ping(otp.nodeName);
          expect(ours.nodes("connected")).toEqual([otp.nodeName]);
          delay += (seen.dialled > before ? 0.5 : -0.5) * Math.random();
          ours.disconnect(otp.nodeName);
          expect(await otp.eval(WAIT_ALONE)).toBe("alone");
        }
        // One connection a round, and nobody has won them all.
        expect(seen).toMatchObject({ nodeup: ROUNDS, nodedown: ROUNDS, other: [] });
        expect(seen.dialled).toBeGreaterThan(0);
        expect(seen.dialled).toBeLessThan(ROUNDS);
        if (order === "greater") expect(seen.races).toBeGreaterThan(0);
      },
      120_000,
    );
  }
});
