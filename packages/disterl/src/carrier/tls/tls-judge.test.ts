import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { TestAuthority } from "../../testing/test-authority.ts";
import { judgePeer } from "./tls-judge.ts";

test.each([true, false])(
  "a peer that cannot be looked at is refused: authorized %s",
  (authorized) => {
    const fail = (): never => {
      throw new Error("no memory");
    };
    const socket = {
      ...{ authorized, isSessionReused: () => false },
      ...{ getPeerCertificate: fail, getPeerX509Certificate: fail },
    } as unknown as TLSSocket;
    const judging = {
      where: "server",
      side: {},
      revocation: { check: false, lists: [], trusted: [] },
      expected: { host: undefined, node: undefined },
    } as const;
    expect(judgePeer(socket, judging).problem).toMatchObject({
      check: "other",
      text: "cannot be looked at: no memory",
    });
  },
);

test("a chain that OpenSSL has found good with a CA that was taken out since is refused", () => {
  using before = new TestAuthority("before");
  using since = new TestAuthority("since");
  const read = (path: string) => new X509Certificate(readFileSync(path));
  const socket = {
    ...{ authorized: true, isSessionReused: () => false, getProtocol: () => "TLSv1.3" },
    getPeerX509Certificate: () => read(before.issue("node").certfile),
  } as unknown as TLSSocket;
  const judged = (trusted: string) =>
    judgePeer(socket, {
      ...{ where: "server", side: {}, expected: { host: "localhost", node: undefined } },
      revocation: { check: false, lists: [], trusted: [read(trusted)] },
    });
  expect(judged(before.cacertfile).problem).toBeUndefined();
  expect(judged(since.cacertfile).problem).toMatchObject({
    check: "issuer",
    text: "has signatures that do not lead to a CA that we trust",
  });
});

test("a session that was resumed is refused, whatever it was before", () => {
  const socket = {
    ...{ authorized: true, isSessionReused: () => true, getPeerCertificate: () => ({}) },
  } as unknown as TLSSocket;
  const judging = {
    where: "server",
    side: { verifyFun: () => true as const },
    revocation: { check: false, lists: [], trusted: [] },
    expected: { host: undefined, node: undefined },
  } as const;
  expect(judgePeer(socket, judging).problem).toMatchObject({ check: "session" });
});
