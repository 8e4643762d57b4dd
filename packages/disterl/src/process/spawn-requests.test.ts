import { expect, test } from "vitest";
import type { Signal, SpawnReply } from "../signal/signal.ts";
import { type Atom, atom } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Identity } from "./identity.ts";
import { SpawnRequests } from "./spawn-requests.ts";

const asked = atom("asked@h");
const other = atom("other@h");

function scene() {
  const identity = new Identity(() => 1);
  const sent: [Atom, Signal][] = [];
  const router = {
    route: (node: Atom, signal: Signal) => sent.push([node, signal]) > 0,
    drained: () => Promise.resolve(),
  };
  const ref = identity.nextReference();
  const to = identity.nextPid();
  const reply = (node: Atom, flags: number): SpawnReply => {
    const result = new Pid(node, 9, 0, 7);
    return { type: "spawn_reply", ref, to, flags, result, token: undefined };
  };
  return { requests: new SpawnRequests(router), ref, reply, sent };
}

test("only the node that was asked answers", () => {
  const { requests, ref, reply } = scene();
  const results: unknown[] = [];
  requests.expect(ref, asked, (result) => results.push(result));
  requests.reply(reply(other, 0), other);
  expect(results).toEqual([]);
  requests.reply(reply(asked, 0), asked);
  expect(results).toEqual([new Pid(asked, 9, 0, 7)]);
});

test("a reply that nobody waits for takes back its monitor and its link", () => {
  const { requests, ref, reply, sent } = scene();
  requests.expect(ref, asked, () => {});
  requests.abandon(ref);
  requests.reply(reply(asked, 3), asked);
  expect(sent.map(([node, { type }]) => [node.text, type])).toEqual([
    ["asked@h", "demonitor"],
    ["asked@h", "exit"],
  ]);
});
