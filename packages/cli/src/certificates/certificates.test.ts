import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { X509Certificate } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTerm } from "disterl/term";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "../run-cli.ts";

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "disterl-cert-"));
});
afterEach(() => rmSync(home, { recursive: true }));

const file = (...parts: string[]): string => join(home, "certs", ...parts);

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

interface World {
  readonly env?: Readonly<Record<string, string>>;
  readonly answers?: readonly string[];
}

async function run(argv: readonly string[], { env = {}, answers }: World = {}): Promise<Ran> {
  let out = "";
  let err = "";
  const left = [...(answers ?? [])];
  const status = await runCli(argv, {
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
    env,
    colors: false,
    signal: new AbortController().signal,
    readStdin: () => Promise.resolve(""),
    ...(answers === undefined ? {} : { askSecret: () => Promise.resolve(left.shift()) }),
  });
  return { status, out, err };
}

const cert = (argv: readonly string[], world?: World): Promise<Ran> =>
  run(["cert", ...argv, "--dir", file()], world);

async function done(...argv: string[]): Promise<string> {
  const ran = await cert(argv);
  expect(ran).toMatchObject({ status: 0, err: "" });
  return ran.out;
}

async function json<T>(...argv: string[]): Promise<T> {
  return JSON.parse((await cert([...argv, "--json"])).out) as T;
}

interface Verified {
  readonly ok: boolean;
  readonly files: readonly {
    readonly findings: readonly {
      readonly check: string;
      readonly verdict: string;
      readonly certificate: string;
      readonly detail: string;
      readonly remedy?: string;
    }[];
  }[];
}

/** The checks that failed, as `check certificate`. */
async function failedChecks(...argv: string[]): Promise<string[]> {
  const ran = await cert(["verify", ...argv, "--json"]);
  const { ok, files } = JSON.parse(ran.out) as Verified;
  const failed = files.flatMap(({ findings }) =>
    findings.filter(({ verdict }) => verdict === "failed"),
  );
  expect({ ok, status: ran.status }).toEqual({
    ok: failed.length === 0,
    status: failed.length === 0 ? 0 : 1,
  });
  for (const { remedy } of failed) expect(remedy).toMatch(/\w/);
  return failed.map(({ check, certificate }) => `${check} ${certificate}`);
}

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

test("init and node: the files, who may read them, and no others", async () => {
  await done("init");
  await done("node", "app@localhost");
  expect(readdirSync(file("ca")).toSorted()).toEqual(["ca.pem", "crl.pem", "issued", "key.pem"]);
  const files = ["ca.pem", "cert.pem", "crls", "inet_tls.conf", "key.pem"];
  expect(readdirSync(file("app@localhost")).toSorted()).toEqual(files);
  for (const key of [file("ca", "key.pem"), file("app@localhost", "key.pem")]) {
    expect(mode(key)).toBe("600");
    expect(readFileSync(key, "utf8")).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
  }
  for (const folder of [file(), file("ca"), file("app@localhost")])
    expect(mode(folder)).toBe("700");
  expect(await failedChecks()).toEqual([]);
});

test("a node's certificate: names, purposes, and that it certifies nobody", async () => {
  await done("init", "--name", "our cluster");
  await done("node", "app@app-1.example.org", "--hosts", "app-1,10.0.0.7,fd00::7", "--days", "30");
  const { certificates } = await json<{ certificates: [Record<string, unknown>] }>(
    ...["show", "app@app-1.example.org"],
  );
  expect(certificates[0]).toMatchObject({
    subject: "CN=app@app-1.example.org",
    issuer: "CN=our cluster",
    serial: expect.stringMatching(/^[4-7][0-9a-f]{31}$/) as string,
    names: {
      nodes: ["app@app-1.example.org"],
      dns: ["app-1.example.org", "app-1"],
      ip: ["10.0.0.7", "fd00::7"],
    },
    key: "ECDSA P-256",
    signature: "ECDSA SHA-256",
    ca: false,
    keyUsage: ["digitalSignature"],
    extendedKeyUsage: ["serverAuth", "clientAuth"],
  });
  const read = new X509Certificate(readFileSync(file("app@app-1.example.org", "cert.pem")));
  const days = (Date.parse(read.validTo) - Date.parse(read.validFrom)) / 86_400_000;
  expect(days).toBeCloseTo(30 + 1 / 24, 2);
  const ca = new X509Certificate(readFileSync(file("ca", "ca.pem")));
  expect(read.checkIssued(ca) && read.verify(ca.publicKey) && ca.ca && !read.ca).toBe(true);
});

