import { atom, atoms, t, text } from "disterl";
import { equalTerms, formatTerm, TermMap } from "disterl/term";
import { expect } from "vitest";
import { spawnEcho, startPair } from "./node-setup.ts";
import { forEachElixir } from "./otp.ts";

forEachElixir((release, test) => {
  test("Erlang dials", "Elixir: ping, GenServer.call and cast", async () => {
    await using pair = await startPair(release, { elixir: true });
    const { ours, otp } = pair;
    spawnEcho(ours);
    const node = `:"${ours.name}"`;
    expect(await otp.evalElixir(`Node.ping(${node})`)).toBe(":pong");
    const terms = `[nil, :ok, true, "größe", 'chars', 1, 1.0, {:a, %{b: [c: 1]}}, ~D[2026-11-21], 1..3]`;
    expect(
      await otp.evalElixir(`
        terms = ${terms}
        terms === GenServer.call({:echo, ${node}}, {:echo, terms})`),
    ).toBe("true");
    const missing = `
      try do GenServer.call({:nobody, ${node}}, :x) catch :exit, {reason, _} -> reason end`;
    expect(await otp.evalElixir(missing)).toBe(":noproc");
  });

  test("we dial", "Elixir: GenServer.call, structs and exceptions", async () => {
    await using pair = await startPair(release, { elixir: true });
    const { ours, otp } = pair;
    await otp.evalElixir(`
      defmodule Counter do
        use GenServer
        def init(n), do: {:ok, n}
        def handle_call(:next, _from, n), do: {:reply, %{count: n + 1, unit: "things"}, n + 1}
      end
      {:ok, _} = GenServer.start(Counter, 41, name: Counter)
      :ok`);
    const counter = { name: "Elixir.Counter", node: otp.nodeName };
    const reply = (await ours.call(counter, atom("next"))) as TermMap;
    expect(reply.get(atom("count"))).toBe(42);
    expect(text(reply.get(atom("unit")) ?? "")).toBe("things");

    const range = await ours.erpc(otp.nodeName, "Elixir.Range", "new", [1, 3]);
    expect(formatTerm((range as TermMap).get(atom("__struct__")) ?? 0)).toBe("'Elixir.Range'");
    expect(await ours.erpc(otp.nodeName, "Elixir.Enum", "to_list", [range])).toEqual([1, 2, 3]);
    const shout = await ours.erpc(otp.nodeName, "Elixir.String", "upcase", ["größe"]);
    expect(text(shout)).toBe("GRÖSSE");
    const error = await ours
      .erpc(otp.nodeName, "Elixir.Map", "fetch!", [new TermMap(), atoms.nil])
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "ERR_CALL_REMOTE", class: "error" });
    expect(equalTerms(await ours.erpc(otp.nodeName, "Elixir.Keyword", "new", []), [])).toBe(true);
    const pair2 = await ours.erpc(otp.nodeName, "Elixir.List", "keyfind", [
      [t(atoms.nil, 1)],
      atoms.nil,
      0,
    ]);
    expect(equalTerms(pair2, t(atoms.nil, 1))).toBe(true);
  });
});
