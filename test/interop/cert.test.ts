import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CEpmd,
  type OtpNode,
  type OtpRelease,
  startCEpmd,
  startOtpNode,
} from "disterl/testing";
import { startNode } from "disterl";
import { afterEach, beforeEach, describe, expect, test as hostTest } from "vitest";
import { forEachOtp } from "./otp.ts";
import { disterl } from "./run-disterl.ts";

const COOKIE = "a cookie for tests only";

/** Directories of certificates, as this process and as a release see them. */
interface Place {
  readonly outside: string;
  readonly inside: string;
}

function makePlace(root = ""): Place {
  const outside = mkdtempSync(join(root, root === "" ? tmpdir() : "/tmp", "disterl-cert-"));
  return { outside, inside: outside.slice(root.length) };
}

async function cert({ outside, inside }: Place, ...argv: string[]): Promise<string> {
  const installed = argv[0] === "node" ? ["--install-dir", join(inside, argv[1] ?? "")] : [];
  const done = await disterl(["cert", ...argv, ...installed, "--dir", outside], {});
  expect(done).toMatchObject({ status: 0, err: "" });
  return done.out;
}

forEachOtp((release, test) => {
  let epmd: CEpmd;
  let place: Place;
  const nodes: OtpNode[] = [];

  beforeEach(async () => {
    place = makePlace(release.root);
    epmd = await startCEpmd({ release });
    await cert(place, "init");
  });
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.stop();
    await epmd.stop();
    rmSync(place.outside, { recursive: true });
  });

  /** An Erlang node with the certificate made for `certified`, which as a rule is its own name. */
  async function start(name: string, certified = name, from = place): Promise<OtpNode> {
    const node = await startOtpNode({
      ...{ release, name, cookie: COOKIE, epmdPort: epmd.port },
      nameType: name.includes(".") ? "long" : "short",
      flags: [
        ...["-proto_dist", "inet_tls"],
        ...["-ssl_dist_optfile", join(from.inside, certified, "inet_tls.conf")],
      ],
    });
    nodes.push(node);
    return node;
  }

  const ping = (from: OtpNode, to: OtpNode): Promise<string> =>
    from.eval(`net_adm:ping('${to.nodeName}')`);

  test("the harness", "disterl cert: Erlang nodes verify each other", async () => {
    await cert(place, "node", "a@localhost");
    await cert(place, "node", "b@localhost", "--key", "rsa2048");
    const [a, b] = [await start("a@localhost"), await start("b@localhost")];
    expect(await ping(a, b)).toBe("pong");
    expect(await b.eval("nodes()")).toBe("[a@localhost]");
    expect(await a.eval("erpc:call('b@localhost', erlang, node, [])")).toBe("b@localhost");
    const certificate = otpCertificate(place, "a@localhost");
    expect(await b.eval(`inet_tls_dist:cert_nodes(${certificate})`)).toBe('["localhost"]');
    expect(await b.eval(`element(2, ${certificate})`)).toContain('<<"a@localhost">>');
  });

  test("the harness", "disterl cert: long names with an address as host", async () => {
    await cert(place, "node", "a@127.0.0.1");
    await cert(place, "node", "b@127.0.0.1", "--key", "p384");
    expect(await ping(await start("a@127.0.0.1"), await start("b@127.0.0.1"))).toBe("pong");
  });

  test(
    "both ways",
    "disterl cert: a node of ours and an Erlang node verify each other",
    async () => {
      await cert(place, "node", "a@localhost");
      await cert(place, "node", "ours@localhost");
      await start("a@localhost");
      const own = (name: string): string => join(place.outside, "ours@localhost", name);
      const ours = await startNode({
        name: "ours@localhost",
        cookie: COOKIE,
        epmd: { port: epmd.port, start: false },
        tls: {
          ...{ certfile: own("cert.pem"), keyfile: own("key.pem"), cacertfile: own("ca.pem") },
          crlDir: own("crls"),
        },
      });
      try {
        await ours.ping("a@localhost");
        await cert(place, "node", "b@localhost");
        const b = await start("b@localhost");
        expect(await b.eval("net_adm:ping('ours@localhost')")).toBe("pong");
      } finally {
        await ours.stop();
      }
    },
  );

  test("the harness", "disterl cert: a certificate of another CA is refused", async () => {
    await using other = await otherCa(release);
    await cert(place, "node", "a@localhost");
    await cert(other.place, "node", "b@localhost");
    const a = await start("a@localhost");
    const b = await start("b@localhost", "b@localhost", other.place);
    expect(await ping(a, b)).toBe("pang");
    expect(await ping(b, a)).toBe("pang");
  });

  test("the harness", "disterl cert: a certificate of another host is refused", async () => {
    await cert(place, "node", "a@localhost");
    await cert(place, "node", "b@elsewhere");
    const a = await start("a@localhost");
    const b = await start("b@localhost", "b@elsewhere");
    expect(await ping(a, b)).toBe("pang");
  });

  test("the harness", "disterl cert: a revoked certificate is refused, either way", async () => {
    for (const node of ["a@localhost", "b@localhost"]) await cert(place, "node", node);
    const [a, b] = [await start("a@localhost"), await start("b@localhost")];
    expect(await ping(a, b)).toBe("pong");
    await cert(place, "revoke", "b@localhost", "--reason", "keyCompromise");
    expect(await a.eval("erlang:disconnect_node('b@localhost')")).toBe("true");
    expect(await ping(a, b)).toBe("pang");
    expect(await ping(b, a)).toBe("pang");
    await cert(place, "renew", "b@localhost");
    const renewed = await start("b2@localhost", "b@localhost");
    expect(await ping(a, renewed)).toBe("pong");
  });
});

