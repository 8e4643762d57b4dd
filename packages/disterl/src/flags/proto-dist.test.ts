import { expect, test } from "vitest";
import type { Carrier } from "../carrier/carrier.ts";
import { inet6Tcp, inetTcp } from "../carrier/tcp.ts";
import { FlagError } from "./errors.ts";
import { parseErlFlags } from "./erl-flags.ts";
import { type FlagContext, startOptionsFromFlags } from "./start-options-from-flags.ts";

function options(
  argv: readonly string[],
  context?: FlagContext,
): ReturnType<typeof startOptionsFromFlags>["options"] {
  return startOptionsFromFlags(parseErlFlags(argv, {}), context).options;
}

test("one name", () => {
  expect(options(["-sname", "a"]).carrier).toBeUndefined();
  expect(options(["-proto_dist", "inet_tcp"]).carrier).toBeUndefined();
  expect(options(["-proto_dist", "inet6_tcp"]).carrier).toBe(inet6Tcp);
  expect(options(["-proto_dist", "inet6_tcp"]).listen).toMatchObject({ host: "::" });
});

test("several names are several carriers, in their order; the last -proto_dist counts", () => {
  const flags = ["-proto_dist", "inet_tcp", "-proto_dist", "inet6_tcp", "inet_tcp"];
  expect(options(flags).carrier).toEqual([inet6Tcp, inetTcp]);
  expect(options(flags).listen).toMatchObject({ host: "0.0.0.0" });
});

test("erl_uds is unix sockets, in the directory that is named, without epmd", () => {
  const flags = ["-sname", "a", "-proto_dist", "erl_uds", "-no_epmd"];
  for (const more of [[], ["-erl_uds_directory", "/run/app"]]) {
    expect(options([...flags, ...more]).carrier).toMatchObject({
      name: "erl_uds",
      findsNodes: true,
    });
  }
});

test("carriers of the program come first, as they are or made", () => {
  const mine: Carrier = {
    ...{ name: "mine", handshakeLengthBytes: 2 },
    listen: (given, onChannel) => inetTcp.listen(given, onChannel),
    connect: (given) => inetTcp.connect(given),
  };
  const carriers = { mine, made: () => mine, inet_tls: mine };
  expect(options(["-proto_dist", "mine"], { carriers }).carrier).toBe(mine);
  expect(options(["-proto_dist", "made"], { carriers }).carrier).toBe(mine);
  expect(options(["-proto_dist", "inet_tls"], { carriers }).carrier).toBe(mine);
  expect(options(["-proto_dist", "inet6_tcp", "mine"], { carriers }).carrier).toEqual([
    inet6Tcp,
    mine,
  ]);
  for (const wrong of [{}, () => ({ ...mine, handshakeLengthBytes: 3 })]) {
    const given = { mine: wrong as unknown as Carrier };
    expect(() => options(["-proto_dist", "mine"], { carriers: given })).toThrow(
      "mine is no carrier: its",
    );
  }
  const tls = ["-proto_dist", "inet_tls", "-ssl_dist_optfile", "f"];
  expect(() => options(tls, { carriers })).toThrow("protects nothing with");
  expect(() => options([], { carrier: carriers } as object)).toThrow('no option "carrier"');
});

test("none: a node that is never distributed", () => {
  expect(options(["-proto_dist", "none"])).toMatchObject({ carrier: "none" });
  expect(options(["-proto_dist", "none", "-no_epmd"])).toMatchObject({ carrier: "none" });
  expect(options(["-proto_dist", "none"])).not.toHaveProperty("name");
});

test.each([
  [
    ["-proto_dist", "none", "-sname", "a"],
    "ERR_FLAG_CONFLICT",
    "-sname asks for a node of a cluster",
  ],
  [["-name", "a@b.c", "-proto_dist", "none"], "ERR_FLAG_CONFLICT", "-name asks for a node"],
  [["-proto_dist", "none", "inet_tcp"], "ERR_FLAG_CONFLICT", "it stands alone"],
  [["-proto_dist", "inet_tcp", "inet_tcp"], "ERR_FLAG_VALUE", "inet_tcp is given twice"],
  [["-proto_dist", "inet_tcp", "nope"], "ERR_FLAG_NOT_SUPPORTED", "no carrier nope, only inet_tcp"],
  [["-proto_dist", "inet_tcp", "inet_tls"], "ERR_FLAG_VALUE", "needs -ssl_dist_optfile"],
  [
    ["-proto_dist", "inet_tcp", "erl_uds", "-ssl_dist_optfile", "f"],
    "ERR_FLAG_CONFLICT",
    "protects nothing with",
  ],
  [["-erl_uds_directory", "/run"], "ERR_FLAG_CONFLICT", "unix sockets are -proto_dist erl_uds"],
  [["-proto_dist", "erl_uds", "-erl_uds_directory"], "ERR_FLAG_VALUE", "expected one directory"],
])("%j is refused", (flags, code, text) => {
  const error = (() => {
    try {
      return options(flags);
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(FlagError);
  expect(error).toMatchObject({ code, message: expect.stringContaining(text) });
});