test("an address as host is a DNS name, too: Erlang looks for it there", async () => {
  await done("init");
  await done("node", "app@10.0.0.7");
  const { certificates } = await json<{ certificates: [unknown] }>("show", "app@10.0.0.7");
  expect(certificates[0]).toMatchObject({ names: { dns: ["10.0.0.7"], ip: ["10.0.0.7"] } });
});

test.each([
  ["p256", "ECDSA P-256", "ECDSA SHA-256"],
  ["p384", "ECDSA P-384", "ECDSA SHA-384"],
  ["p521", "ECDSA P-521", "ECDSA SHA-512"],
  ["rsa2048", "RSA 2048 bits", "RSASSA-PKCS1-v1_5 SHA-256"],
])("--key %s", async (kind, key, signature) => {
  await done("init", "--key", kind);
  await done("node", "app@localhost", "--key", kind);
  const { certificates } = await json<{ certificates: [unknown] }>("show", "app@localhost");
  expect(certificates[0]).toMatchObject({ key, signature });
  expect(await failedChecks("app@localhost")).toEqual([]);
});

test("serial numbers are random, and every certificate is in the register", async () => {
  await done("init");
  for (const node of ["a@localhost", "b@localhost", "c@localhost"]) await done("node", node);
  const register = readdirSync(file("ca", "issued"));
  expect(new Set(register).size).toBe(3);
  expect(register.every((name) => /^[4-7][0-9a-f]{31}\.pem$/.test(name))).toBe(true);
});

test("nothing that is there is overwritten without --force", async () => {
  await done("init");
  await done("node", "app@localhost");
  const keys = (): string[] =>
    [file("ca", "key.pem"), file("app@localhost", "key.pem")].map((path) =>
      readFileSync(path, "utf8"),
    );
  const before = keys();
  for (const argv of [["init"], ["node", "app@localhost"]]) {
    const { status, err } = await cert(argv);
    expect(status).toBe(1);
    expect(err).toMatch(
      /^disterl: certificate: .*key\.pem exists, and is not overwritten\n.*--force/,
    );
  }
  expect(keys()).toEqual(before);
  await done("node", "app@localhost", "--force");
  const replaced = await cert(["init", "--force"]);
  expect(replaced.err).toMatch(/not valid with this one: app@localhost/);
  expect(keys().some((key) => before.includes(key))).toBe(false);
  expect(await failedChecks("app@localhost", "--ca", file("ca", "ca.pem"))).toContain(
    "chain CN=app@localhost",
  );
});

test("renew: the same names, a new key, the old pair beside it, and the old one still valid", async () => {
  await done("init");
  await done("node", "app@localhost", "--hosts", "app.example.org,10.0.0.7");
  const facts = async (): Promise<Record<string, unknown> | undefined> =>
    (await json<{ certificates: Record<string, unknown>[] }>("show", "app@localhost"))
      .certificates[0];
  const [old, key] = [await facts(), readFileSync(file("app@localhost", "key.pem"), "utf8")];
  await done("renew", "app@localhost");
  const renewed = await facts();
  expect(renewed?.["names"]).toEqual(old?.["names"]);
  expect(renewed?.["serial"]).not.toBe(old?.["serial"]);
  expect(readFileSync(file("app@localhost", "key.pem"), "utf8")).not.toBe(key);
  expect(readFileSync(file("app@localhost", "key.pem.old"), "utf8")).toBe(key);
  expect(mode(file("app@localhost", "key.pem.old"))).toBe("600");
  expect(await failedChecks("app@localhost")).toEqual([]);
  await done("revoke", String(old?.["serial"]));
  expect(await failedChecks("app@localhost")).toEqual([]);
  expect(await failedChecks(file("app@localhost", "cert.pem.old"))).toEqual([
    "revocation CN=app@localhost",
  ]);
});