/** An expression for the certificate of a node, decoded. */
function otpCertificate({ inside }: Place, node: string): string {
  const file = join(inside, node, "cert.pem");
  return (
    `begin {ok, Pem} = file:read_file("${file}"), [{_, Der, _}] = public_key:pem_decode(Pem),` +
    " public_key:pkix_decode_cert(Der, otp) end"
  );
}

async function otherCa({ root }: OtpRelease): Promise<AsyncDisposable & { readonly place: Place }> {
  const place = makePlace(root);
  await cert(place, "init");
  return {
    place,
    [Symbol.asyncDispose]: () => Promise.resolve(rmSync(place.outside, { recursive: true })),
  };
}

const openssl = spawnSync("openssl", ["version"]).status === 0;
if (!openssl) console.log("SKIPPED: openssl is not installed (apt-get install openssl)");

describe.skipIf(!openssl)("openssl", () => {
  let place: Place;
  beforeEach(async () => {
    place = makePlace();
    await cert(place, "init");
  });
  afterEach(() => rmSync(place.outside, { recursive: true }));

  const file = (...parts: string[]): string => join(place.outside, ...parts);
  const verify = (...more: string[]) =>
    spawnSync("openssl", ["verify", "-x509_strict", "-CAfile", file("ca", "ca.pem"), ...more], {
      encoding: "utf8",
    });

  hostTest("disterl cert: openssl accepts what was made, for both purposes", async () => {
    await cert(place, "node", "a@app-1.example.org", "--hosts", "10.0.0.7,fd00::7");
    const own = file("a@app-1.example.org", "cert.pem");
    for (const purpose of ["sslserver", "sslclient"]) {
      expect(verify("-purpose", purpose, "-verify_hostname", "app-1.example.org", own).status).toBe(
        0,
      );
      expect(verify("-purpose", purpose, "-verify_ip", "fd00::7", own).status).toBe(0);
    }
    expect(verify("-verify_hostname", "elsewhere.example.org", own).status).not.toBe(0);
    const key = ["-in", file("a@app-1.example.org", "key.pem")];
    expect(
      execFileSync("openssl", ["pkey", ...key, "-check", "-noout"], { encoding: "utf8" }),
    ).toContain("valid");
  });

  hostTest("disterl cert: openssl reads the list, and refuses what is on it", async () => {
    await cert(place, "node", "a@localhost");
    const own = file("a@localhost", "cert.pem");
    const list = ["-CRLfile", file("ca", "crl.pem"), "-crl_check"];
    expect(verify(...list, own).status).toBe(0);
    await cert(place, "revoke", "a@localhost", "--reason", "keyCompromise");
    expect(verify(...list, own).stderr).toContain("certificate revoked");
    const args = ["crl", "-in", file("ca", "crl.pem"), "-noout", "-hash", "-crlnumber"];
    const told = execFileSync("openssl", args, { encoding: "utf8" });
    expect(told).toContain("crlNumber=0x02");
    const [hashed = ""] = readdirSync(file("a@localhost", "crls"));
    expect(told).toContain(hashed.replace(".r0", ""));
    expect(readFileSync(file("a@localhost", "crls", hashed))).toEqual(
      readFileSync(file("ca", "crl.pem")),
    );
  });
});
