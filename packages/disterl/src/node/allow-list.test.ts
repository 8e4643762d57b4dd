import { expect, test } from "vitest";
import { AllowList } from "./allow-list.ts";
import { parseNodeName } from "./node-name.ts";

test("names, hosts, and names on any host; everybody until there is an entry", () => {
  const list = new AllowList([]);
  const allows = (name: string): boolean => list.allowsIncoming(parseNodeName(name));
  list.allow([]);
  expect([allows("a@h"), list.allowsNameless("h"), list.allowsOutgoing("a@h")]).toEqual([
    true,
    true,
    true,
  ]);
  list.allow(["a@h", "g"]);
  list.allow(["b@"]);
  expect([allows("a@h"), allows("z@g"), allows("b@x"), allows("z@h")]).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect([list.allowsNameless("g"), list.allowsNameless("h")]).toEqual([true, false]);
  expect([list.allowsOutgoing("a@h"), list.allowsOutgoing("z@g")]).toEqual([true, false]);
});
