import { afterAll, expect, test } from "vitest";
import { TestAuthority } from "../../testing/test-authority.ts";
import type { TlsClientSide } from "./tls-options.ts";
import { inetTls } from "./tls.ts";

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());
const quiet = { cacertfile: authority.cacertfile, onWarning: () => {} };
const good = { ...authority.issue("good"), ...quiet };

/** Whom a dial of `app@localhost` gets through to: who shows a certificate with those names. */
async function dialled(names: string, client: TlsClientSide): Promise<string> {
  const shown = { ...authority.issue("shown", { names }), ...quiet };
  const listener = await inetTls(shown).listen({ host: "127.0.0.1" }, (channel) => {
    channel.handle({ onData: () => {}, onDrain: () => {}, onClose: () => {} });
  });
  const to = { host: "127.0.0.1", port: listener.address.port, node: "app@localhost" };
  try {
    const channel = await inetTls({ ...good, client }).connect(to);
    channel.destroy();
    return "connected";
  } catch (error) {
    return (error as Error).message.replace(/^.*\) (?=is not for)/, "");
  } finally {
    await listener.close();
  }
}

test.each([
  ["DNS:localhost", {}, "connected"],
  ["DNS:app@localhost", {}, "connected"],
  ["DNS:cluster", {}, /^is not for the host localhost/],
  ["DNS:cluster", { serverNameIndication: "cluster" }, "connected"],
  ["DNS:localhost", { serverNameIndication: "cluster" }, /^is not for the host cluster/],
  // The name that was asked for has to be there, whatever node is dialled.
  ["DNS:app@localhost", { serverNameIndication: "cluster" }, /^is not for the host cluster/],
  ["DNS:elsewhere", { serverNameIndication: false }, "connected"],
] as const)("a certificate for %s, asked for with %o", async (names, client, verdict) => {
  expect(await dialled(names, client)).toEqual(
    typeof verdict === "string" ? verdict : expect.stringMatching(verdict),
  );
});
