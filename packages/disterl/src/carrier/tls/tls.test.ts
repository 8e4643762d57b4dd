import { cpSync, readFileSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { join } from "node:path";
import * as tls from "node:tls";
import { afterAll, afterEach, expect, test } from "vitest";
import { TestAuthority } from "../../testing/test-authority.ts";
import type { Channel, Listener } from "../carrier.ts";
import type { CarrierError } from "../errors.ts";
import { inetTls } from "./tls.ts";
import type { TlsCertificateError } from "./tls-errors.ts";
import type { TlsOptions } from "./tls-options.ts";
import { VirtualClock } from "../virtual-clock.ts";

const authority = new TestAuthority("our CA");
const stranger = new TestAuthority("their CA");
afterAll(() => {
  authority[Symbol.dispose]();
  stranger[Symbol.dispose]();
});

const { cacertfile } = authority;
const good = { ...authority.issue("good"), cacertfile };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Serving {
  readonly port: number;
  readonly listener: Listener;
  readonly refused: Error[];
  readonly accepted: Channel[];
  /** Resolves with the next refusal. */
  refusal(): Promise<CarrierError>;
}

async function serve(options: TlsOptions): Promise<Serving> {
  const refused: Error[] = [];
  const accepted: Channel[] = [];
  const waiting: ((error: Error) => void)[] = [];
  const listener = await inetTls({ onWarning: () => {}, ...options }).listen(
    {
      host: "127.0.0.1",
      onRefused: (_remote, error) => {
        refused.push(error);
        waiting.shift()?.(error);
      },
    },
    (channel) => {
      accepted.push(channel);
      channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
      channel.write([Uint8Array.of(7)]);
    },
  );
  closers.push(
    () => listener.close(),
    () => accepted.forEach((channel) => channel.destroy()),
  );
  return {
    port: listener.address.port,
    listener,
    refused,
    accepted,
    refusal: () =>
      new Promise((resolve) => {
        const found = refused.shift();
        if (found === undefined) waiting.push((error) => resolve(error as CarrierError));
        else resolve(found as CarrierError);
      }),
  };
}

/** Dials, and waits for a byte: then both sides have agreed. */
async function dial(port: number, options: TlsOptions, node = "peer@localhost"): Promise<void> {
  const carrier = inetTls({ onWarning: () => {}, ...options });
  const channel = await carrier.connect({ host: "127.0.0.1", port, node });
  closers.push(() => channel.destroy());
  await new Promise<void>((resolve, reject) => {
    channel.handle({
      onData: () => resolve(),
      onDrain: () => {},
      onClose: (error) => reject(error ?? new Error("closed")),
    });
  });
}

async function failure(promise: Promise<unknown>): Promise<TlsCertificateError> {
  return promise.then(
    () => Promise.reject(new Error("it was accepted")),
    (error: unknown) => error as TlsCertificateError,
  );
}

test.each(["tlsv1.2", "tlsv1.3"] as const)("both sides verified, %s", async (version) => {
  const { port } = await serve({ ...good, versions: [version] });
  await dial(port, good);
});

const rogue = { ...stranger.issue("rogue"), cacertfile };
const expired = { ...authority.issue("expired", { days: [-9, -1] }), cacertfile };
const early = { ...authority.issue("early", { days: [1, 9] }), cacertfile };
const self = { ...authority.selfSigned("self"), cacertfile };
const elsewhere = { ...authority.issue("elsewhere", { names: "DNS:elsewhere" }), cacertfile };
const serverOnly = { ...authority.issue("server-only", { uses: "serverAuth" }), cacertfile };
const clientOnly = { ...authority.issue("client-only", { uses: "clientAuth" }), cacertfile };
const weak = { ...authority.issue("weak", { algorithm: "RSA-1024" }), cacertfile };
const noSigner = { ...authority.issue("no-signer", { keyUsage: "keyAgreement" }), cacertfile };
const underLeaf = {
  ...authority.issue("under-leaf", {}, authority.issue("leaf")),
  cacertfile,
};

test.each([
  ["another CA", rogue, "issuer", "CN=rogue", "not issued by a CA that we trust"],
  ["expired", expired, "validity", "CN=expired", "has expired"],
  ["not yet valid", early, "validity", "CN=early", "is not valid yet"],
  ["self-signed", self, "issuer", "CN=self", "signed by itself"],
  ["another host", elsewhere, "name", "CN=elsewhere", "not for the host localhost"],
  ["for clients only", clientOnly, "purpose", "CN=client-only", "serverAuth"],
  ["a weak key", weak, "strength", "CN=weak", "an RSA key of 1024 bits"],
  ["a key that must not sign", noSigner, "purpose", "CN=no-signer", "without digitalSignature"],
  ["issued by a leaf", underLeaf, "issuer", "CN=under-leaf", "not issued by a CA"],
])("a server is refused: %s", async (_what, server, check, subject, text) => {
  const { port } = await serve(server);
  const error = await failure(dial(port, good));
  expect(error.code).toBe("ERR_CARRIER_TLS_CERTIFICATE");
  expect(error.check).toBe(check);
  expect(error.certificate?.subject).toContain(subject);
  expect(error.certificate?.issuer).toMatch(/CN=/);
  expect(error.certificate?.serialNumber).toMatch(/^[0-9A-F]+$/);
  expect(error.message).toContain(text);
  expect(error.message).toContain("peer@localhost");
});

test.each(["tlsv1.2", "tlsv1.3"] as const)("clients are refused, %s", async (version) => {
  const cases = [
    [rogue, "issuer"],
    [expired, "validity"],
    [early, "validity"],
    [self, "issuer"],
    [serverOnly, "purpose"],
    [weak, "strength"],
    [noSigner, "purpose"],
    [{ cacertfile }, "missing"],
  ] as const;
  for (const [client, check] of cases) {
    const serving = await serve({ ...good, versions: [version] });
    const dialled = failure(dial(serving.port, client));
    const refusal = (await serving.refusal()) as TlsCertificateError;
    expect([refusal.code, refusal.check]).toEqual(["ERR_CARRIER_TLS_CERTIFICATE", check]);
    expect(refusal.message).toContain("127.0.0.1");
    await dialled;
    expect(serving.accepted).toEqual([]);
  }
});

test("a certificate for the full name of the node will do, another node's will not", async () => {
  const named = { ...authority.issue("named", { names: "DNS:peer@localhost" }), cacertfile };
  const { port } = await serve(named);
  await dial(port, good, "peer@localhost");
  expect((await failure(dial(port, good, "other@localhost"))).check).toBe("name");
});

test("the host of the node's name counts, not the address it was found at", async () => {
  const { port } = await serve({ ...good, ...authority.issue("ip", { names: "IP:127.0.0.1" }) });
  await dial(port, good, "peer@127.0.0.1");
  expect((await failure(dial(port, good, "peer@localhost"))).check).toBe("name");
});

test("an address may stand among the names, where OTP looks for it", async () => {
  const { port } = await serve({ ...good, ...authority.issue("dns", { names: "DNS:127.0.0.1" }) });
  await dial(port, good, "peer@127.0.0.1");
});

test("a CA between, up to depth", async () => {
  const between = authority.issue("between", { authority: true });
  const leaf = authority.issue("deep", {}, between);
  const cert = readFileSync(leaf.certfile, "utf8") + readFileSync(between.certfile, "utf8");
  const { port } = await serve({ cert, keyfile: leaf.keyfile, cacertfile });
  await dial(port, good);
  await dial(port, { ...good, depth: 1 });
  const error = await failure(dial(port, { ...good, depth: 0 }));
  expect(error.check).toBe("depth");
});

test("revoked certificates are refused, also when the list comes later", async () => {
  const doomed = authority.issue("doomed");
  const crlfile = join(authority.folder, "late-crl.pem");
  cpSync(authority.revocationList(), crlfile);
  const clock = new VirtualClock();
  const serving = await serve({ ...good, crlfile, clock });
  await dial(serving.port, { ...doomed, cacertfile });
  authority.revoke(doomed);
  cpSync(authority.revocationList(), crlfile);
  await clock.advance(1_000);
  const dialled = failure(dial(serving.port, { ...doomed, cacertfile }));
  const refusal = (await serving.refusal()) as TlsCertificateError;
  expect(refusal.check).toBe("revocation");
  expect(refusal.certificate?.subject).toContain("doomed");
  await dialled;
  await dial(serving.port, good);
});

test("a changed certificate is used from then on; a broken one is told and left", async () => {
  const certfile = join(authority.folder, "changing.pem");
  const keyfile = join(authority.folder, "changing.key");
  const use = (pair: { certfile: string; keyfile: string }): void => {
    cpSync(pair.keyfile, keyfile);
    cpSync(pair.certfile, certfile);
  };
  use(elsewhere);
  const clock = new VirtualClock();
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  const { port } = await serve({ certfile, keyfile, cacertfile, clock, onWarning });
  expect((await failure(dial(port, good))).check).toBe("name");
  use(good);
  await clock.advance(1_000);
  await dial(port, good);
  writeFileSync(certfile, "half a fi");
  await clock.advance(1_000);
  await dial(port, good);
  expect(warnings.join()).toMatch(/holds no certificate.*stays in use/);
});

test("verifyFun has the last word", async () => {
  const { port } = await serve(expired);
  await dial(port, { ...good, verifyFun: ({ problem }) => problem?.check === "validity" || "no" });
  const error = await failure(dial(port, { ...good, verifyFun: () => "not today" }));
  expect(error.message).toContain("not today");
  const thrown = await failure(
    dial(port, {
      ...good,
      verifyFun: () => {
        throw new Error("oops");
      },
    }),
  );
  expect(thrown.check).toBe("verify_fun");
});

test("a session is not resumed, so nothing is skipped", async () => {
  const { port } = await serve({ ...good, versions: ["tlsv1.2"] });
  const sessions: Buffer[] = [];
  const connect = (session?: Buffer): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const socket = tls.connect({
        port,
        host: "127.0.0.1",
        servername: "localhost",
        ca: readFileSync(cacertfile),
        cert: readFileSync(good.certfile),
        key: readFileSync(good.keyfile),
        session,
      });
      socket.on("session", (found) => sessions.push(found));
      socket.on("error", reject);
      socket.on("data", () => {
        const found = socket.getSession();
        if (found !== undefined) sessions.push(found);
        resolve(socket.isSessionReused());
        socket.destroy();
      });
    });
  expect(await connect()).toBe(false);
  expect(sessions.length).toBeGreaterThan(0);
  expect(await connect(sessions[0])).toBe(false);
});

