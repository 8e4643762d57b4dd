/** `disterl cert verify` of certificates that others made, beside what a node says of them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inetTls } from "disterl/carrier";
import { afterAll, expect, test } from "vitest";
import { TestAuthority } from "../../packages/disterl/src/testing/test-authority.ts";
import { disterl } from "../interop/run-disterl.ts";

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());
const { cacertfile, folder } = authority;
const good = { ...authority.issue("good"), cacertfile, onWarning: () => {} };

/** Whether a node that is dialled by who shows that lets it in. */
async function isLetIn(certfile: string, keyfile: string): Promise<boolean> {
  let tell!: (isIn: boolean) => void;
  const verdict = new Promise<boolean>((resolve) => {
    tell = resolve;
  });
  const listener = await inetTls(good).listen(
    { host: "127.0.0.1", onRefused: () => tell(false) },
    (channel) => {
      channel.destroy();
      tell(true);
    },
  );
  const peer = inetTls({ certfile, keyfile, verify: "verify_none", onWarning: () => {} });
  const dialled = await peer.connect({ host: "127.0.0.1", port: listener.address.port });
  const isIn = await verdict;
  dialled.destroy();
  await listener.close();
  return isIn;
}

const policy = "policyConstraints=critical,requireExplicitPolicy:0";

test.each([
  ["as it should be", {}, {}, 0, /valid/],
  ["for any purpose", {}, { uses: "anyExtendedKeyUsage" }, 1, /FAILED.*usage lacks serverAuth/],
  ["a CA for clients", { more: "extendedKeyUsage=clientAuth" }, {}, 1, /FAILED.*lacks serverAuth/],
  ["a CA for code", { more: "extendedKeyUsage=codeSigning" }, {}, 1, /FAILED.*lacks serverAuth/],
  [
    "something new of the node",
    {},
    { more: "1.2.3.4=critical,DER:0500" },
    1,
    /FAILED.*critical extensions that nodes do not know: 1\.2\.3\.4/,
  ],
  [
    "something new of the CA",
    { more: "1.2.3.4=critical,DER:0500" },
    {},
    1,
    /FAILED.*critical extensions that nodes do not know: 1\.2\.3\.4/,
  ],
  [
    "a CA for other hosts",
    { more: "nameConstraints=critical,permitted;DNS:example.org" },
    {},
    0,
    /warning.*nameConstraints: nodes hold the certificates below it against that/,
  ],
  ["a CA with policies", { more: policy }, {}, 0, /warning.*policyConstraints: nodes hold/],
] as const)("verify and a node: %s", async (_what, ofCa, ofNode, status, said) => {
  const ca = authority.issue("between", { authority: true, ...ofCa });
  const node = authority.issue("node", ofNode, ca);
  const certfile = join(folder, "chain.pem");
  writeFileSync(certfile, [node.certfile, ca.certfile].map((file) => readFileSync(file)).join(""));
  const run = await disterl(["cert", "verify", certfile, "--ca", cacertfile, "--dir", folder], {});
  expect(run.out).toMatch(said);
  expect(run.status).toBe(status);
  // Whatever a node refuses is not called valid without a word.
  const isIn = await isLetIn(certfile, node.keyfile);
  if (!isIn) expect(run.out).toMatch(/FAILED|not checked here/);
});

test("verify and a node: a CA that may have none below it, and has one", async () => {
  const more = "basicConstraints=critical,CA:TRUE,pathlen:0";
  const upper = authority.issue("upper", { authority: true, more });
  const lower = authority.issue("lower", { authority: true }, upper);
  const node = authority.issue("deep", {}, lower);
  const certfile = join(folder, "deep-chain.pem");
  const files = [node.certfile, lower.certfile, upper.certfile];
  writeFileSync(certfile, files.map((file) => readFileSync(file)).join(""));
  const run = await disterl(["cert", "verify", certfile, "--ca", cacertfile, "--dir", folder], {});
  expect(run.out).toMatch(
    /FAILED.*1 CAs are between it and the node, and its path length allows 0/,
  );
  expect(run.status).toBe(1);
  expect(await isLetIn(certfile, node.keyfile)).toBe(false);
});
