import { encodeTerm } from "disterl/etf";
import { RAW_FLAGS_C_NODE } from "disterl/testing";
import {
  type Atom,
  atom,
  atoms,
  equalTerms,
  mapOf,
  Pid,
  type Reference,
  t,
  type Term,
} from "disterl/term";
import { defaultFlags, type Signal } from "disterl/wire";
import { expect } from "vitest";
import { forEachOtp } from "./otp.ts";
import { MIRROR } from "./wire-mirror.ts";
import { startWireLink, type WireLink } from "./wire-setup.ts";

/**
 * The reader and the writer on a real connection: all that real nodes send is read, and real nodes
 * understand all that is written.
 */

type Echo = (message: Term) => Promise<Term>;

async function withMirror(
  link: WireLink,
): Promise<{ echo: Echo; tell(message: Term): void; ask(message: Term): Promise<Term> }> {
  await link.otp.loadModule(MIRROR);
  await link.otp.eval("mirror:start()");
  const from = link.pid(1);
  const tell = (message: Term): void => {
    link.send({ type: "reg_send", from, to: atom("mirror"), message, token: undefined });
  };
  const ask = async (message: Term): Promise<Term> => {
    tell(message);
    return (await link.expect("send")).message;
  };
  const echo = async (message: Term): Promise<Term> => {
    const answer = (await ask(t(from, atom("echo"), message))) as unknown as [Atom, Term];
    expect(answer[0]).toBe(atom("echo"));
    return answer[1];
  };
  return { echo, tell, ask };
}

function bytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31) % 253);
}

const HEADER = 1n << 13n;
const FRAGMENTS = 1n << 23n;
const hidden = defaultFlags({ hidden: true });

const agreements: [string, bigint][] = [
  ["all flags", hidden],
  ["no atom cache", hidden & ~HEADER],
  ["no fragments", hidden & ~FRAGMENTS],
  ["no headers at all", hidden & ~HEADER & ~FRAGMENTS],
  ["the flags of a C node", RAW_FLAGS_C_NODE],
];

