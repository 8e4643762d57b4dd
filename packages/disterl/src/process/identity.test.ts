import { expect, test } from "vitest";
import { atom } from "../term/atom.ts";
import { Identity } from "./identity.ts";

test("what was made under names that were given long ago is known still", () => {
  const identity = new Identity(() => 1);
  identity.adopt(atom("first@h"), 1);
  const pid = identity.nextPid();
  for (let i = 0; i < 1000; i++) {
    identity.adopt(atom("nonode@nohost"), 0);
    identity.adopt(atom(`given${i}@h`), i + 2);
  }
  expect(identity.isOwnPid(pid)).toBe(true);
  expect(identity.wasOwn(pid.node)).toBe(true);
  expect(identity.isFormer({ node: pid.node, creation: 2 })).toBe(false);
  expect(identity.isOwn(pid.node, pid.creation)).toBe(false);
});

test("names are not remembered without limit", () => {
  const identity = new Identity(() => 1);
  for (let i = 1; i <= 10_002; i++) identity.adopt(atom(`n${i}@h`), 1);
  expect(identity.wasOwn(atom("n1@h"))).toBe(false);
  expect(identity.wasOwn(atom("n2@h"))).toBe(true);
  for (let i = 1; i <= 10_002; i++) identity.adopt(atom("same@h"), i);
  expect(identity.isFormer({ node: atom("same@h"), creation: 1 })).toBe(false);
  expect(identity.isFormer({ node: atom("same@h"), creation: 2 })).toBe(true);
});
