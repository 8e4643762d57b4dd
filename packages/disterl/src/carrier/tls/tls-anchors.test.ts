import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Channel } from "../carrier.ts";
import { inetTls } from "./tls.ts";
import { trustAnchors } from "./tls-anchors.ts";

/** Two CAs that have certified each other, as it is done when one takes the other's place. */
const folder = mkdtempSync(join(tmpdir(), "disterl-anchors-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);
const openssl = (...args: string[]): void => {
  execFileSync("openssl", args, { stdio: "pipe", cwd: folder });
};
const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

function issue(name: string, by: string, extensions: string): string {
  writeFileSync(at("ext"), extensions);
  const signer = ["-CA", at(`${by}.pem`), "-CAkey", at(`${by}.key`), "-CAcreateserial"];
  const out = at(`${name}-by-${by}.pem`);
  const given = ["-in", at(`${name}.csr`), "-extfile", at("ext"), "-days", "30", "-out", out];
  openssl("x509", "-req", ...signer, ...given);
  return readFileSync(out, "utf8");
}

const CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\n";
for (const name of ["old", "new"]) {
  const files = ["-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)];
  openssl("req", "-x509", ...KEY, ...files, "-subj", `/CN=${name}`, "-days", "30");
  const request = ["-key", at(`${name}.key`), "-subj", `/CN=${name}`, "-out", at(`${name}.csr`)];
  openssl("req", "-new", ...request);
}
openssl(
  "req",
  "-new",
  ...KEY,
  "-keyout",
  at("leaf.key"),
  "-subj",
  "/CN=leaf",
  "-out",
  at("leaf.csr"),
);
const [oldRoot, newRoot] = ["old", "new"].map((name) => readFileSync(at(`${name}.pem`), "utf8"));
const oldByNew = issue("old", "new", CA);
const newByOld = issue("new", "old", CA);
issue("leaf", "old", "subjectAltName=DNS:localhost\n");

const certificates = (...texts: (string | undefined)[]): X509Certificate[] =>
  texts.map((text) => new X509Certificate(text ?? ""));

test("who is there as a root, too, is trusted as that", () => {
  const roots = certificates(oldRoot, newRoot);
  expect(trustAnchors(roots, "x")).toEqual(roots);
  const all = [...roots, ...certificates(oldByNew, newByOld)];
  expect(trustAnchors(all, "x").map(String)).toEqual(roots.map(String));
});

test("a CA below a root stays, in any order", () => {
  const given = certificates(newByOld, oldRoot);
  expect(trustAnchors(given, "x")).toEqual(given);
  expect(trustAnchors(certificates(newByOld), "x")).toHaveLength(1);
});

test("CAs in a circle are refused", () => {
  expect(() => trustAnchors(certificates(oldByNew, newByOld), "server cacertfile ca.pem")).toThrow(
    /^tls: server cacertfile ca\.pem: "CN=old" and its CA vouch for each other.*add the root$/,
  );
});

test("a peer below CAs that have certified each other is let in", async () => {
  const certfile = at("leaf-by-old.pem");
  const cacerts = [oldByNew, newByOld, oldRoot ?? "", newRoot ?? ""];
  const options = { certfile, keyfile: at("leaf.key"), cacerts, onWarning: () => {} };
  const carrier = inetTls(options);
  let accept: (channel: Channel) => void = () => {};
  const accepted = new Promise<Channel>((resolve) => {
    accept = resolve;
  });
  const listener = await carrier.listen({ host: "127.0.0.1" }, accept);
  const { port } = listener.address;
  const channel = await carrier.connect({ host: "127.0.0.1", port, node: "a@localhost" });
  expect(channel.tls?.verified).toBe(true);
  for (const end of [channel, await accepted]) end.destroy();
  await listener.close();
});