forEachOtp((release, test) => {
  for (const [agreement, flags] of agreements) {
    test("both ways", `wire: terms come back equal, ${agreement}`, async () => {
      await using link = await startWireLink(release, flags);
      const { echo } = await withMirror(link);
      for (let i = 0; i < 120; i++) {
        const names = Array.from({ length: 50 }, (_, k) => atom(`wire_${(i * 50 + k) % 4500}`));
        const term = t(i, names, `text ${i}`, atom("字".repeat(200)), true);
        const back = (await echo(term)) as unknown as Term[];
        expect(back[1]).toEqual(names);
        expect(back[3]).toBe(atom("字".repeat(200)));
      }
      const many = Array.from({ length: 400 }, (_, k) => atom(`wire_many_${k}`));
      const large: Term[] = [
        many,
        bytes(65_400),
        bytes(65_536),
        bytes(200_000),
        t(bytes(5000), many, bytes(3_000_000), [1, [2.5, [bytes(70_000)]]]),
        Array.from({ length: 50_000 }, (_, i) => i * 1000),
        mapOf({ k: bytes(100_000) }),
      ];
      for (const term of large) {
        const back = await echo(term);
        expect(Buffer.compare(encodeTerm(back), encodeTerm(term))).toBe(0);
      }
      expect(link.signals).toEqual([]);
    });
  }

  test("both ways", "wire: interleaved fragments of several senders", async () => {
    await using link = await startWireLink(release, hidden);
    const { tell, ask } = await withMirror(link);
    const signal = (id: number): Signal => {
      const from = link.pid(id);
      const message = t(
        id,
        bytes(150_000 + id),
        Array.from({ length: 20_000 }, (_, i) => i),
      );
      return { type: "reg_send", from, to: atom("mirror"), message, token: undefined };
    };
    const open = [2, 3, 4].flatMap((id) => link.write(signal(id)) ?? []);
    expect(open).toHaveLength(3);
    while (open.length > 0) {
      for (const one of [...open]) if (link.next(one)) open.splice(open.indexOf(one), 1);
      tell(atom("between"));
    }
    const [, kept] = (await ask(t(link.pid(1), atom("kept")))) as unknown as [Term, Term[]];
    const large = kept.filter((one) => one !== atom("between")) as unknown as [
      number,
      Uint8Array,
    ][];
    expect(large.map(([id]) => id).toSorted((a, b) => a - b)).toEqual([2, 3, 4]);
    for (const [id, binary] of large) {
      expect(Buffer.compare(binary, bytes(150_000 + id))).toBe(0);
    }
  });

  test("both ways", "wire: everything a busy process says is read", async () => {
    await using link = await startWireLink(release, hidden);
    const { tell } = await withMirror(link);
    tell(t(link.pid(1), atom("busy")));
    for (let n = 1; n <= 5000; n++) {
      const { message } = await link.expect("send");
      expect(equalTerms(message, t(atom("number"), n, atom(`busy_${n}`)))).toBe(true);
    }
    for (const from of [0, 400, 0]) {
      const { message } = await link.expect("send");
      const names = Array.from({ length: 400 }, (_, i) => atom(`many_${from + i}`));
      expect((message as unknown as Term[])[1]).toEqual(names);
    }
    expect(await link.expect("reg_send")).toMatchObject({
      to: atom("some_name"),
      message: atom("to_a_name"),
    });
    for (const size of [60_000, 70_000, 1_000_000]) {
      const { message } = await link.expect("send");
      const [, told, binary] = message as unknown as [Atom, number, Uint8Array];
      expect(told).toBe(size);
      const expected = Buffer.alloc(size);
      for (let at = 0; at < size; at += 4) expected.writeUInt32BE(size, at);
      expect(Buffer.compare(binary, expected)).toBe(0);
    }
    const me = link.pid(1);
    expect((await link.expect("link")).to).toEqual(me);
    const unlink = await link.expect("unlink");
    expect(unlink.id).toBeTypeOf("bigint");
    link.send({ type: "unlink_ack", id: unlink.id as bigint, from: me, to: unlink.from });
    expect((await link.expect("monitor")).to).toEqual(me);
    expect((await link.expect("demonitor")).to).toEqual(me);
    expect((await link.expect("monitor")).to).toBe(atom("some_name"));
    expect((await link.expect("demonitor")).to).toBe(atom("some_name"));
    expect(await link.expect("exit2")).toMatchObject({ to: me, priority: false });
    const leader = await link.expect("group_leader");
    expect(leader).toMatchObject({ to: me });
    expect(leader.leader.node.text).toBe(link.otp.nodeName);
    const request = await link.expect("spawn_request");
    expect(request).toMatchObject({
      module: atom("m"),
      function: atom("f"),
      arity: 2,
      args: [1, 2],
    });
    expect(request.options).toEqual(expect.arrayContaining([atom("link"), atom("monitor")]));
    link.send({
      type: "spawn_reply",
      ref: request.ref,
      to: request.from,
      flags: 0,
      result: atom("badopt"),
      token: undefined,
    });
    expect((await link.expect("link")).to).toEqual(me);
    const traced = await link.expect("send");
    expect(traced.message).toBe(atom("traced"));
    expect((traced.token as unknown as Term[])[1]).toEqual(t(atom("any"), atom("term")));
    const exit = await link.expect("exit");
    expect(exit).toMatchObject({ to: me, from: request.from });
    expect((exit.reason as unknown as Term[])[1]).toHaveLength(50_000);
    expect(link.signals).toEqual([]);
  });

  test("both ways", "wire: every signal we write does what it says", async () => {
    await using link = await startWireLink(release, hidden);
    const { ask, tell } = await withMirror(link);
    await everySignal(link, ask, tell);
  });

  test("both ways", "wire: every signal in the messages of older nodes", async () => {
    // Without SEND_SENDER, EXIT_PAYLOAD and ALTACT_SIG: tags 2, 3, 8, 12, 13, 18, 21, 33, 34.
    const older = hidden & ~(1n << 19n) & ~(1n << 22n) & ~(1n << 37n);
    await using link = await startWireLink(release, older);
    const { ask, tell } = await withMirror(link);
    await everySignal(link, ask, tell);
  });

  if (Number(release.release) >= 28) {
    test("both ways", "wire: priority messages and exits to an alias", async () => {
      await using link = await startWireLink(release, hidden);
      const { ask } = await withMirror(link);
      const me = link.pid(1);
      const [, to] = (await ask(t(me, atom("prio_alias")))) as unknown as [Atom, Reference];
      const message = t(me, atom("echo"), atom("urgent"));
      link.send({ type: "alias_send", from: me, to, message, priority: true, token: undefined });
      expect((await link.expect("send")).message).toEqual(t(atom("echo"), atom("urgent")));
      link.send({ type: "monitor", from: me, to: atom("mirror"), ref: link.reference() });
      const reason = t(atom("by"), atom("alias"));
      link.send({ type: "exit2", from: me, to, reason, priority: true, token: undefined });
      expect(await link.expect("down")).toMatchObject({ from: atom("mirror"), reason });
    });
  }
});

