import { expect, test } from "vitest";
import { startNode } from "../start-node.ts";
import type { StartNodeOptions } from "../start-options.ts";

/** As from JavaScript, where nothing looks at the types. */
async function refusal(options: Readonly<Record<string, unknown>>): Promise<string> {
  const given = { name: "a@127.0.0.1", cookie: "c", ...options } as StartNodeOptions;
  const error: unknown = await startNode(given).then(
    () => "it was accepted",
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(TypeError);
  return (error as TypeError).message;
}

test.each([
  ["tls", true, "true"],
  ["tls", null, "null"],
  ["tls", "-----BEGIN PRIVATE KEY-----", "string"],
  ["tls", 5, "number"],
  ["tls", [], "a list"],
])("%s: %j says that options are expected, and shows no key", async (name, given, found) => {
  const wanted = `${name} is an object of options, such as { certfile, keyfile, cacertfile }, not ${found}`;
  expect(await refusal({ [name]: given })).toBe(wanted);
});

test("a side of TLS is an object, too", async () => {
  expect(await refusal({ tls: { server: true } })).toMatch(
    /^tls.server is an object .*, not true$/,
  );
  expect(await refusal({ tls: { client: null } })).toMatch(
    /^tls.client is an object .*, not null$/,
  );
});

test.each([5, true, null, "inet_tcp"])("carrier: %j says what a carrier is", async (carrier) => {
  const found = JSON.stringify(carrier);
  expect(await refusal({ carrier })).toBe(
    'carrier is one such as inetTcp of disterl/carrier, a function that makes one, a list of those, or "none", ' +
      `not ${found}; TCP over IPv4 is the one without the option`,
  );
});

test("carrier: the name of TLS says how TLS is asked for; what is in a list is looked at", async () => {
  expect(await refusal({ carrier: "inet_tls" })).toMatch(/"inet_tls"; TLS is tls: \{ certfile, /);
  expect(await refusal({ carrier: [5] })).toMatch(/^carrier holds something that is no carrier/);
  expect(await refusal({ carrier: {} })).toMatch(/^carrier holds something that is no carrier/);
});
