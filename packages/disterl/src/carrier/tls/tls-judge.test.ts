import type { TLSSocket } from "node:tls";
import { expect, test } from "vitest";
import { judgePeer } from "./tls-judge.ts";

test("a peer that cannot be looked at is refused, and nothing is thrown", () => {
  const socket = {
    getPeerCertificate: () => {
      throw new Error("no memory");
    },
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
});
