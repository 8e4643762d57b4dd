import * as tls from "node:tls";
import { afterAll, expect, test } from "vitest";
import {
  cutClient,
  flightsOf,
  HANGUPS,
  serverOf,
  VERSIONS,
  type Version,
} from "./hostile-tls-cuts.ts";
import { Certificates, gone, pair, tlsScene } from "./hostile-tls-setup.ts";
import { Tap } from "./tls-records.ts";

/** Peers that hang up within a handshake: noticed at once. No clock goes on in these tests. */

const certificates = new Certificates();
afterAll(() => certificates[Symbol.dispose]());

const server = { ...pair(certificates.good), requestCert: true, rejectUnauthorized: false };
const ways = VERSIONS.flatMap((version) =>
  Object.entries(HANGUPS).map(([way, end]) => ({ version, way, end })),
);

/** How many bytes a client's hello has: always as many. */
async function helloBytes(maxVersion: Version): Promise<number> {
  const { client } = await flightsOf({ ...certificates.raw(), maxVersion }, server);
  return client[0]?.length ?? 0;
}

test.each(ways)("[dialled] $version $way, wherever: told at once, once", async (how) => {
  await using scene = await tlsScene(certificates);
  const raw = { ...certificates.raw(), maxVersion: how.version };
  const hello = await helloBytes(how.version);
  // Before a byte, in the hello, behind it, and in what follows, which has more than 300 bytes.
  for (const at of [0, 3, 100, hello - 1, hello, hello + 3, hello + 200]) {
    await cutClient(await scene.connect(), raw, at, how.end);
    const { error } = await scene.refusal();
    expect(error).toMatchObject({
      code: "ERR_CARRIER_TLS_HANDSHAKE",
      message: expect.stringMatching(/it (closed the connection|hung up) during the TLS handshake/),
    });
  }
  expect(scene.refused).toHaveLength(7);
  await scene.assertUnharmed();
});

test.each(ways)("[dialled] $version $way takes no place of others", async ({ version, end }) => {
  await using scene = await tlsScene(certificates, { tls: { tlsPending: 4 } });
  // The oldest of the busiest address: the first to be turned away if there were no place.
  const patient = await scene.connect();
  const hello = await helloBytes(version);
  for (let round = 0; round < 20; round++) {
    const raw = { ...certificates.raw(), maxVersion: version };
    await cutClient(await scene.connect(), raw, round % 2 === 0 ? 50 : hello, end);
    await scene.refusal();
  }
  expect(patient.destroyed).toBe(false);
  expect(scene.refused.map(({ error }) => error.message).join()).not.toContain("shaking hands");
  await scene.clock.advance(5_000);
  await gone(patient);
  await scene.assertUnharmed();
});

test.each(ways)("[dialled] $version $way between TLS and a name", async ({ version, end }) => {
  await using scene = await tlsScene(certificates);
  const socket = await scene.connect();
  const inner = tls.connect({
    socket: new Tap(socket),
    ...certificates.raw(),
    maxVersion: version,
  });
  await new Promise((resolve) => inner.on("error", resolve).once("secureConnect", resolve));
  end(socket);
  // In TLS 1.3 a client is done first: what it has said last may be lost with the connection.
  expect((await scene.refusal()).error).toMatchObject({
    code: expect.stringMatching(/^ERR_(HANDSHAKE_CLOSED|CARRIER_TLS_HANDSHAKE)$/),
  });
  await scene.assertUnharmed();
});

test.each(ways)(
  "[dialling] $version $way, wherever: the dial fails at once",
  async ({ version, end }) => {
    await using scene = await tlsScene(certificates);
    const upstream = await serverOf({ ...server, maxVersion: version });
    // The first flight has more than 700 bytes.
    for (const at of [0, 1, 6, 100, 300, 700]) {
      await scene.serve((socket) => {
        if (at === 0) end(socket);
        else upstream.emit("connection", new Tap(socket, at, end));
      });
      expect((await scene.dialFails()).cause).toMatchObject({
        code: "ERR_CARRIER_TLS_HANDSHAKE",
      });
    }
    upstream.close();
    await scene.assertUnharmed();
  },
);
