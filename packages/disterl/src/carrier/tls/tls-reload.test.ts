import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { TestAuthority, type TestCertificate } from "../../testing/test-authority.ts";
import { TlsIdentity } from "./tls-identity.ts";
import { inetTls } from "./tls.ts";
import { VirtualClock } from "../virtual-clock.ts";

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());

test("every listener of a carrier uses the files as they are now, and so does the next one", async () => {
  const good = authority.issue("good");
  const elsewhere = authority.issue("elsewhere", { names: "DNS:elsewhere" });
  const certfile = join(authority.folder, "changing.pem");
  const keyfile = join(authority.folder, "changing.key");
  const use = (pair: TestCertificate): void => {
    cpSync(pair.keyfile, keyfile);
    cpSync(pair.certfile, certfile);
  };
  const clock = new VirtualClock();
  const { cacertfile } = authority;
  const quiet = { cacertfile, onWarning: () => {} };
  use(elsewhere);
  const carrier = inetTls({ ...quiet, certfile, keyfile, clock });
  const listen = () => carrier.listen({ host: "127.0.0.1" }, (channel) => channel.destroy());
  const dial = async (port: number): Promise<void> => {
    const dialling = inetTls({ ...quiet, ...good });
    (await dialling.connect({ host: "127.0.0.1", port, node: "a@localhost" })).destroy();
  };
  const listeners = [await listen(), await listen()];
  for (const { address } of listeners) {
    await expect(dial(address.port)).rejects.toMatchObject({ check: "name" });
  }
  use(good);
  await clock.advance(1_000);
  for (const { address } of listeners) await dial(address.port);
  use(elsewhere);
  await clock.advance(1_000);
  const late = await listen();
  await expect(dial(late.address.port)).rejects.toMatchObject({ check: "name" });
  for (const listener of [...listeners, late]) await listener.close();
});

test("what cannot be used stays out, is told, and is not read again before it changes", async () => {
  const folder = join(authority.folder, "lists");
  mkdirSync(folder);
  const list = readFileSync(authority.revocationList());
  const path = join(folder, "ours.pem");
  writeFileSync(path, list);
  writeFileSync(join(folder, ".keep"), "");
  const { cacertfile } = authority;
  const side = { ...authority.issue("node"), cacertfile, crlDir: folder };
  const clock = new VirtualClock();
  const told: string[] = [];
  const identity = new TlsIdentity("server", side, (text) => void told.push(text), clock);
  const inUse = identity.revocation;
  const look = async () => {
    await clock.advance(1_000);
    void identity.context;
  };
  for (const broken of ["", list.subarray(0, 90).toString(), "\n"]) {
    writeFileSync(path, broken);
    told.length = 0;
    for (let time = 0; time < 3; time++) await look();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/server crlDir .*ours.pem.*what was read before stays in use/);
    expect(identity.revocation).toBe(inUse);
  }
  writeFileSync(path, list);
  await look();
  expect(identity.revocation).not.toBe(inUse);
  expect(identity.revocation.lists).toHaveLength(1);
});

test("that our certificate has expired is told while we run, too", async () => {
  const { cacertfile } = authority;
  const side = { ...authority.issue("mortal"), cacertfile };
  const clock = new VirtualClock();
  const told: string[] = [];
  const identity = new TlsIdentity("client", side, (text) => void told.push(text), clock);
  expect(told).toEqual([]);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31 * 86_400_000 });
  try {
    await clock.advance(1_000);
    void identity.context;
  } finally {
    vi.useRealTimers();
  }
  expect(told.join()).toMatch(/client: our certificate "[^"]*CN=mortal.*has expired; renew it/);
});

test("what both sides have is told once, of both; what one has, of that one", async () => {
  const { cacertfile } = authority;
  const late = authority.issue("late", { days: [-9, -1] });
  const other = authority.issue("another", { days: [-9, -1] });
  const told: string[] = [];
  const onWarning = (message: string): void => void told.push(message);
  inetTls({ ...late, cacertfile, onWarning });
  inetTls({ cacertfile, server: late, client: { ...late }, onWarning });
  const [whole, apart] = told;
  expect(told).toHaveLength(2);
  expect(whole).toMatch(
    /^tls: server and client: our certificate "[^"]*CN=late.* has expired; renew/,
  );
  expect(apart).toBe(whole);
  told.length = 0;
  inetTls({ cacertfile, server: late, client: other, onWarning });
  expect(told).toEqual([
    expect.stringMatching(/^tls: server: our certificate "[^"]*CN=late/),
    expect.stringMatching(/^tls: client: our certificate "[^"]*CN=another/),
  ]);
});

test("files of both sides that changed and cannot be used are told once", async () => {
  const { cacertfile } = authority;
  const certfile = join(authority.folder, "broken.pem");
  const pair = authority.issue("whole");
  cpSync(pair.certfile, certfile);
  const clock = new VirtualClock();
  const told: string[] = [];
  const onWarning = (message: string): void => void told.push(message);
  const both = { certfile, keyfile: pair.keyfile, cacertfile };
  const carrier = inetTls({ ...both, server: { failIfNoPeerCert: true }, clock, onWarning });
  const listener = await carrier.listen({ host: "127.0.0.1" }, (channel) => channel.destroy());
  writeFileSync(certfile, "");
  await clock.advance(1_000);
  const { port } = listener.address;
  const channel = await carrier.connect({ host: "127.0.0.1", port, node: "a@localhost" });
  channel.destroy();
  await listener.close();
  expect(told).toEqual([
    expect.stringMatching(/^tls: server and client keyfile: .*what was read before stays in use$/),
  ]);
});
