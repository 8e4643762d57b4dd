import { expect, test } from "vitest";
import { VirtualClock } from "../carrier/virtual-clock.ts";
import { DEFAULT_NODE_LIMITS } from "../node/limits.ts";
import { Identity } from "../process/identity.ts";
import { ProcessTable } from "../process/process-table.ts";
import type { Signal } from "../signal/signal.ts";
import { atom, atoms } from "../term/atom.ts";
import { ImproperList, type List } from "../term/list.ts";
import { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";
import { ioServer, type IoServerOptions } from "./io-server.ts";

const PEER = new Pid(atom("peer@host"), 1, 0, 5);
const TAG = atom("tag");
const put = (chars: Term): Term => t(atom("put_chars"), atom("unicode"), chars);
const putCall = (module: Term, args: List): Term =>
  t(atom("put_chars"), atom("unicode"), module, atom("format"), args);

/** A `user` whose signals to the peer go to `route`. */
function server(
  options: Partial<IoServerOptions> = {},
  route: (signal: Signal) => void = () => {},
) {
  const printed: string[] = [];
  const replies: Term[] = [];
  const errors: unknown[] = [];
  const router = {
    route: (_: unknown, signal: Signal): boolean => {
      route(signal);
      if (signal.type === "send") replies.push(signal.message);
      return true;
    },
    drained: () => Promise.resolve(),
  };
  const identity = new Identity(() => 1);
  const processes = new ProcessTable(identity, router, new VirtualClock(), DEFAULT_NODE_LIMITS);
  processes.onCrash = (_process, _reason, error) => errors.push(error);
  const user = processes.spawn({
    system: true,
    onMessage: ioServer({
      write: (text) => void printed.push(text),
      apply: () => Promise.resolve("made there"),
      ...options,
    }),
  });
  const ask = async (request: Term): Promise<void> => {
    user.deliver(t(atom("io_request"), PEER, TAG, request));
    await new Promise((resolve) => setImmediate(resolve));
  };
  const reply = (term: Term): Term => t(atom("io_reply"), TAG, term);
  return { user, ask, reply, printed, replies, errors };
}

test("what is no text is refused, and the next is printed", async () => {
  const { ask, reply, printed, replies, errors } = server();
  for (const chars of [1.5, [1.5], -1, [0x110000], atom("x")] as Term[]) await ask(put(chars));
  const refused = reply(t(atoms.error, atom("put_chars")));
  expect(replies).toEqual([refused, refused, refused, refused, refused]);
  await ask(put([104, [105n], "!"]));
  expect(printed).toEqual(["hi!"]);
  expect(errors).toEqual([]);
});

test("text of any length is taken apart without a deep stack", async () => {
  const { ask, printed, errors } = server();
  const long = Array.from({ length: 300_000 }, () => 65);
  await ask(put(new ImproperList(long, "B")));
  expect(printed[0]?.length).toBe(300_001);
  expect(errors).toEqual([]);
});

test("a function is an atom: other terms are refused and not shown", async () => {
  let deep: Term = [];
  for (let i = 0; i < 200_000; i++) deep = [deep];
  const { ask, reply, replies, errors } = server();
  await ask(putCall(deep, []));
  expect(replies).toEqual([reply(t(atoms.error, atom("request")))]);
  expect(errors).toEqual([]);
});

test("output that fails is answered as an error", async () => {
  const write = (): void => {
    throw new Error("the disk is full");
  };
  const { ask, reply, replies, user } = server({ write });
  const failed = reply(t(atoms.error, atom("terminated")));
  await ask(put("x"));
  await ask(putCall(atom("io_lib"), []));
  expect(replies).toEqual([failed, failed]);
  expect(user.alive).toBe(true);
});

test("a peer that does not read its answers is no failure of the service", async () => {
  const full = (): never => {
    throw new Error("too much waits");
  };
  const { ask, user } = server({}, full);
  await ask(put("x"));
  await ask(putCall(atom("io_lib"), []));
  expect(user.alive).toBe(true);
});

test("only so many functions of peers are waited for at once", async () => {
  let calls = 0;
  const apply = (): Promise<Term> => {
    calls++;
    return new Promise<Term>(() => {});
  };
  const { ask, reply, replies } = server({ apply });
  for (let i = 0; i < 300; i++) await ask(putCall(atom("io_lib"), []));
  expect(calls).toBe(256);
  expect(replies.length).toBe(44);
  expect(replies[0]).toEqual(reply(t(atoms.error, atom("request"))));
});