test("what speaks no TLS is refused with a hint, and nobody waits for it", async () => {
  const serving = await serve(good);
  const plain = net.connect(serving.port, "127.0.0.1");
  plain.on("error", () => {});
  closers.push(() => plain.destroy());
  plain.write(Buffer.from("001a4e00000103df6ffd0000000100086e6f6465406c6f63616c", "hex"));
  const refusal = await serving.refusal();
  expect(refusal.code).toBe("ERR_CARRIER_TLS_HANDSHAKE");
  expect(refusal.message).toContain("not TLS");
});

test("500 silent connections keep nobody out, and are gone after their time", async () => {
  const clock = new VirtualClock();
  const serving = await serve({ ...good, clock, tlsPending: 64 });
  const sockets = Array.from({ length: 500 }, () => net.connect(serving.port, "127.0.0.1"));
  closers.push(() => sockets.forEach((socket) => socket.destroy()));
  const closed = Promise.all(
    sockets.map((socket) => {
      socket.on("error", () => {});
      socket.resume();
      return new Promise((resolve) => socket.on("close", resolve));
    }),
  );
  // Time stands still for who listens: nobody is given up for silence yet.
  await dial(serving.port, good);
  expect(serving.refused.filter(({ message }) => message.includes("5000 ms"))).toEqual([]);
  await clock.advance(5_000);
  await closed;
  expect(serving.refused.some(({ message }) => message.includes("5000 ms"))).toBe(true);
  expect(serving.refused.some(({ message }) => message.includes("more than 64"))).toBe(true);
});

