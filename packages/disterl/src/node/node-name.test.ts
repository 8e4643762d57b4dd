import { expect, test } from "vitest";

import type { HostNames } from "./host-names.ts";
import {
  checkDialName,
  completeNodeName,
  nameDomainOf,
  NodeNameError,
  parseNodeName,
} from "./node-name.ts";

const machine: HostNames = { short: () => "vm", qualified: () => "vm.example.org" };
const noDomain: HostNames = { short: () => "vm", qualified: () => undefined };
const noName: HostNames = { short: () => undefined, qualified: () => undefined };

function refusal(call: () => unknown): NodeNameError {
  try {
    call();
  } catch (error) {
    if (error instanceof NodeNameError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("NM-1 a full name is a name, an at sign and a host", () => {
  expect(parseNodeName("app_1-x@host.example.org")).toEqual({
    name: "app_1-x",
    host: "host.example.org",
    full: "app_1-x@host.example.org",
  });
  expect(parseNodeName("a@::1").host).toBe("::1");
  expect(parseNodeName("a@h\u00fc").host).toBe("h\u00fc");
});

test.each([
  ["app", "ERR_NODE_NAME_PARTS", "there is no host"],
  ["app@", "ERR_NODE_NAME_PARTS", "app@host"],
  ["@host", "ERR_NODE_NAME_PARTS", 'no name before the "@"'],
  ["", "ERR_NODE_NAME_PARTS", "name@host"],
  ["a@b@c", "ERR_NODE_NAME_PARTS", "several"],
  ["a b@h", "ERR_NODE_NAME_CHARACTERS", '" " at position 2'],
  ["a.b@h", "ERR_NODE_NAME_CHARACTERS", '"." at position 2'],
  ["a!@h", "ERR_NODE_NAME_CHARACTERS", '"!" at position 2'],
  ["\u00e4@h", "ERR_NODE_NAME_CHARACTERS", "position 1"],
  ["a\nb@h", "ERR_NODE_NAME_CHARACTERS", '"\\n" at position 2'],
  ["a@h\0", "ERR_NODE_NAME_HOST", "\\u0000"],
  ["a@h h", "ERR_NODE_NAME_HOST", '" "'],
  ["a@\u0142", "ERR_NODE_NAME_HOST", "Latin-1"],
])("NM-1, NM-2 refused: %j", (text, code, part) => {
  const error = refusal(() => parseNodeName(text));
  expect(error.code).toBe(code);
  expect(error.message).toContain(part);
  expect(error.nodeName).toBe(text);
});

test("NM-6 a name has at most 255 characters, and the message stays short", () => {
  const longest = `a@${"h".repeat(253)}`;
  expect(parseNodeName(longest).full).toBe(longest);
  const error = refusal(() => parseNodeName(`a@${"h".repeat(2_000_000)}`));
  expect(error.code).toBe("ERR_NODE_NAME_TOO_LONG");
  expect(error.message).toContain("2000002");
  expect(error.message.length).toBeLessThan(250);
  expect(refusal(() => completeNodeName("a".repeat(254), "shortnames", machine)).code).toBe(
    "ERR_NODE_NAME_TOO_LONG",
  );
});

test("messages show no control and no bidirectional characters", () => {
  const error = refusal(() => parseNodeName("a\u001b[31m\u202e\u009b@h"));
  expect(error.message).toMatch(/^[ -~\u00a1-\u00ff]*$/);
});

test("CL-1 a missing host is the machine's, short or qualified", () => {
  expect(completeNodeName("app", "shortnames", machine).full).toBe("app@vm");
  expect(completeNodeName("app@", "shortnames", machine).full).toBe("app@vm");
  expect(completeNodeName("app", "longnames", machine).full).toBe("app@vm.example.org");
  expect(completeNodeName("undefined", "longnames", machine).host).toBe("vm.example.org");
});

test("CL-1 a given host is kept; a long name may have a host without a dot, a short one no dot", () => {
  expect(completeNodeName("app@localhost", "longnames", machine).full).toBe("app@localhost");
  expect(completeNodeName("app@other", "shortnames", machine).full).toBe("app@other");
  const error = refusal(() => completeNodeName("app@vm.example.org", "shortnames", machine));
  expect(error.code).toBe("ERR_NODE_NAME_DOMAIN");
  expect(error.message).toContain("app@vm");
  expect(error.message).toContain("-name");
});

test("CL-1 without a domain a long name is refused with the remedies", () => {
  const error = refusal(() => completeNodeName("app", "longnames", noDomain));
  expect(error.code).toBe("ERR_NODE_NAME_NO_DOMAIN");
  for (const remedy of ["app@vm.example.org", "app@127.0.0.1", "/etc/hosts", "-sname app"]) {
    expect(error.message).toContain(remedy);
  }
  expect(refusal(() => completeNodeName("app", "shortnames", noName)).message).toContain(
    "app@host",
  );
});

test("NM-4 a short node does not dial a long name, and says what to do", () => {
  expect(checkDialName("b@vm", "shortnames").host).toBe("vm");
  const error = refusal(() => checkDialName("b@vm.example.org", "shortnames"));
  expect(error.code).toBe("ERR_NODE_NAME_DOMAIN");
  expect(error.message).toContain("this node uses short names");
  expect(error.message).toContain("-sname b");
});

test("NM-4 a long node does not dial a short name, and says what to do", () => {
  expect(checkDialName("b@vm.example.org", "longnames").host).toBe("vm.example.org");
  expect(checkDialName("b@127.0.0.1", "longnames").host).toBe("127.0.0.1");
  expect(checkDialName("b@::1", "longnames").host).toBe("::1");
  const error = refusal(() => checkDialName("b@vm", "longnames"));
  expect(error.code).toBe("ERR_NODE_NAME_DOMAIN");
  expect(error.message).toContain("this node uses long names");
  expect(error.message).toContain("b@vm.<domain>");
});

test("the kind of a name follows from the dot in its host", () => {
  expect(nameDomainOf("vm")).toBe("shortnames");
  expect(nameDomainOf("vm.example.org")).toBe("longnames");
  expect(nameDomainOf("127.0.0.1")).toBe("longnames");
  expect(nameDomainOf("::1")).toBe("longnames");
});
