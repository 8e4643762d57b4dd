import { connect } from "node:net";
import {
  freePort,
  OtpEvalError,
  type OtpNode,
  type OtpNodeOptions,
  startCEpmd,
  startOtpNode,
  TestingError,
} from "disterl/testing";
import { afterAll, beforeAll, expect } from "vitest";
import { forEachOtp } from "./otp.ts";

forEachOtp((otp, test) => {
  const cookie = "otp-node-test";
  let epmd: Awaited<ReturnType<typeof startCEpmd>>;
  let node: OtpNode;

  function start(options: Partial<OtpNodeOptions> = {}): Promise<OtpNode> {
    return startOtpNode({
      release: otp,
      nameType: "short",
      cookie,
      epmdPort: epmd.port,
      ...options,
    });
  }

  beforeAll(async () => {
    epmd = await startCEpmd({ release: otp });
    node = await start();
  });
  afterAll(async () => {
    await node?.stop();
    await epmd?.stop();
  });

  test("the harness", "an Erlang node evaluates expressions", async () => {
    expect(node.release).toBe(otp.release);
    expect(node.nodeName).toMatch(/^otp\d+_[0-9a-f]{8}@localhost$/);
    expect(await node.eval("node()")).toBe(
      node.nodeName.includes("-") ? `'${node.nodeName}'` : node.nodeName,
    );
    expect(await node.eval('X = "ÄЖ😀", {X, length(X)}')).toContain("ÄЖ😀");
    expect(await node.eval("1 + 1. % a comment")).toBe("2");
    expect(await node.eval("lists:seq(1, 3).\n")).toBe("[1,2,3]");
  });

  test("the harness", "values come as term_to_binary", async () => {
    const small = await node.evalTerm("{<<1>>, 2}");
    expect(Buffer.from(small).toString("hex")).toBe("8368026d00000001016102");
    const big = await node.evalTerm("binary:copy(<<7>>, 5000000)");
    expect(big.length).toBe(5_000_006);
    expect(big.at(-1)).toBe(7);
  });

  test("the harness", "failures are errors with class and reason", async () => {
    const failure = await node.eval("lists:nth(5, [a])").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OtpEvalError);
    expect(failure).toMatchObject({ class: "error", reason: "function_clause" });
    expect((failure as OtpEvalError).erlangStack).toContain("lists");
    await expect(node.eval('throw({no, "way"})')).rejects.toMatchObject({
      class: "throw",
      reason: '{no,"way"}',
    });
    await expect(node.eval("a b c")).rejects.toThrow(/syntax/);
    await expect(node.eval("exit(self(), kill), receive never -> ok end")).rejects.toMatchObject({
      class: "'EXIT'",
      reason: "killed",
    });
    expect(await node.eval("still_there")).toBe("still_there");
  });

  test("the harness", "an evaluator keeps its mailbox, and is one of many", async () => {
    await node.eval("register(tester, self())", { evaluator: "tester" });
    const waiting = node.eval("receive {hello, X} -> X end", { evaluator: "tester" });
    await node.eval("tester ! {hello, world}");
    expect(await waiting).toBe("world");
    const never = node.eval("receive never -> ok end", { evaluator: "never", timeoutMs: 50 });
    await expect(never).rejects.toMatchObject({ code: "ERR_TESTING_OTP_TIMEOUT" });
  });

  test("the harness", "printed text is output, replies are not", async () => {
    await node.eval('io:format("one ~ts~n", ["Ж"]), io:format("two")');
    await node.waitFor(/one Ж\ntwo/);
    expect(node.output).not.toContain("<<");
    await expect(node.waitFor(/never/, { timeoutMs: 20 })).rejects.toThrow(/waited 20 ms/);
  });

  test("the harness", "modules are compiled from their text", async () => {
    const source = `
      -module(disterl_try). % with
      -export([twice/1]).
      %% comments
      twice(N) -> N * 2.
      % and an end`;
    expect(await node.loadModule(source)).toBe("disterl_try");
    expect(await node.eval("disterl_try:twice(21)")).toBe("42");
    await expect(node.loadModule("-module(x).\nf( -> .")).rejects.toThrow(/syntax/);
    await expect(node.loadModule("-module(x).\nf() -> g().")).rejects.toThrow(/undefined_function/);
  });

  test("the harness", "nodes find each other, freeze and go on", async () => {
    await using other = await start({ nameType: "short", flags: ["-hidden"] });
    expect(await node.eval(`net_adm:ping('${other.nodeName}')`)).toBe("pong");
    expect(await node.eval("nodes(hidden)")).toContain(other.nodeName);
    other.suspend();
    const late = other.eval("back");
    expect(await node.eval("alive")).toBe("alive");
    other.resume();
    expect(await late).toBe("back");
  });

  test("the harness", "long names", async () => {
    await using long = await start({ nameType: "long", name: "long-one" });
    expect(long.nodeName).toBe("long-one@127.0.0.1");
  });

  test("the harness", "a node that ends is told to who waits", async () => {
    const other = await start();
    const waiting = other.eval("receive never -> ok end");
    const halted = other.eval("halt(3)", { evaluator: "halt" });
    await expect(waiting).rejects.toMatchObject({ code: "ERR_TESTING_OTP_EXITED" });
    await expect(halted).rejects.toThrow(/ended with code 3/);
    expect(await other.exited).toBe("ended with code 3");
    await expect(other.eval("ok")).rejects.toThrow(/ended with code 3/);
    await other.stop();
    expect(() => process.kill(other.pid, 0)).toThrow(/ESRCH/);
  });

  test("the harness", "a node that cannot start says what Erlang said", async () => {
    await using taken = await start({ name: "taken" });
    const second = start({ name: "taken" });
    await expect(second).rejects.toBeInstanceOf(TestingError);
    await expect(second).rejects.toThrow(/taken/);
    expect(taken.nodeName).toBe("taken@localhost");
  });

  test("the harness", "epmd runs where it was told, until it is stopped", async () => {
    const port = await freePort();
    const other = await startCEpmd({ release: otp, port });
    await expect(startCEpmd({ release: otp, port })).rejects.toThrow(/did not start/);
    await other.kill();
    await expect(
      new Promise((resolve, reject) => {
        connect(port, "127.0.0.1").on("connect", resolve).on("error", reject);
      }),
    ).rejects.toThrow(/ECONNREFUSED/);
  });

  if (otp.elixir) {
    test("the harness", "an Elixir node", async () => {
      await using elixir = await start({ elixir: true });
      expect(await elixir.evalElixir("Enum.map([1, 2], & &1 * 2)")).toBe("[2, 4]");
      expect(await elixir.eval("node()")).toBe(elixir.nodeName);
      expect(await elixir.evalElixir("Node.ping(:'" + node.nodeName + "')")).toBe(":pong");
      await expect(elixir.evalElixir('raise "no"')).rejects.toThrow(/Elixir.RuntimeError/);
      expect((await elixir.evalElixirTerm("%{a: 1}"))[0]).toBe(131);
    });
  }
});