test("half a handshake is cut at its time", async () => {
  const clock = new VirtualClock();
  const serving = await serve({ ...good, clock });
  const half = net.connect(serving.port, "127.0.0.1");
  closers.push(() => half.destroy());
  half.write(Buffer.from("1603010200010001fc0303", "hex"));
  await new Promise((resolve) => half.once("connect", resolve));
  await dial(serving.port, good);
  await clock.advance(5_000);
  expect((await serving.refusal()).message).toContain("no TLS within 5000 ms");
});

test("a dial of a plain port, and of one that is silent", async () => {
  const server = net.createServer((socket) => {
    socket.once("data", () => socket.end("no"));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  const error = await failure(dial(port, good));
  expect(error.code).toBe("ERR_CARRIER_TLS_HANDSHAKE");
  const held: net.Socket[] = [];
  const silent = net.createServer((socket) => void held.push(socket));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  closers.push(
    () => silent.close(),
    () => held.forEach((socket) => socket.destroy()),
  );
  const late = await failure(
    dial((silent.address() as net.AddressInfo).port, { ...good, tlsHandshakeMs: 50 }),
  );
  expect(late.message).toContain("within 50 ms");
});

test("no common version is said to be that", async () => {
  const serving = await serve({ ...good, versions: ["tlsv1.3"] });
  const error = await failure(dial(serving.port, { ...good, versions: ["tlsv1.2"] }));
  expect(error.code).toBe("ERR_CARRIER_TLS_REFUSED");
  expect(error.message).toMatch(/"protocol version": .*; compare versions$/);
  expect((await serving.refusal()).message).toContain("no version, cipher");
});

test("an encrypted key needs its password", async () => {
  const { createPrivateKey } = await import("node:crypto");
  const key = createPrivateKey(readFileSync(good.keyfile));
  const encrypted = key
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "open sesame" })
    .toString();
  const options = { cert: readFileSync(good.certfile, "utf8"), key: encrypted, cacertfile };
  const { port } = await serve({ ...options, password: "open sesame" });
  await dial(port, good);
});