test("renew ca: the certificates of nodes stay valid", async () => {
  await done("init", "--days", "10");
  await done("node", "app@localhost");
  expect(await failedChecks("app@localhost", "--at", "2049-01-01")).toHaveLength(3);
  const before = readFileSync(file("app@localhost", "ca.pem"), "utf8");
  await done("renew", "ca", "--days", "4000");
  const after = readFileSync(file("app@localhost", "ca.pem"), "utf8");
  expect(after).not.toBe(before);
  expect(after).toBe(readFileSync(file("ca", "ca.pem"), "utf8"));
  expect(await failedChecks("app@localhost")).toEqual([]);
});

test("a certificate counts no longer than its CA", async () => {
  await done("init", "--days", "10");
  const { notAfter } = await json<{ notAfter: string }>("node", "app@localhost", "--days", "400");
  const { ca } = await json<{ ca: { notAfter: string } }>("show");
  expect(notAfter).toBe(ca.notAfter);
  const late = await cert(["node", "b@localhost", "--from", "2045-01-01"]);
  expect(late).toMatchObject({ status: 2 });
  expect(late.err).toContain("renew ca");
});

test("revoke: the list grows, its number too, and every node gets it", async () => {
  await done("init");
  for (const node of ["a@localhost", "b@localhost"]) await done("node", node);
  interface Crl {
    readonly crls: [{ number: string; revoked: { serial: string; reason: string | null }[] }];
  }
  const list = async (): Promise<Crl["crls"][0]> => (await json<Crl>("show", "crl")).crls[0];
  expect(await list()).toMatchObject({ number: "1", revoked: [] });
  await done("revoke", "a@localhost", "--reason", "keyCompromise");
  await done("renew", "crl");
  await done("revoke", "b@localhost");
  expect(await list()).toMatchObject({
    number: "4",
    revoked: [{ reason: "keyCompromise" }, { reason: null }],
  });
  for (const node of ["a@localhost", "b@localhost"]) {
    const [copy = ""] = readdirSync(file(node, "crls"));
    expect(readFileSync(file(node, "crls", copy), "utf8")).toBe(
      readFileSync(file("ca", "crl.pem"), "utf8"),
    );
  }
  expect(await failedChecks()).toEqual(["revocation CN=a@localhost", "revocation CN=b@localhost"]);
  expect(await done("show")).toMatch(/^a@localhost .* {2}REVOKED$/m);
  const again = await cert(["revoke", "a@localhost"]);
  expect(again).toMatchObject({ status: 1 });
  expect(again.err).toContain("nothing of a@localhost is left to revoke");
});

