import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { TestAuthority } from "../../testing/test-authority.ts";
import { type Ways, waysUp } from "./tls-chain.ts";
import { policyProblem } from "./tls-policies.ts";

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());
const read = (path: string) => new X509Certificate(readFileSync(path));

const required = "policyConstraints=critical,requireExplicitPolicy:0";
const under = (...policies: string[]) => `certificatePolicies=${policies.join(",")}`;

/** Of a chain of three: root, CA between, node. */
function problemOf(ofCa: string, ofNode: string) {
  const ca = authority.issue("middle", { authority: true, more: ofCa });
  const node = authority.issue("node", { more: ofNode }, ca);
  const shown = [read(node.certfile), read(ca.certfile)];
  return policyProblem(waysUp(shown, [read(authority.cacertfile)]) as Ways);
}

test.each([
  ["nothing is required", under("1.2.3.4"), ""],
  ["nothing but that none are mapped", "policyConstraints=critical,inhibitPolicyMapping:0", ""],
  ["one is common", `${required}\n${under("1.2.3.4", "1.2.3.5")}`, under("1.2.3.5")],
  ["the CA's is any", `${required}\n${under("2.5.29.32.0")}`, under("1.2.3.5")],
  ["any for both", `${required}\n${under("2.5.29.32.0")}`, under("2.5.29.32.0")],
])("in: %s", (_what, ofCa, ofNode) => {
  expect(problemOf(ofCa, ofNode)).toBeUndefined();
});

const any = under("2.5.29.32.0");

test.each([
  ["none", required, ""],
  ["the CA has one and the node none", `${required}\n${under("1.2.3.4")}`, ""],
  ["the node has one and the CA none", required, under("1.2.3.4")],
  ["none in common", `${required}\n${under("1.2.3.4")}`, under("1.2.3.5")],
  ["any, which was ruled out", `${required}\n${any}\ninhibitAnyPolicy=critical,0`, any],
  [
    "one for another",
    `${required}\n${under("1.2.3.4")}\npolicyMappings=critical,1.2.3.4:1.2.3.5`,
    under("1.2.3.5"),
  ],
])("out: %s", (_what, ofCa, ofNode) => {
  expect(problemOf(ofCa, ofNode)).toMatchObject({
    check: "policy",
    certificate: { subject: expect.stringContaining("CN=middle") as string },
  });
});

test("out: the node's own certificate requires one", () => {
  expect(problemOf(under("1.2.3.4"), required)?.certificate?.subject).toContain("CN=node");
});

test("what a trusted root says of itself does not count", () => {
  const root = authority.issue("root", { authority: true, more: required });
  const node = authority.issue("below", {}, root);
  const [below, trusted] = [read(node.certfile), read(root.certfile)];
  const signers = new Map([
    [below, [trusted]],
    [trusted, []],
  ]);
  expect(policyProblem({ certificates: [below, trusted], signers, between: 0 })).toBeUndefined();
});
