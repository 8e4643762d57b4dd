import type { TLSSocket } from "node:tls";
import { expect, test } from "vitest";
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
