/** Functions for Erlang to call, and what their failures look like there. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  atom,
  ErlangError,
  ErlangThrow,
  ExitReason,
  isTaggedTuple,
  type Node,
  t,
  withCall,
} from "disterl";
import { isList, Pid } from "disterl/term";

/** The module `pricing`: something for every way in which a function ends. */
export function exposePricing(node: Node): { readonly aborted: string[] } {
  const aborted: string[] = [];
  node.expose("pricing", {
    quote: (symbol, amount) => t(symbol, Number(amount) * 2),
    later: async (value) => {
      await sleep(5);
      return value;
    },
    nothing: () => {},
    badarg: () => {
      throw new ErlangError(atom("badarg"));
    },
    broken: () => {
      throw new TypeError("no such thing");
    },
    rejects: () => Promise.reject(new RangeError("later")),
    thrown: (value) => {
      throw new ErlangThrow(value);
    },
    quits: (reason) => {
      throw new ExitReason(reason);
    },
    odd: () => ({ not: "a term" }) as never,
    "sum/1": (list) => (isList(list) ? list.reduce<number>((a, b) => a + Number(b), 0) : 0),
    "sum/2": (a, b) => Number(a) + Number(b),
    big: (size) => new Uint8Array(Number(size)).fill(7),
    echo: withCall(async ({ process }) => {
      for await (const message of process) {
        if (isTaggedTuple(message, "echo", 3) && message[1] instanceof Pid) {
          process.send(message[1], message[2]);
        } else if (message === atom("stop")) return;
        else throw new ExitReason(message);
      }
    }),
    waits: withCall(async ({ signal, process, caller }, name) => {
      process.send(caller as Pid, t(atom("waiting"), process.pid));
      while (!signal.aborted)
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      aborted.push(String(name));
    }),
    leader: withCall(({ process }) => process.groupLeader),
  });
  return { aborted };
}

/** What an expression does, as `{class, reason}` or its value. */
export function outcome(expression: string): string {
  return `try ${expression} catch C:R -> {C, R} end`;
}

export const UNDEF = "{undef,[{pricing,nope,[1],[]}]}";
export const BROKEN = `{javascript,<<"TypeError">>,<<"no such thing">>}`;
