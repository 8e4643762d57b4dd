/** However a node ends: its port is free again, and epmd knows it no more. */
import { once } from "node:events";
import { createServer } from "node:net";
import { startNode } from "disterl";
import { EpmdClient, startEpmdServer } from "disterl/epmd";
import { freePort, type OtpNode, startCEpmd, startOtpNode } from "disterl/testing";
import { expect } from "vitest";
import { listening, pidOf, registered, startEcho } from "./isolation-setup.ts";
import { COOKIE } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";
import { OurProgram } from "./our-programs.ts";

/** It ends in the way its first argument says when it gets SIGUSR2. */
const ENDING_NODE = "programs/ending-node.mjs";

const LOOPBACK = ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"];

/** Somebody else can listen there. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** What Erlang's own look at epmd shows. */
const namesOf = (otp: OtpNode): Promise<string> =>
  otp.eval("{ok, Names} = net_adm:names(localhost), lists:sort([Name || {Name, _} <- Names])");

/** How a program ends, and with what status or signal. */
const ENDS: readonly [how: string, status: number | string][] = [
  ["stop", 0],
  ["exit", 3],
  ["throw", 1],
  ["reject", 1],
  ["abort", "SIGABRT"],
  ["SIGKILL", "SIGKILL"],
];

forEachOtp((release, test) => {
  for (const whose of ["theirs", "ours"] as const) {
    const epmdOf = async (): Promise<AsyncDisposable & { port: number }> => {
      if (whose === "theirs") return startCEpmd({ release });
      const server = await startEpmdServer({ port: 0, addresses: ["127.0.0.1"] });
      return { port: server.port, [Symbol.asyncDispose]: () => server.close() };
    };

    test(
      "the harness",
      `isolation: every end of a program gives port and name back (epmd: ${whose})`,
      async () => {
        await using epmd = await epmdOf();
        await using otp = await startOtpNode({
          ...{ release, nameType: "short", cookie: COOKIE, epmdPort: epmd.port, name: "otp" },
        });
        const port = await freePort();
        const flags = [
          ...["-sname", "ending@localhost", "-setcookie", COOKIE, "-start_epmd", "false"],
          ...[...LOOPBACK, "-kernel", "inet_dist_listen_min", String(port)],
        ];
        const env = { ERL_EPMD_PORT: String(epmd.port) };
        for (const [how, status] of ENDS) {
          await using program = new OurProgram(ENDING_NODE, [how, ...flags], env);
          await program.waitFor(/^READY /m);
          expect(await namesOf(otp)).toBe('["ending","otp"]');
          expect(await otp.eval("net_adm:ping('ending@localhost')")).toBe("pong");
          if (how.startsWith("SIG")) program.child.kill(how as NodeJS.Signals);
          else program.child.kill("SIGUSR2");
          expect(await program.ended, how).toBe(status);
          expect(await isFree(port), how).toBe(true);
          await expect.poll(() => namesOf(otp), { timeout: 10_000 }).toBe('["otp"]');
          await expect.poll(() => otp.eval("nodes()"), { timeout: 10_000 }).toBe("[]");
        }
        // And distribution that ends while the program goes on.
        await using program = new OurProgram(ENDING_NODE, ["netKernelStop", ...flags], env);
        await program.waitFor(/^READY /m);
        program.child.kill("SIGUSR2");
        await program.waitFor(/^ENDED/m);
        expect(await namesOf(otp)).toBe('["otp"]');
        expect(listening(pidOf(program))).toEqual([]);
        expect(await isFree(port)).toBe(true);
      },
      120_000,
    );
  }

  test("the harness", "isolation: SIGTERM and SIGINT end the example cleanly", async () => {
    await using epmd = await startCEpmd({ release });
    const env = { ERL_EPMD_PORT: String(epmd.port) };
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      await using echo = await startEcho(["-sname", "echo@localhost", ...LOOPBACK], env);
      expect(await registered(epmd.port)).toEqual(["echo"]);
      echo.child.kill(signal);
      expect(await echo.ended).toBe(0);
      expect(await registered(epmd.port)).toEqual([]);
    }
  });

  test("the harness", "isolation: a start that fails half-way leaves nothing behind", async () => {
    await using epmd = await startCEpmd({ release });
    await using otp = await startOtpNode({
      ...{ release, nameType: "short", cookie: COOKIE, epmdPort: epmd.port, name: "taken" },
    });
    const port = await freePort();
    const start = (name: string, at: number) =>
      startNode({
        ...{ name: `${name}@localhost`, cookie: COOKIE, listen: { port: at } },
        epmd: { port: epmd.port, start: false },
      });
    // The listener is there before the name is refused.
    await expect(start("taken", port)).rejects.toThrow(
      expect.objectContaining({ code: "ERR_EPMD_NAME_TAKEN" }),
    );
    expect(await isFree(port)).toBe(true);
    expect(await namesOf(otp)).toBe('["taken"]');
    // And no name is registered where there is no port.
    const other = createServer().listen(port, "127.0.0.1");
    await once(other, "listening");
    await expect(start("fresh", port)).rejects.toThrow(
      expect.objectContaining({ code: "ERR_CARRIER_ADDRESS_IN_USE" }),
    );
    expect(await namesOf(otp)).toBe('["taken"]');
    other.close();
    // The program can go on with another try.
    await using node = await start("fresh", port);
    expect(await namesOf(otp)).toBe('["fresh","taken"]');
    expect(node.address?.port).toBe(port);
  });

  test(
    "both ways",
    "isolation: the node whose epmd all use ends, and the next one has another",
    async () => {
      const port = await freePort();
      const env = { ERL_EPMD_PORT: String(port), ERL_EPMD_ADDRESS: "127.0.0.1" };
      await using first = await startEcho(["-sname", "first@localhost", ...LOOPBACK], env);
      await using second = await startEcho(["-sname", "second@localhost", ...LOOPBACK], env);
      await using otp = await startOtpNode({
        ...{ release, nameType: "short", cookie: COOKIE, epmdPort: port, name: "otp" },
      });
      expect(await namesOf(otp)).toBe('["first","otp","second"]');
      first.child.kill("SIGTERM");
      expect(await first.ended).toBe(0);
      await expect
        .poll(() => registered(port).catch(() => []), { timeout: 20_000 })
        .toEqual(["otp", "second"]);
      expect(await otp.eval("net_adm:ping('second@localhost')")).toBe("pong");
      await using client = new EpmdClient({ port });
      expect(await client.lookup("otp", "127.0.0.1")).toBeDefined();
      second.child.kill("SIGKILL");
      await second.ended;
      expect(await isFree(port)).toBe(true);
    },
    90_000,
  );
});
