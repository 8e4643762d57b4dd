/**
 * epmd is killed, restarted, robbed, frozen: rows R09 to R12 of the reliability table. All at once,
 * each with an epmd of its own.
 */
import { EpmdClient } from "disterl/epmd";
import { type CEpmd, type OtpNode, startCEpmd, startOtpNode } from "disterl/testing";
import { expect, vi } from "vitest";
import { DeadlineClock } from "../deadline-clock.ts";
import { codeOf } from "./fault-witness.ts";
import { nextStatus, startOurs } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";

const COOKIE = "a_cookie_for_tests_only";
const TEST_MS = 60_000;

/** Tests that run at once have no `expect.poll`. */
const waitFor = (holds: () => unknown) => vi.waitFor(holds, { timeout: 20_000, interval: 50 });

forEachOtp(
  (release, test) => {
    const erlang = (epmd: CEpmd, name?: string): Promise<OtpNode> =>
      startOtpNode({
        ...{ release, nameType: "short", cookie: COOKIE, epmdPort: epmd.port, name },
      });
    const ourNode = (epmd: CEpmd, name: string) => startOurs(epmd.port, { cookie: COOKIE, name });

    test(
      "both ways",
      "fault: epmd is killed and comes back",
      async () => {
        const epmd = await startCEpmd({ release });
        await using otp = await erlang(epmd, "theirs@localhost");
        await using late = await erlang(epmd, "late@localhost");
        await using ours = await ourNode(epmd, "ours@localhost");
        await ours.ping(otp.nodeName);
        const { creation } = ours;
        const events = ours.status();
        const epmdEvents: string[] = [];
        void (async () => {
          for await (const event of events) if (event.type === "epmd") epmdEvents.push(event.event);
        })();
        await epmd.kill();
        await waitFor(() => expect(epmdEvents).toContain("lost"));

        // What is connected stays so; who is not cannot be found.
        await ours.ping(otp.nodeName);
        const began = performance.now();
        expect(await codeOf(ours.connect(late.nodeName))).toBe("ERR_CONNECT_NO_EPMD");
        expect(await otp.eval("net_adm:ping('late@localhost')")).toBe("pang");
        expect(performance.now() - began).toBeLessThan(3000);

        await using again = await startCEpmd({ release, port: epmd.port });
        await using client = new EpmdClient({ port: again.port });
        const names = async () =>
          (await client.names("127.0.0.1")).map(({ name }) => name).toSorted();
        await waitFor(async () => expect(await names()).toEqual(["late", "ours", "theirs"]));
        await waitFor(() => expect(epmdEvents.at(-1)).toBe("reregistered"));
        expect(ours.creation).toBe(creation);
        await ours.ping(late.nodeName);
        ours.disconnect(otp.nodeName);
        await waitFor(async () => expect(await otp.eval("nodes(hidden)")).toBe("[]"));
        expect(await otp.eval("net_adm:ping('ours@localhost')")).toBe("pong");
      },
      TEST_MS,
    );

    test(
      "both ways",
      "fault: another takes the name while epmd is away",
      async () => {
        const epmd = await startCEpmd({ release });
        await using otp = await erlang(epmd);
        // Our next try waits until the thief was there.
        const clock = new DeadlineClock();
        const settings = { cookie: COOKIE, name: "robbed@localhost", clock };
        await using ours = await startOurs(epmd.port, settings);
        await ours.ping(otp.nodeName);
        const events = ours.status();
        const next = () => clock.passUntil(nextStatus(events, "epmd"));
        await epmd.kill();
        await using again = await startCEpmd({ release, port: epmd.port });
        await using thief = new EpmdClient({ port: again.port });
        const stolen = await thief.register("robbed", 9);
        for (;;) {
          const { event, error } = await next();
          if (event !== "name_lost") continue;
          expect(String(error ?? "9")).toContain("9");
          break;
        }
        // Nobody hangs up on us for that, and the name comes back when it is free.
        await ours.ping(otp.nodeName);
        await stolen.unregister();
        for (;;) if ((await next()).event === "reregistered") break;
        expect((await thief.lookup("robbed", "127.0.0.1"))?.port).toBe(ours.address?.port);
      },
      TEST_MS,
    );

    test(
      "we dial",
      "fault: epmd hangs",
      async () => {
        await using epmd = await startCEpmd({ release });
        await using otp = await erlang(epmd);
        await using late = await erlang(epmd);
        await using ours = await ourNode(epmd, "ours@localhost");
        await ours.ping(otp.nodeName);
        process.kill(epmd.pid, "SIGSTOP");
        const began = performance.now();
        const [code, theirs] = await Promise.all([
          codeOf(ours.connect(late.nodeName)),
          otp.eval(`net_adm:ping('${late.nodeName}')`),
        ]);
        expect(code).toBe("ERR_CONNECT_NO_EPMD");
        expect(performance.now() - began).toBeGreaterThan(3000);
        expect(performance.now() - began).toBeLessThan(9000);
        expect(theirs).toBe("pang");
        await ours.ping(otp.nodeName);
        process.kill(epmd.pid, "SIGCONT");
        await ours.ping(late.nodeName);
      },
      TEST_MS,
    );
  },
  { concurrent: true },
);
