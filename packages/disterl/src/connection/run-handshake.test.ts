import { expect, test } from "vitest";
import type { Channel } from "../carrier/carrier.ts";
import { systemClock } from "../carrier/clock.ts";
import { inetTcp } from "../carrier/tcp.ts";
import { accept } from "../handshake/accept.ts";
import type { AcceptPolicy } from "../handshake/accept-policy.ts";
import { Cookie } from "../handshake/cookie.ts";
import { initiate } from "../handshake/initiate.ts";
import { defaultFlags } from "../wire/flags.ts";
import { runHandshake } from "./run-handshake.ts";

const policy: AcceptPolicy = {
  isAllowed: () => true,
  claim: () => "ok",
  cookieFor: () => new Cookie("secret"),
  replaceLive: () => Promise.resolve(),
  authenticated: () => true,
};

test("two nodes shake hands over TCP", async () => {
  let arrived: (channel: Channel) => void = () => {};
  const accepted = new Promise<Channel>((resolve) => {
    arrived = resolve;
  });
  const listener = await inetTcp.listen({ host: "127.0.0.1" }, (channel) => arrived(channel));
  const { port } = listener.address;
  const dialled = await inetTcp.connect({ host: "127.0.0.1", port });
  const common = { lengthBytes: 2, clock: systemClock } as const;
  const [here, there] = await Promise.all([
    runHandshake({
      ...common,
      channel: dialled,
      handshake: initiate({
        ourName: "a@here",
        ourCreation: 5,
        flags: defaultFlags({ hidden: true }),
        peer: "b@there",
        cookie: new Cookie("secret"),
      }),
    }),
    accepted.then((channel) =>
      runHandshake({
        ...common,
        channel,
        handshake: accept({
          ourName: "b@there",
          ourCreation: 6,
          flags: defaultFlags(),
          policy,
          attempt: undefined,
        }),
      }),
    ),
  ]);
  expect(here.result).toMatchObject({
    name: "b@there",
    creation: 6,
    hidden: true,
    ourName: "a@here",
  });
  expect(there.result).toMatchObject({ name: "a@here", creation: 5, hidden: true, version: 6 });
  expect(there.result.flags).toBe(here.result.flags);
  expect(there.rest).toHaveLength(0);
  dialled.destroy();
  await listener.close();
});
