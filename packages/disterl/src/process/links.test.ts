import { expect, test } from "vitest";
import { atom } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Links } from "./links.ts";
import { PeerIndex } from "./peer-index.ts";

const node = atom("far@away");
const other = new Pid(node, 7, 0, 5);

const own = { isOwnPid: (pid: Pid): boolean => pid.node.text === "near@by" };

function links(): { links: Links; counts: PeerIndex<unknown> } {
  const counts = new PeerIndex<unknown>(() => 1);
  return { links: new Links(counts, "me", own), counts };
}

test("a link is sent once, and an exit ends it once", () => {
  const { links: mine, counts } = links();
  expect(mine.link(other)).toBe(true);
  expect(mine.link(other)).toBe(false);
  expect(counts.of(node)).toBe(1);
  expect(mine.exitReceived(other)).toBe(true);
  expect(mine.exitReceived(other)).toBe(false);
  expect(counts.of(node)).toBe(0);
});

test("an exit that crosses our unlink is not for us, and the late ack is ignored", () => {
  const { links: mine } = links();
  mine.link(other);
  const id = mine.unlink(other);
  expect(id).toBe(1n);
  expect(mine.isLinked(other)).toBe(false);
  expect(mine.exitReceived(other)).toBe(false);
  mine.unlinkAckReceived(other, 1n);
  expect(mine.size).toBe(0);
});

test("linking again before the ack: the ack of the old unlink does not remove the new link", () => {
  const { links: mine } = links();
  mine.link(other);
  const id = mine.unlink(other) as bigint;
  expect(mine.link(other)).toBe(true);
  mine.unlinkAckReceived(other, id);
  expect(mine.isLinked(other)).toBe(true);
});

test("a link signal that crosses our unlink does not revive the link", () => {
  const { links: mine } = links();
  mine.link(other);
  const id = mine.unlink(other) as bigint;
  mine.linkReceived(other);
  expect(mine.isLinked(other)).toBe(false);
  mine.unlinkAckReceived(other, id);
  expect(mine.size).toBe(0);
});

test("an unlink signal removes an active link only", () => {
  const { links: mine } = links();
  mine.linkReceived(other);
  mine.unlinkReceived(other);
  expect(mine.size).toBe(0);
  mine.link(other);
  mine.unlink(other);
  mine.unlinkReceived(other);
  expect(mine.size).toBe(1);
});

test("a node that is gone takes its links along, and only active ones count", () => {
  const { links: mine, counts } = links();
  const second = new Pid(node, 8, 0, 5);
  const near = new Pid(atom("near@by"), 1, 0, 5);
  for (const pid of [other, second, near]) mine.link(pid);
  mine.unlink(second);
  expect(mine.takeWhere((pid) => pid.node === node)).toEqual([other]);
  expect([...mine.linked()]).toEqual([near]);
  expect(counts.of(node)).toBe(0);
});

test("the index knows who has links with a node, and counts none of the own node", () => {
  const { links: mine, counts } = links();
  mine.link(other);
  mine.link(new Pid(node, 8, 0, 5));
  mine.link(new Pid(atom("near@by"), 1, 0, 5));
  expect(counts.owners(node)).toEqual(["me"]);
  expect(counts.of(atom("near@by"))).toBe(0);
  mine.takeWhere(() => true);
  expect(counts.owners(node)).toEqual([]);
});

test("pids of other nodes with the number of one of ours are others", () => {
  const { links: mine } = links();
  mine.link(new Pid(atom("near@by"), 7, 0, 5));
  mine.link(other);
  mine.link(new Pid(node, 7, 0, 6));
  mine.link(new Pid(node, 7, 1, 5));
  expect(mine.size).toBe(4);
});

test("unlinked twice: only the ack of the last unlink ends it", () => {
  const { links: mine } = links();
  mine.link(other);
  const first = mine.unlink(other) as bigint;
  mine.link(other);
  const last = mine.unlink(other) as bigint;
  mine.unlinkAckReceived(other, first);
  expect(mine.size).toBe(1);
  mine.unlinkAckReceived(other, last);
  expect(mine.size).toBe(0);
});