async function everySignal(
  link: WireLink,
  ask: (message: Term) => Promise<Term>,
  tell: (message: Term) => void,
): Promise<void> {
  const me = link.pid(1);
  const token = t(1, 17, 1, me, 0);
  const answered = async (question: string, ...rest: Term[]): Promise<Term> =>
    ((await ask(t(me, atom(question), ...rest))) as unknown as Term[])[1] as Term;
  const spawned = async (): Promise<Pid> => {
    const pid = await answered("spawn");
    expect(pid).toBeInstanceOf(Pid);
    return pid as Pid;
  };

  // send, with and without a sender and a token
  const mirror = (await answered("self")) as Pid;
  for (const sender of [me, undefined]) {
    for (const tok of [undefined, token]) {
      const message = t(me, atom("echo"), atom("a"));
      link.send({ type: "send", from: sender, to: mirror, message, token: tok });
      expect((await link.expect("send")).message).toEqual(t(atom("echo"), atom("a")));
    }
  }
  const named = t(me, atom("echo"), atom("b"));
  link.send({ type: "reg_send", from: me, to: atom("mirror"), message: named, token });
  expect((await link.expect("send")).message).toEqual(t(atom("echo"), atom("b")));

  // alias_send
  const alias = (await answered("alias")) as Reference;
  for (const tok of [undefined, token]) {
    const message = t(me, atom("echo"), atom("c"));
    link.send({ type: "alias_send", from: me, to: alias, message, priority: false, token: tok });
    expect((await link.expect("send")).message).toEqual(t(atom("echo"), atom("c")));
  }

  // link and its exit; monitor and its DOWN; of a pid, of a name, of nobody
  const first = await spawned();
  link.send({ type: "link", from: me, to: first });
  const ref = link.reference();
  link.send({ type: "monitor", from: me, to: first, ref });
  const reason = t(atom("because"), "of us");
  link.send({
    type: "send",
    from: me,
    to: first,
    message: t(atom("stop"), reason),
    token: undefined,
  });
  expect(await link.expect("exit")).toMatchObject({ from: first, to: me });
  expect(await link.expect("down")).toMatchObject({ from: first, to: me, ref });
  const nobody = link.reference();
  link.send({ type: "monitor", from: me, to: atom("nobody"), ref: nobody });
  expect(await link.expect("down")).toEqual({
    type: "down",
    from: atom("nobody"),
    to: me,
    ref: nobody,
    reason: atoms.noproc,
  });

  // unlink, demonitor: nothing comes when it ends
  const second = await spawned();
  link.send({ type: "link", from: me, to: second });
  const gone = link.reference();
  link.send({ type: "monitor", from: me, to: second, ref: gone });
  link.send({ type: "unlink", id: 2n ** 64n - 1n, from: me, to: second });
  expect(await link.expect("unlink_ack")).toEqual({
    type: "unlink_ack",
    id: 2n ** 64n - 1n,
    from: second,
    to: me,
  });
  link.send({ type: "demonitor", from: me, to: second, ref: gone });
  expect(await answered("links", second)).toEqual(t(atom("links"), []));

  // group_leader
  link.send({ type: "group_leader", leader: me, to: second });
  expect(await answered("leader", second)).toEqual(me);

  // exit2, with and without a token; the end is seen by a monitor
  for (const tok of [undefined, token]) {
    const victim = await spawned();
    const watch = link.reference();
    link.send({ type: "monitor", from: me, to: victim, ref: watch });
    const why = t(atom("killed_by"), me);
    link.send({ type: "exit2", from: me, to: victim, reason: why, priority: false, token: tok });
    expect(await link.expect("down")).toMatchObject({ ref: watch, reason: why });
  }

  // exit of a link, with and without a token: what is linked ends with it
  for (const tok of [undefined, token]) {
    const linked = await spawned();
    const watch = link.reference();
    link.send({ type: "link", from: me, to: linked });
    link.send({ type: "monitor", from: me, to: linked, ref: watch });
    link.send({ type: "exit", from: me, to: linked, reason: atom("bye"), token: tok });
    expect(await link.expect("down")).toMatchObject({ ref: watch, reason: atom("bye") });
  }

  // down: the node gets what it watched
  await ask(t(me, atom("watch"), link.pid(9)));
  const watching = await link.expect("monitor");
  const { from, ref: theirs } = watching;
  link.send({ type: "down", from: link.pid(9), to: from, ref: theirs, reason: atom("over") });
  const kept = (await answered("kept")) as unknown as Term[];
  expect(kept).toEqual([t(atom("DOWN"), theirs, atom("process"), link.pid(9), atom("over"))]);

  // spawn_request, with and without a token, and its reply; with a link and a monitor
  for (const tok of [undefined, token]) {
    const request = link.reference();
    link.send({
      type: "spawn_request",
      ref: request,
      from: me,
      groupLeader: me,
      module: atom("mirror"),
      function: atom("wait"),
      arity: 0,
      options: [atom("link"), atom("monitor")],
      args: [],
      token: tok,
    });
    const reply = await link.expect("spawn_reply");
    expect(reply).toMatchObject({ ref: request, to: me, flags: 3 });
    const made = reply.result as Pid;
    const end = t(atom("stop"), atoms.shutdown);
    link.send({ type: "send", from: me, to: made, message: end, token: undefined });
    expect(await link.expect("exit")).toMatchObject({ from: made, reason: atoms.shutdown });
    expect(await link.expect("down")).toMatchObject({ ref: request, reason: atoms.shutdown });
  }
  const refused = link.reference();
  link.send({
    type: "spawn_request",
    ref: refused,
    from: me,
    groupLeader: me,
    module: atom("mirror"),
    function: atom("wait"),
    arity: 0,
    options: [atom("no_such_option")],
    args: [],
    token: undefined,
  });
  expect(await link.expect("spawn_reply")).toMatchObject({ ref: refused, result: atom("badopt") });

  tell(atom("still here"));
  expect(await answered("kept")).toEqual([atom("still here")]);
  expect(link.signals).toEqual([]);
}
