import { constants } from "node:crypto";
import type * as net from "node:net";
import * as tls from "node:tls";
import { RawPeer, seededRandom } from "disterl/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  bentClient,
  cutClient,
  ENDS,
  type End,
  type Flights,
  flightsOf,
  harmedDials,
  inGroups,
  serverOf,
  silence,
  VERSIONS,
  type Version,
} from "./hostile-tls-cuts.ts";
import { Certificates, COOKIE, gone, introduce, ME, pair, tlsScene } from "./hostile-tls-setup.ts";
import { Tap } from "./tls-records.ts";

/**
 * Handshakes of TLS that are cut at every byte, bent in one bit, sent byte by byte, and with
 * distribution behind them in one piece; by who dials us and by whom we dial.
 */

const certificates = new Certificates();
// Signatures of this kind are of one length, so that each handshake has as many bytes as the last.
const fixed = certificates.authority.issue("fixed", { algorithm: "Ed25519" });
afterAll(() => certificates[Symbol.dispose]());

const contexts = new Map<Version, tls.ConnectionOptions>();
const raw = (version: Version): tls.ConnectionOptions => contexts.get(version) ?? {};
const server = (maxVersion: Version): tls.TlsOptions => ({
  ...pair(fixed),
  ca: certificates.raw().ca,
  requestCert: true,
  rejectUnauthorized: false,
  maxVersion,
});

const flights = new Map<Version, Flights>();
beforeAll(async () => {
  for (const maxVersion of VERSIONS) {
    // As the node: without tickets, or a server says more.
    const secureOptions = constants.SSL_OP_NO_TICKET;
    const { rejectUnauthorized, servername, ...files } = certificates.raw(fixed);
    const secureContext = tls.createSecureContext({ ...files, maxVersion, secureOptions });
    contexts.set(maxVersion, { rejectUnauthorized, servername, secureContext });
  }
  for (const version of VERSIONS) {
    flights.set(version, await flightsOf(raw(version), server(version)));
  }
});

/** How many bytes a side sends until the client is done. */
function bytesOf(version: Version, side: "client" | "server"): number {
  const sent = flights.get(version)?.[side] ?? [];
  const all = sent.reduce((sum, { length }) => sum + length, 0);
  expect(all).toBeGreaterThan(800);
  return all;
}

const end = (at: number): End => ENDS[at % ENDS.length] as End;

/** Numbers below `limit`, the same each time. */
function sample(count: number, limit: number): number[] {
  const random = seededRandom(limit);
  return Array.from({ length: count }, () => random() % limit);
}

const refusals = /^ERR_(CARRIER_TLS|HANDSHAKE)_/;

test.each(VERSIONS)("[dialled] %s what a client sends, cut at every byte", async (version) => {
  await using scene = await tlsScene(certificates, { tls: { tlsPending: 4_000 } });
  const all = bytesOf(version, "client");
  const sockets: Promise<void>[] = [];
  for (const group of inGroups([...Array(all).keys()], 50)) {
    const cuts: Promise<net.Socket>[] = [];
    for (const at of group) cuts.push(cutClient(await scene.connect(), raw(version), at, end(at)));
    for (const socket of await Promise.all(cuts)) sockets.push(gone(socket));
  }
  await scene.assertUnharmed();
  await scene.clock.advance(5_000);
  await Promise.all(sockets);
  await expect.poll(() => scene.refused.length).toBe(all);
  for (const { error } of scene.refused) {
    expect(error).toMatchObject({ code: "ERR_CARRIER_TLS_HANDSHAKE" });
  }
  await scene.assertUnharmed();
});

test.each(VERSIONS)("[dialling] %s what a server sends, cut at every byte", async (version) => {
  await using scene = await tlsScene(certificates);
  const upstream = await serverOf(server(version));
  const all = bytesOf(version, "server");
  const every = Array.from({ length: all }, (_, at) => ({ at, end: end(at) }));
  const closing = every.filter((harm) => harm.end !== silence);
  const errors: Error[] = [];
  for (const group of inGroups(closing, 100)) {
    errors.push(...(await harmedDials(scene, upstream, group, false)));
  }
  // All at once, for time passes for all of the node.
  const silent = every.filter((harm) => harm.end === silence);
  errors.push(...(await harmedDials(scene, upstream, silent, true)));
  for (const error of errors) {
    expect(error.cause).toMatchObject({ code: "ERR_CARRIER_TLS_HANDSHAKE" });
  }
  expect(errors).toHaveLength(all);
  upstream.close();
  await scene.assertUnharmed();
});

