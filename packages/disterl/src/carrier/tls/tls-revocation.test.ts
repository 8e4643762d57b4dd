import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { TestAuthority, type TestCertificate } from "../../testing/test-authority.ts";
import { waysUp } from "./tls-chain.ts";
import { revocationListsIn } from "./tls-files.ts";
import { revocationProblem } from "./tls-revocation.ts";
import type { CrlCheck } from "./tls-options.ts";

const authority = new TestAuthority("our CA");
const impostor = new TestAuthority("our CA");
afterAll(() => {
  authority[Symbol.dispose]();
  impostor[Symbol.dispose]();
});

const read = ({ certfile }: TestCertificate) => new X509Certificate(readFileSync(certfile));
const root = new X509Certificate(readFileSync(authority.cacertfile));

const between = authority.issue("between", { authority: true });
const good = authority.issue("good", {}, between);
const bad = authority.issue("bad", {}, between);
const lost = authority.issue("lost", { authority: true });
const underLost = authority.issue("under-lost", {}, lost);

/** A copy of the list as it is now. */
function list(name: string, options: Parameters<TestAuthority["revocationList"]>[0] = {}): string {
  return readFileSync(authority.revocationList({ file: `${name}.pem`, ...options }), "utf8");
}
// One register serves all CAs of a TestAuthority: a list of each holds what was revoked by then.
const nothingRevoked = { root: list("r0"), between: list("b0", { issuer: between }) };
authority.revoke(bad);
authority.revoke(lost);
const now = {
  root: list("r1"),
  between: list("b1", { issuer: between }),
  lost: list("l1", { issuer: lost }),
};
const outdated = list("old", { issuer: between, days: [-9, -1] });
const early = list("early", { issuer: between, days: [1, 9] });
const forged = readFileSync(
  impostor.revocationList({ issuer: impostor.issue("between", { authority: true }) }),
  "utf8",
);

function ways(shown: readonly X509Certificate[], trusted: readonly X509Certificate[]) {
  const found = waysUp(shown, trusted);
  if ("check" in found) throw new Error(found.text);
  return found;
}

function status(check: CrlCheck, texts: readonly string[], shown: readonly TestCertificate[]) {
  const lists = texts.flatMap((text) => revocationListsIn(text, "test"));
  const trusted = [root];
  const problem = revocationProblem(ways(shown.map(read), trusted), { check, lists, trusted });
  if (problem === undefined) return "good";
  expect(problem.check).toBe("revocation");
  return `${/CN=([\w-]+)/.exec(problem.certificate?.subject ?? "")?.[1]} ${problem.text}`;
}

const goodChain = [good, between];
const badChain = [bad, between];
const lostChain = [underLost, lost];
const noList = "has an issuer without a revocation list";
const old = "has an issuer whose revocation list is outdated";

test.each([
  ["all lists", [now.root, now.between], "good", "bad is revoked"],
  ["none of the root", [now.between], `between ${noList}`, "bad is revoked"],
  ["none of the CA between", [now.root], `good ${noList}`, `bad ${noList}`],
  ["an outdated one", [now.root, outdated], `good ${old}`, "bad is revoked"],
  ["one of tomorrow", [now.root, early], `good ${old}`, "bad is revoked"],
  [
    "an older one beside",
    [now.root, nothingRevoked.between, now.between],
    "good",
    "bad is revoked",
  ],
  ["a forged one", [now.root, forged], `good ${noList}`, `bad ${noList}`],
])("true: %s", (_what, lists, whole, revoked) => {
  expect(status(true, lists, goodChain)).toBe(whole);
  expect(status(true, lists, badChain)).toBe(revoked);
});

test("true: a CA that is revoked takes all with it", () => {
  expect(status(true, [now.root, now.lost], lostChain)).toBe("lost is revoked");
  expect(status(true, [nothingRevoked.root, now.lost], lostChain)).toBe("good");
});

test("peer: only the peer's own certificate is looked up", () => {
  expect(status("peer", [now.between], goodChain)).toBe("good");
  expect(status("peer", [now.between], badChain)).toBe("bad is revoked");
  expect(status("peer", [now.root], goodChain)).toBe(`good ${noList}`);
  expect(status("peer", [now.root, now.lost], lostChain)).toBe("good");
});

test("best_effort: whoever is in a list is refused; missing and outdated lists are no harm", () => {
  expect(status("best_effort", [], goodChain)).toBe("good");
  expect(status("best_effort", [], badChain)).toBe("good");
  expect(status("best_effort", [forged], goodChain)).toBe("good");
  expect(status("best_effort", [now.between], badChain)).toBe("bad is revoked");
  expect(status("best_effort", [outdated], badChain)).toBe("bad is revoked");
  expect(status("best_effort", [now.root], lostChain)).toBe("lost is revoked");
});

test("false: nothing is looked up", () => {
  expect(status(false, [now.root, now.between], badChain)).toBe("good");
});

test("certificates that a peer adds to its chain change nothing", () => {
  const fake = impostor.issue("between", { authority: true });
  const rogueRoot = { certfile: impostor.cacertfile, keyfile: "" };
  for (const shown of [
    [bad, fake, between],
    [bad, between, fake, rogueRoot],
    [bad, rogueRoot, fake, between, bad, good],
  ]) {
    expect(status(true, [now.root, now.between], shown)).toBe("bad is revoked");
    expect(status("best_effort", [now.between], shown)).toBe("bad is revoked");
  }
  // Without the CA between there is no way to the root: whoever comes so is refused for that.
  expect(ways([bad, fake].map(read), [root]).certificates).toEqual([]);
});

test("a CA between that is trusted itself is looked up, too", () => {
  const lists = [now.root, now.lost].flatMap((text) => revocationListsIn(text, "test"));
  const trusted = [read(lost), root];
  const found = revocationProblem(ways([read(underLost)], trusted), {
    check: true,
    lists,
    trusted,
  });
  expect(found?.text).toBe("is revoked");
});

test("the list of a CA says nothing of another one's certificates, though both have one key", () => {
  const one = authority.issue("old-name", { authority: true });
  const other = authority.issue("new-name", { authority: true, keyOf: one });
  const leaf = authority.issue("leaf-of-old-name", {}, one);
  const lists = [list("of-old", { issuer: one }), list("of-new", { issuer: other })];
  expect(status("peer", lists, [leaf, one, other])).toBe("good");
  expect(status("peer", lists.slice(1), [leaf, one, other])).toBe(`leaf-of-old-name ${noList}`);
});

test("a CA that must not sign lists has signed none", () => {
  const mute = authority.issue("mute", { authority: true, keyUsage: "keyCertSign" });
  const leaf = authority.issue("leaf-of-mute", {}, mute);
  const own = list("mute-list", { issuer: mute });
  expect(status("peer", [own], [leaf, mute])).toBe(`leaf-of-mute ${noList}`);
});

test("lists for users' certificates say nothing of CAs", () => {
  const part = (flag: string) =>
    list(`part-${flag}`, { extensions: `issuingDistributionPoint=critical,${flag}:TRUE` });
  expect(status(true, [part("onlyuser"), now.between], goodChain)).toBe(`between ${noList}`);
  expect(status(true, [part("onlyCA"), now.between], goodChain)).toBe("good");
});

test("files of lists: PEM with text around, several in one", () => {
  const text = `some words\n${now.root}\n# and\n${now.between}`;
  expect(revocationListsIn(text, "test")).toHaveLength(2);
  expect(() => revocationListsIn(now.root.replace(/MII/, "MIJ"), "server crlfile a.pem")).toThrow(
    /server crlfile a.pem: line 1: this revocation list cannot be used/,
  );
});
