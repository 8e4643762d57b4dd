import { expect, test } from "vitest";
import { type NodeStatus, StatusFeed } from "./status.ts";

const event = (node: string): NodeStatus => ({
  type: "nodeup",
  node,
  hidden: true,
  dialled: true,
  connectionId: 1,
  creation: 4,
});

test("each reader gets every event from its call on, and the end", async () => {
  const feed = new StatusFeed();
  const early = feed.events();
  feed.publish(event("a"));
  const late = feed.events();
  feed.publish(event("b"));
  feed.close();
  const nodes = async (events: AsyncIterableIterator<NodeStatus>): Promise<string[]> => {
    const seen: string[] = [];
    for await (const one of events) if (one.type === "nodeup") seen.push(one.node);
    return seen;
  };
  expect(await nodes(early)).toEqual(["a", "b"]);
  expect(await nodes(late)).toEqual(["b"]);
  expect(await nodes(feed.events())).toEqual([]);
});

test("several next() that wait are all answered, in order", async () => {
  const feed = new StatusFeed();
  const events = feed.events();
  const waiting = [events.next(), events.next(), events.next()];
  feed.publish(event("a"));
  await Promise.resolve();
  feed.publish(event("b"));
  feed.close();
  const answers = await Promise.all(waiting);
  expect(answers).toMatchObject([
    { value: { node: "a" } },
    { value: { node: "b" } },
    { value: undefined, done: true },
  ]);
});

test("a reader that does not read loses the oldest events, not memory", async () => {
  const feed = new StatusFeed();
  const events = feed.events();
  for (let i = 0; i < 5000; i++) feed.publish(event(String(i)));
  expect(await events.next()).toMatchObject({ value: { node: String(5000 - 1024) } });
});
