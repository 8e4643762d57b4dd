import { afterAll, afterEach, expect, test } from "vitest";
import { record } from "../../../test/node-events.ts";
import { TlsCertificateError } from "./carrier/tls/tls-errors.ts";
import type { NameBinding, TlsOptions } from "./carrier/tls/tls-options.ts";
import { type Discovery, noDiscovery } from "./epmd/discovery.ts";
import type { Node } from "./node.ts";
import { startNode } from "./start-node.ts";
import type { StartNodeOptions } from "./start-options.ts";
import { TestAuthority } from "./testing/test-authority.ts";

const authority = new TestAuthority("cluster CA");
const { cacertfile } = authority;
const forHost = authority.issue("for-host", { names: "DNS:localhost" });
const forOther = authority.issue("for-other", { names: "DNS:elsewhere" });
const forNode = authority.issue("for-node", { names: "DNS:app@localhost" });
afterAll(() => authority[Symbol.dispose]());

const running: Node[] = [];
afterEach(async () => {
  for (const node of running.splice(0)) await node.stop();
});

const ports = new Map<string, number>();
const discovery: Discovery = {
  ...noDiscovery,
  lookup: (name, host) => {
    const port = ports.get(`${name}@${host}`);
    const found = port === undefined ? undefined : { port, version: 6, address: "127.0.0.1" };
    return Promise.resolve(found);
  },
};

async function start(
  name: string | undefined,
  tls: TlsOptions,
  more: StartNodeOptions = {},
): Promise<Node> {
  const options = { cookie: "c", discovery, onWarning: () => {}, ...more };
  const all = { ...options, ...(name === undefined ? {} : { name }) };
  const node = await startNode({ ...all, tls: { cacertfile, onWarning: () => {}, ...tls } });
  running.push(node);
  if (name !== undefined && more.listen !== false) ports.set(name, node.address?.port ?? 0);
  return node;
}

/** Of what is refused, the check that failed and the text. */
function refusals(node: Node): () => string[] {
  const events = record(node);
  return () =>
    events.flatMap((event) => {
      if (event.type !== "refused") return [];
      expect(event.error).toBeInstanceOf(TlsCertificateError);
      expect(event.code).toBe("ERR_CARRIER_TLS_CERTIFICATE");
      const { check, message } = event.error as TlsCertificateError;
      return [`${check}: ${message}`];
    });
}

const CERTIFICATES = { forHost, forOther, forNode };
const CLAIMS = ["app@localhost", "web@localhost", "app@elsewhere"] as const;
const ALLOWED: Record<NameBinding, Record<keyof typeof CERTIFICATES, readonly string[]>> = {
  host: {
    forHost: ["app@localhost", "web@localhost"],
    forOther: ["app@elsewhere"],
    forNode: ["app@localhost"],
  },
  node: { forHost: [], forOther: [], forNode: ["app@localhost"] },
  none: { forHost: CLAIMS, forOther: CLAIMS, forNode: CLAIMS },
};

test.each(["host", "node", "none"] as const)(
  "three certificates, three names: %s",
  async (nameBinding) => {
    const server = await start("server@localhost", { ...forHost, nameBinding });
    const refused = refusals(server);
    for (const [which, certificate] of Object.entries(CERTIFICATES)) {
      const connected: string[] = [];
      for (const name of CLAIMS) {
        const peer = await start(name, certificate, { listen: false });
        const error: unknown = await peer.connect(server.name).then(
          () => connected.push(name),
          (reason: unknown) => reason,
        );
        if (error instanceof Error) expect(error.message).toContain("not_allowed");
        await peer.stop();
        await expect.poll(() => server.nodes("connected")).toEqual([]);
      }
      expect(connected).toEqual(ALLOWED[nameBinding][which as keyof typeof CERTIFICATES]);
    }
    await expect.poll(() => refused().length).toBe({ host: 5, node: 8, none: 0 }[nameBinding]);
    for (const text of refused()) {
      expect(text).toMatch(
        /^name: .*127\.0\.0\.1, which claims to be (app|web)@[a-z]+: .* is not for the/,
      );
    }
  },
);

