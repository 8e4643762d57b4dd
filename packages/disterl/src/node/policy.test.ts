import { expect, test } from "vitest";
import { atom } from "../term/atom.ts";
import { globMatcher } from "./glob.ts";
import { type PeerRequest, Policy, type PolicyOptions } from "./policy.ts";

const WEB = atom("web1@front.example");
const DB = atom("db@back.example");

function wanted(text: string) {
  const [module = "", fun = ""] = text.split(":");
  return { module: atom(module), function: atom(fun), arity: 2 };
}

test("a star stands for any characters, in a name of a node for none that is @", () => {
  const peer = globMatcher("web*@*.example", "@");
  expect(["web1@front.example", "web@.example"].map(peer)).toEqual([true, true]);
  expect(["db@front.example", "web1@front.example.org", "web@a@b.example"].map(peer)).toEqual([
    false,
    false,
    false,
  ]);
  expect(globMatcher("a*a")("a")).toBe(false);
  expect(globMatcher("*ab*ab*")("xabab")).toBe(true);
  expect(globMatcher("*ab*ab*")("xab")).toBe(false);
  expect(globMatcher("plain.")("plainx")).toBe(false);
});

test("the first rule that names a peer counts, and what it leaves out is allowed", () => {
  const policy = new Policy([
    { peers: ["web*@*"], operations: ["send", "call"], names: ["shop_*"] },
    { peers: "*@back.example" },
    { peers: "web1@front.example", names: [] },
  ]);
  expect(policy.permitsProcess(WEB, "send", [atom("shop_orders")])).toBe(true);
  expect(policy.permitsProcess(WEB, "send", [atom("admin")])).toBe(false);
  expect(policy.permitsProcess(WEB, "send", [])).toBe(true);
  expect(policy.permitsProcess(WEB, "exit", [])).toBe(false);
  expect(policy.permitsFunction(WEB, "call", wanted("any:thing"))).toBe(true);
  expect(policy.permitsFunction(WEB, "spawn", wanted("any:thing"))).toBe(false);
  expect(policy.permitsProcess(DB, "exit", [atom("admin")])).toBe(true);
});

test("a peer that no rule names may do nothing", () => {
  const policy = new Policy({ peers: "other@host" });
  expect(policy.permitsProcess(WEB, "send", [])).toBe(false);
  expect(policy.permitsFunction(WEB, "call", wanted("a:b"))).toBe(false);
});

test("functions are named with their module", () => {
  const policy = new Policy({ peers: "*", functions: ["pricing:quote", "stock:*"] });
  const may = (text: string): boolean => policy.permitsFunction(WEB, "call", wanted(text));
  expect(["pricing:quote", "stock:anything"].map(may)).toEqual([true, true]);
  expect(["pricing:set", "stocks:x", "xpricing:quote"].map(may)).toEqual([false, false, false]);
  const none = { module: 5, function: [], arity: 0 };
  expect(policy.permitsFunction(WEB, "call", none)).toBe(false);
});

test("a function decides, and one that throws says no", () => {
  const asked: PeerRequest[] = [];
  const policy = new Policy((request) => {
    asked.push(request);
    if (request.operation === "link") throw new Error("do not know");
    return request.operation === "call";
  });
  expect(policy.permitsFunction(WEB, "call", wanted("a:b"))).toBe(true);
  expect(policy.permitsProcess(WEB, "send", [true, atom("x")])).toBe(false);
  expect(policy.permitsProcess(WEB, "link", [])).toBe(false);
  expect(asked[0]).toEqual({
    peer: WEB.text,
    operation: "call",
    names: [],
    module: "a",
    function: "b",
    arity: 2,
  });
  expect(asked[1]).toEqual({ peer: WEB.text, operation: "send", names: ["true", "x"] });
});

test.each([
  ["no rule", "x"],
  ["no peers", {}],
  ["a key that is none", { peers: "*", name: ["x"] }],
  ["a peer without a host", { peers: "web" }],
  ["an operation that is none", { peers: "*", operations: ["kill"] }],
  ["a function without a module", { peers: "*", functions: ["quote"] }],
  ["names that are no list", { peers: "*", names: "x" }],
])("%s is an error at the start", (_what, options) => {
  expect(() => new Policy(options as unknown as PolicyOptions)).toThrow(TypeError);
});