test("what is insecure works, and is told once", async () => {
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  const open = { certfile: good.certfile, keyfile: good.keyfile, verify: "verify_none" } as const;
  const { port } = await serve({ ...open, onWarning });
  await dial(port, { verify: "verify_none" });
  expect(warnings.filter((text) => text.includes("server: peers are not verified"))).toHaveLength(
    1,
  );
  expect(warnings.filter((text) => text.includes("client: nodes"))).toHaveLength(1);
  warnings.length = 0;
  await serve({ ...good, server: { failIfNoPeerCert: false }, onWarning });
  inetTls({ ...good, client: { serverNameIndication: false }, onWarning });
  inetTls({ ...good, ...expired, onWarning });
  expect(warnings.join("\n")).toMatch(
    /without a certificate are let in[^]*host in a certificate[^]*has expired/,
  );
});

test("a certificate of ours for another host is told at the start", async () => {
  const warnings: string[] = [];
  const onWarning = (message: string): void => void warnings.push(message);
  const far = { ...authority.issue("far", { names: "DNS:far.example" }), cacertfile };
  const listen = async (options: TlsOptions, node: string): Promise<void> => {
    const listener = await inetTls({ ...options, onWarning }).listen(
      { host: "127.0.0.1", node },
      () => {},
    );
    await listener.close();
  };
  await listen(far, "app@far.example");
  await listen({ ...far, nameBinding: "none" }, "app@localhost");
  expect(warnings).toEqual([]);
  await listen(far, "app@localhost");
  expect(warnings).toEqual([
    expect.stringMatching(
      /our certificate ".*CN=far" .* is not for the host localhost: it is for DNS:far.example; nodes that verify it refuse us: make one/,
    ),
  ]);
});