test.each(VERSIONS)("[dialled] %s what a client sends, with one bit turned", async (version) => {
  await using scene = await tlsScene(certificates, { tls: { tlsPending: 4_000 } });
  const bits = sample(200, 8 * bytesOf(version, "client"));
  const sockets: Promise<void>[] = [];
  for (const group of inGroups(bits, 50)) {
    const bent: Promise<net.Socket>[] = [];
    for (const bit of group) bent.push(bentClient(await scene.connect(), raw(version), bit));
    for (const socket of await Promise.all(bent)) sockets.push(gone(socket));
  }
  await scene.assertUnharmed();
  // Where the version of a record is bent nobody minds: then it is distribution that does not begin.
  await scene.clock.advance(12_000);
  await Promise.all(sockets);
  await expect.poll(() => scene.refused.length).toBe(bits.length);
  for (const { error } of scene.refused) {
    expect(error).toMatchObject({ code: expect.stringMatching(refusals) });
  }
  expect(scene.node.nodes("connected")).toEqual(["healthy@localhost"]);
  await scene.assertUnharmed();
});

test.each(VERSIONS)("[dialling] %s what a server sends, with one bit turned", async (version) => {
  await using scene = await tlsScene(certificates);
  const upstream = await serverOf(server(version));
  const bits = sample(200, 8 * bytesOf(version, "server"));
  const harms = bits.map((bit) => ({ bit }));
  for (const error of await harmedDials(scene, upstream, harms, true)) {
    expect(error.cause).toMatchObject({ code: expect.stringMatching(refusals) });
  }
  upstream.close();
  await scene.assertUnharmed();
});

test.each(VERSIONS)("%s bytes that come one by one are as good as others", async (version) => {
  await using scene = await tlsScene(certificates);
  const outward = new Tap((await scene.connect()).setNoDelay(true));
  outward.isSlow = true;
  const client = tls.connect({ socket: outward, ...raw(version) }).on("error", () => {});
  await introduce(client, "slow@localhost");
  await expect.poll(() => scene.node.nodes("connected")).toContain("slow@localhost");

  const upstream = tls.createServer(server(version), (socket) => {
    socket.on("error", () => {});
    void RawPeer.over(socket, 4).accept({ name: ME, cookie: COOKIE });
  });
  await scene.serve((socket) => {
    const tap = new Tap(socket.setNoDelay(true));
    tap.isSlow = true;
    upstream.emit("connection", tap);
  });
  await scene.node.connect(ME);
  expect(scene.node.nodes("connected")).toContain(ME);
  await scene.assertUnharmed();
});

test("[dialled] TLS 1.3: the end of the handshake and a name, in one piece", async () => {
  await using scene = await tlsScene(certificates);
  const tap = new Tap(await scene.connect());
  const client = tls.connect({ socket: tap, ...raw("TLSv1.3") }).on("error", () => {});
  setImmediate(() => tap.hold()); // behind the hello
  const written = new Promise((resolve) => {
    client.once("secureConnect", () => setImmediate(resolve));
  });
  const introduced = introduce(client, "coalesced@localhost");
  await written;
  tap.release();
  await introduced;
  await expect.poll(() => scene.node.nodes("connected")).toContain("coalesced@localhost");
  await scene.assertUnharmed();
});

test.each(VERSIONS)("[dialling] %s the end of it and a status, in one piece", async (version) => {
  await using scene = await tlsScene(certificates);
  let tap: Tap | undefined;
  const upstream = tls.createServer(server(version), (socket) => {
    socket.on("error", () => {});
    // Before it was asked for; and something else where the challenge is to be.
    const peer = RawPeer.over(socket, 4);
    peer.sendPacket(Buffer.from("sok"));
    peer.sendPacket(Buffer.from("no challenge"));
    setImmediate(() => tap?.release());
  });
  await scene.serve((socket) => {
    let pieces = 0;
    socket.on("data", () => {
      if (++pieces === 2) tap?.hold();
    });
    tap = new Tap(socket);
    upstream.emit("connection", tap);
  });
  const error = await scene.dialFails();
  expect(error.cause).toMatchObject({ step: "challenge" });
  await scene.assertUnharmed();
});
