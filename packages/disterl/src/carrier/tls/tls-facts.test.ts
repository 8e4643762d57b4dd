import { afterAll, expect, test } from "vitest";
import { TestAuthority } from "../../testing/test-authority.ts";
import type { Channel } from "../carrier.ts";
import { inetTls } from "./tls.ts";
import type { TlsOptions } from "./tls-options.ts";

const authority = new TestAuthority("our CA");
afterAll(() => authority[Symbol.dispose]());
const { cacertfile } = authority;
const east = { ...authority.issue("east"), cacertfile };
const west = { ...authority.issue("west"), cacertfile };

/** Both ends of one connection; `west` has dialled. */
async function bothEnds(eastern: TlsOptions, western: TlsOptions): Promise<[Channel, Channel]> {
  let accept!: (channel: Channel) => void;
  const accepted = new Promise<Channel>((resolve) => {
    accept = resolve;
  });
  const quiet = { onWarning: () => {} };
  const listener = await inetTls({ ...quiet, ...eastern }).listen({ host: "127.0.0.1" }, accept);
  const { port } = listener.address;
  const channel = await inetTls({ ...quiet, ...western }).connect({ host: "localhost", port });
  const both: [Channel, Channel] = [await accepted, channel];
  await listener.close();
  return both;
}

function end(...channels: Channel[]): void {
  for (const channel of channels) {
    channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
    channel.destroy();
  }
}

test.each([
  ["tlsv1.3", "TLSv1.3", "TLS_AES_256_GCM_SHA384"],
  ["tlsv1.2", "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"],
] as const)("both ends know what was agreed and shown: %s", async (version, protocol, cipher) => {
  const openssl = version === "tlsv1.3" ? cipher : "ECDHE-ECDSA-AES256-GCM-SHA384";
  const [accepted, dialled] = await bothEnds(
    { ...east, versions: [version], ciphers: [openssl] },
    west,
  );
  expect(dialled.tls).toMatchObject({
    ...{ version: protocol, cipher, verified: true },
    certificate: { subject: expect.stringContaining("CN=east") },
    ownCertificate: { subject: expect.stringContaining("CN=west") },
  });
  expect(accepted.tls).toMatchObject({
    ...{ version: protocol, cipher, verified: true },
    certificate: { subject: expect.stringContaining("CN=west") },
    ownCertificate: { subject: expect.stringContaining("CN=east") },
  });
  end(accepted, dialled);
});

test("a peer that was not asked, and one that was not checked", async () => {
  const [accepted, dialled] = await bothEnds(
    { ...east, verify: "verify_none" },
    { ...west, verify: "verify_none" },
  );
  expect(accepted.tls).toMatchObject({ verified: false, certificate: undefined });
  expect(dialled.tls).toMatchObject({
    ...{ verified: false, certificate: { subject: expect.stringContaining("CN=east") } },
  });
  end(accepted, dialled);
});

test("what was known stays known when the connection has closed", async () => {
  const [accepted, dialled] = await bothEnds(east, west);
  const before = dialled.tls;
  end(accepted, dialled);
  expect(dialled.tls).toBe(before);
  expect(before?.verified).toBe(true);
});