test("verify says which check failed on which certificate", async () => {
  await done("init", "--name", "one");
  await done("node", "app@localhost", "--days", "20");
  const own = file("app@localhost", "cert.pem");
  expect(await failedChecks("app@localhost", "--at", "2020-01-01")).toEqual([
    "dates CN=app@localhost",
    "dates CN=one",
  ]);
  expect(await failedChecks(own, "--node", "app@elsewhere")).toEqual(["names CN=app@localhost"]);
  expect(await failedChecks(own, "--node", "other@localhost")).toEqual(["names CN=app@localhost"]);
  expect(await failedChecks(own, "--node", "app@localhost")).toEqual([]);
  expect(await failedChecks(file("ca", "ca.pem"))).toEqual(["usage CN=one"]);
  const soon = await cert(["verify"]);
  expect(soon.status).toBe(0);
  expect(soon.out).toMatch(/warning {2}dates .*19 days\n {24}disterl cert renew/);

  const other = join(home, "other");
  expect((await run(["cert", "init", "--name", "one", "--dir", other])).status).toBe(0);
  const forged = await cert(["verify", own, "--ca", join(other, "ca", "ca.pem")]);
  expect(forged.status).toBe(1);
  expect(forged.out).toMatch(
    /FAILED {3}chain +CN=app@localhost: was not signed by the key of CN=one/,
  );
  expect(await failedChecks(own, "--crl", join(other, "ca", "crl.pem"))).toEqual([
    "revocation CN=app@localhost",
  ]);
});

test("verify: a key that is another's, or that others can read", async () => {
  await done("init");
  for (const node of ["a@localhost", "b@localhost"]) await done("node", node);
  chmodSync(file("a@localhost", "key.pem"), 0o644);
  writeFileSync(file("b@localhost", "key.pem"), readFileSync(file("a@localhost", "key.pem")));
  expect(await failedChecks()).toEqual([
    "private key CN=a@localhost",
    "private key CN=b@localhost",
  ]);
});

test("verify: a weak key and a weak signature of others are told", async () => {
  const path = join(home, "weak.pem");
  writeFileSync(path, WEAK);
  const failed = await failedChecks(path, "--ca", path, "--at", "2027-06-01");
  expect(failed).toContain("key CN=weak@localhost");
  expect((await run(["cert", "show", path])).out).toContain("RSA 1024 bits");
});

test("what is to be copied elsewhere is told, when it is made and when it is renewed", async () => {
  await done("init");
  const made = await done("node", "app@localhost", "--install-dir", "/etc/app/tls");
  for (const told of [made, await done("renew", "app@localhost")]) {
    expect(told).toContain(`copy ${file("app@localhost")} to /etc/app/tls on the machine`);
    expect(told).toContain("-ssl_dist_optfile /etc/app/tls/inet_tls.conf");
    expect(told).toContain("disterl ping other@host --ssl-dist-optfile /etc/app/tls/inet_tls.conf");
  }
  await done("node", "b@localhost");
  expect(await done("renew", "b@localhost")).toContain(
    `start it with:\n  erl -sname b@localhost -proto_dist inet_tls -ssl_dist_optfile ${file("b@localhost", "inet_tls.conf")}`,
  );
});

test("the optfile is one Erlang term: both sides show a certificate and verify the other's", async () => {
  await done("init");
  await done("node", "app@localhost", "--install-dir", '/etc/"caf\u00e9"/tls');
  const text = readFileSync(file("app@localhost", "inet_tls.conf"), "utf8");
  expect(text).toMatch(/^[ -~\n]*$/);
  const [server, client] = sides(text);
  for (const options of [server, client]) {
    expect(options).toContain(String.raw`{certfile,"/etc/\"caf\x{e9}\"/tls/cert.pem"}`);
    expect(options).toContain("{verify,verify_peer}");
    expect(options).toContain("{versions,['tlsv1.3','tlsv1.2']}");
    expect(options).toContain("{crl_check,true}");
  }
  expect(server).toContain("{fail_if_no_peer_cert,true}");
  expect(client).not.toContain("fail_if_no_peer_cert");
  await done("node", "b@localhost", "--no-crl");
  expect(readFileSync(file("b@localhost", "inet_tls.conf"), "utf8")).not.toContain("crl");
  expect(() => parseTerm(text.replace(/^%%.*\n/, "").replace(/\.\n$/, ""))).not.toThrow();
});