test("a node without a name is held against its host, and so is the name that it gets", async () => {
  const server = await start("server@localhost", forHost);
  const refused = refusals(server);
  const good = await start("undefined@localhost", forHost);
  await good.connect(server.name);
  expect(good.name).toMatch(/^[^@]+@localhost$/);
  const bad = await start("undefined@localhost", forOther);
  await expect(bad.connect(server.name)).rejects.toThrow("not_allowed");
  await expect.poll(refused).toHaveLength(1);
  expect(refused()[0]).toContain("which asks for a name");
  expect(server.nodes("connected")).toEqual([good.name]);
  // With the name that it was lent it may go on to others.
  const other = await start("other@localhost", forHost);
  await good.connect(other.name);
});

test("a name that is connected cannot be taken over with another host's certificate", async () => {
  const server = await start("server@localhost", forHost);
  const refused = refusals(server);
  const app = await start("app@localhost", forNode, { listen: false });
  await app.connect(server.name);
  const thief = await start("app@localhost", forOther, { listen: false });
  await expect(thief.connect(server.name)).rejects.toThrow("not_allowed");
  await expect.poll(refused).toHaveLength(1);
  expect(app.nodes("connected")).toEqual([server.name]);
  await app.ping(server.name);
});

test("a dial of ours is not disturbed by somebody who claims the name that is dialled", async () => {
  const small = await start("a@localhost", forHost);
  const great = await start("b@localhost", forHost);
  const thief = await start("b@localhost", forOther, { listen: false });
  const stolen = thief.connect(small.name).catch((error: unknown) => error);
  await Promise.all([small.connect(great.name), great.connect(small.name)]);
  expect(await stolen).toBeInstanceOf(Error);
  expect(small.nodes("connected")).toEqual([great.name]);
});

test("node: a node that is dialled must show a certificate for its whole name", async () => {
  const host = await start("app@localhost", forHost);
  const dialler = await start(
    "server@localhost",
    { ...forHost, nameBinding: "node" },
    { listen: false },
  );
  await expect(dialler.connect("app@localhost")).rejects.toThrow(
    "is not for the node app@localhost",
  );
  await host.stop();
  await start("app@localhost", { ...forNode, nameBinding: "none" });
  await dialler.connect("app@localhost");
});

test("nobody is bound by a certificate that was not asked for, or not shown", async () => {
  const open = { ...forHost, server: { verify: "verify_none" } } as const;
  const server = await start("server@localhost", open);
  const claimant = await start("app@far", forOther, { listen: false });
  await claimant.connect(server.name);
  await server.stop();
  const lax = await start("lax@localhost", { ...forHost, server: { failIfNoPeerCert: false } });
  const bare = await start("bare@far", {}, { listen: false });
  await bare.connect(lax.name);
  await expect(claimant.connect(lax.name)).rejects.toThrow("not_allowed");
});

test("where a fixed name is asked for, or none, certificates are not expected to name hosts", async () => {
  for (const serverNameIndication of ["cluster.example", false] as const) {
    const client = { serverNameIndication };
    const server = await start("server@localhost", { ...forHost, client });
    const peer = await start("app@localhost", forOther, { listen: false });
    await peer.connect(server.name);
    await server.stop();
    const strict = await start("server@localhost", { ...forHost, client, nameBinding: "host" });
    await expect(peer.connect(strict.name)).rejects.toThrow("not_allowed");
    await strict.stop();
    await peer.stop();
  }
});

test("who is refused for its certificate is told where the reason is", async () => {
  using another = new TestAuthority("another CA");
  const server = await start("server@localhost", forHost);
  const refused = refusals(server);
  const own = another.issue("stranger", { names: "DNS:localhost" });
  const stranger = await start("app@localhost", own, { listen: false });
  const error: unknown = await stranger.connect(server.name).catch((thrown: unknown) => thrown);
  expect(String(error)).toMatch(/over TLS it most likely refuses our certificate/);
  expect(refused().join()).toMatch(/^issuer: /);
});