function sides(text: string): readonly [string, string] {
  const [server = "", client = ""] = text.replaceAll(/(?<=[[,])\s+/g, "").split("{client,");
  return [server, client];
}

test("the CA's key is encrypted by a passphrase of a file, a variable or the terminal", async () => {
  const secret = join(home, "passphrase");
  writeFileSync(secret, "correct horse\n", { mode: 0o600 });
  await done("init", "--passphrase-file", secret);
  expect(readFileSync(file("ca", "key.pem"), "utf8")).toMatch(
    /^-----BEGIN ENCRYPTED PRIVATE KEY-----/,
  );
  const node = (name: string, world?: World): Promise<Ran> => cert(["node", name], world);
  const closed = await node("a@localhost");
  expect(closed).toMatchObject({ status: 1 });
  expect(closed.err).toContain("the CA's key is encrypted\n  name a file");
  const wrong = await node("a@localhost", { env: { DISTERL_CA_PASSPHRASE: "battery staple" } });
  expect(wrong).toMatchObject({ status: 1 });
  expect(wrong.err).toContain("the passphrase does not open");
  expect(wrong.err).not.toContain("battery");
  expect(existsSync(file("a@localhost"))).toBe(false);
  await done("node", "a@localhost", "--passphrase-file", secret);
  expect(
    await node("b@localhost", { env: { DISTERL_CA_PASSPHRASE: "correct horse" } }),
  ).toMatchObject({ status: 0 });
  expect(await node("c@localhost", { answers: ["correct horse"] })).toMatchObject({ status: 0 });
});

test("--encrypt asks twice", async () => {
  const encrypt = (answers?: readonly string[]): Promise<Ran> =>
    cert(["init", "--encrypt"], answers === undefined ? {} : { answers });
  expect((await encrypt()).err).toContain("there is no terminal");
  expect((await encrypt(["long enough", "another one"])).err).toContain("differ");
  expect((await encrypt(["short"])).err).toContain("at least 8");
  expect(existsSync(file("ca", "key.pem"))).toBe(false);
  expect((await encrypt(["long enough", "long enough"])).status).toBe(0);
});

/** Self-signed, RSA of 1024 bits: `openssl req -x509 -newkey rsa:1024 -subj /CN=weak@localhost`. */
const WEAK = `-----BEGIN CERTIFICATE-----
MIICDjCCAXegAwIBAgIULcPLOCVU5nCfW7L0W5wik/GQt9QwDQYJKoZIhvcNAQEF
BQAwGTEXMBUGA1UEAwwOd2Vha0Bsb2NhbGhvc3QwHhcNMjYxMTIxMTg0NzU5WhcN
NDYwMTIwMTg0NzU5WjAZMRcwFQYDVQQDDA53ZWFrQGxvY2FsaG9zdDCBnzANBgkq
hkiG9w0BAQEFAAOBjQAwgYkCgYEAuAt/Fk2A+0RJx7jVVnIQmjwywnE1b2/4RKDi
68f8USMwU9FDeS4frmSIKLGF14vCyy+141QCPDyr9ZWmsqsHhTPOpo0LJ4iVd+FI
0NAbWCiawumoTnqVZcuOEk/3clkIbfaNtgv3RZn/TaDXx8QBmacYvZhky9I8bvbm
akmdBoMCAwEAAaNTMFEwHQYDVR0OBBYEFDHXssbTelCGqYM/Xl93Rn2IeoybMB8G
A1UdIwQYMBaAFDHXssbTelCGqYM/Xl93Rn2IeoybMA8GA1UdEwEB/wQFMAMBAf8w
DQYJKoZIhvcNAQEFBQADgYEAh4eVCD8Ztk+1mHnHbmzB2kGnyYDjgiwl4yd74fid
vnmMv+QIZcL+gkZu8vNhFGuDJTl4EKfEdcCFiqwPEGWuO+fuRhp7mrsfxrGh2JdK
6t7+cSeqGKETYvgA0qFMUQbjOHEHtKInLC0xt9IKdPtWbfdRqlAzw2CuuSANQpd9
l+g=
-----END CERTIFICATE-----
`;
