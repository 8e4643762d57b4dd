import { expect, test } from "vitest";
import type { StartNodeOptions } from "../start-options.ts";
import { parseErlFlags } from "./erl-flags.ts";
import { FlagError, type FlagErrorCode } from "./errors.ts";
import { socketRefusals } from "./socket-refusals.ts";
import { startOptionsFromFlags } from "./start-options-from-flags.ts";

function options(...argv: string[]): StartNodeOptions {
  return startOptionsFromFlags(parseErlFlags(["-sname", "a", ...argv], {})).options;
}

function refusal(...argv: string[]): FlagError {
  try {
    options(...argv);
  } catch (error) {
    if (error instanceof FlagError) return error;
    throw error;
  }
  throw new Error(`nothing was refused in ${argv.join(" ")}`);
}

const LISTEN = "inet_dist_listen_options";
const CONNECT = "inet_dist_connect_options";
const IPV6 = ["-proto_dist", "inet6_tcp"];

test("KP-7 what Node.js has, too, is taken", () => {
  const given = "[inet, {backlog, 64}, {keepalive, true}, {nodelay, true}, {reuseaddr, true}]";
  expect(options("-kernel", LISTEN, given).listen).toEqual({
    host: "0.0.0.0",
    backlog: 64,
    socket: { keepAlive: true },
  });
  expect(options("-kernel", LISTEN, "[]").listen).toEqual({ host: "0.0.0.0" });
  const six = options(...IPV6, "-kernel", LISTEN, "[inet6, {ipv6_v6only, true}]").listen;
  expect(six).toMatchObject({ host: "::", socket: { ipv6Only: true } });
});

test("KP-8 and for dialling", () => {
  const given = "[{ip, {127,0,0,2}}, {keepalive, true}, {nodelay, true}]";
  const { connect, listen } = options("-kernel", CONNECT, given);
  expect(connect).toEqual({ socket: { localAddress: "127.0.0.2", keepAlive: true } });
  expect(listen).toEqual({ host: "0.0.0.0" });
  expect(options("-kernel", CONNECT, "[]")).not.toHaveProperty("connect");
});

test.each([
  ["[{ip, {127,0,0,1}}]", "127.0.0.1"],
  ["[{ifaddr, {127,0,0,1}}]", "127.0.0.1"],
  ["[{ip, loopback}]", "127.0.0.1"],
  ["[{ip, any}]", "0.0.0.0"],
])("an address among the options of the listener: %s", (given, host) => {
  expect(options("-kernel", LISTEN, given).listen).toMatchObject({ host });
});

test("inet_dist_use_interface and an address among the options agree, or are a conflict", () => {
  const both = (ip: string) => [
    ...["-kernel", LISTEN, `[{ip, ${ip}}]`],
    ...["-kernel", "inet_dist_use_interface", "{127,0,0,1}"],
  ];
  expect(options(...both("{127,0,0,1}")).listen).toMatchObject({ host: "127.0.0.1" });
  expect(refusal(...both("{127,0,0,2}")).message).toBe(
    `-kernel ${LISTEN} ip: 127.0.0.2 is not inet_dist_use_interface, which is 127.0.0.1`,
  );
});

test("dist_nodelay counts on both sides, and over the lists of options", () => {
  const off = options("-kernel", "dist_nodelay", "false", LISTEN, "[{nodelay, false}]");
  expect(off).toMatchObject({
    listen: { socket: { noDelay: false } },
    connect: { socket: { noDelay: false } },
  });
  expect(options("-kernel", "dist_nodelay", "true")).not.toHaveProperty("connect");
  for (const list of [LISTEN, CONNECT]) {
    const { code, flag, message } = refusal("-kernel", list, "[{nodelay, false}]");
    expect([code, flag]).toEqual(["ERR_FLAG_CONFLICT", `-kernel ${list} nodelay`]);
    expect(message).toContain("-kernel dist_nodelay false");
  }
});

test("check_ip", () => {
  expect(options("-kernel", "check_ip", "true").listen).toMatchObject({ checkIp: true });
  expect(options("-kernel", "check_ip", "false").listen).toEqual({ host: "0.0.0.0" });
  expect(refusal("-kernel", "check_ip", "yes").message).toContain("true or false");
});

test.each([...socketRefusals.keys()])("the option %s is refused, with the reason", (name) => {
  const alone = ["list", "binary", "local"].includes(name);
  const given = alone ? `[${name}]` : name === "raw" ? "[{raw,6,1,<<1>>}]" : `[{${name}, 1}]`;
  for (const list of [LISTEN, CONNECT]) {
    const { code, message } = refusal("-kernel", list, given);
    expect(code).toBe("ERR_FLAG_NOT_SUPPORTED");
    const why =
      name === "port" && list === CONNECT ? "the system chooses" : socketRefusals.get(name);
    expect(message).toBe(`-kernel ${list} ${name}: ${message.split(": ").slice(1).join(": ")}`);
    expect(message).toContain(why);
  }
});

test.each<[string, string, FlagErrorCode, string]>([
  [LISTEN, "[{nodelai, true}]", "ERR_FLAG_VALUE", "is no option of gen_tcp:listen/2"],
  [CONNECT, "[{constructor, true}]", "ERR_FLAG_VALUE", "is no option of gen_tcp:connect/4"],
  [LISTEN, "[{backlog, 0}]", "ERR_FLAG_VALUE", "an integer from 1"],
  [LISTEN, "[{backlog, 1.5}]", "ERR_FLAG_VALUE", "an integer from 1"],
  [LISTEN, "[{keepalive, 1}]", "ERR_FLAG_VALUE", "true or false"],
  [LISTEN, "[{reuseaddr, false}]", "ERR_FLAG_NOT_SUPPORTED", "always sets it"],
  [LISTEN, '[{ip, "127.0.0.1"}]', "ERR_FLAG_VALUE", "write {127,0,0,1}"],
  [LISTEN, "[{ip, {127,0,0,256}}]", "ERR_FLAG_VALUE", "four octets"],
  [LISTEN, "[{ip, {0,0,0,0,0,0,0,1}}]", "ERR_FLAG_CONFLICT", "IPv4"],
  [LISTEN, "[inet6]", "ERR_FLAG_CONFLICT", "IPv4"],
  [LISTEN, "[{ipv6_v6only, true}]", "ERR_FLAG_CONFLICT", "IPv4"],
  [LISTEN, "[backlog]", "ERR_FLAG_VALUE", "{backlog, Value}"],
  [LISTEN, "[7]", "ERR_FLAG_VALUE", "{Option, Value}"],
  [LISTEN, "{backlog, 7}", "ERR_FLAG_VALUE", "a list of options"],
  [LISTEN, "nodelay", "ERR_FLAG_VALUE", "a list of options"],
  [CONNECT, "[{backlog, 7}]", "ERR_FLAG_NOT_SUPPORTED", "only who listens"],
  [CONNECT, "[{ipv6_v6only, true}]", "ERR_FLAG_NOT_SUPPORTED", "about listeners"],
])("%s %s is refused", (list, given, code, part) => {
  const error = refusal("-kernel", list, given);
  expect(error.code).toBe(code);
  expect(error.message).toContain(part);
  expect(error.flag.startsWith(`-kernel ${list}`)).toBe(true);
});

test("an IPv4 address is none of an IPv6 carrier", () => {
  expect(refusal(...IPV6, "-kernel", LISTEN, "[{ip, {127,0,0,1}}]").message).toContain("IPv6");
  expect(options(...IPV6, "-kernel", LISTEN, "[{ip, loopback}]").listen).toMatchObject({
    host: "::1",
  });
});

const DUAL = ["-proto_dist", "inet_tcp", "inet6_tcp"];

test("KP-7 carriers of IPv4 and of IPv6 share what is an address of both", () => {
  for (const [host, text] of [
    ["{127,0,0,1}", "127.0.0.1"],
    ["{0,0,0,0,0,0,0,1}", "::1"],
    ["{0,0,0,0,0,0,0,0}", "::"],
  ] as const) {
    const at = options(...DUAL, "-kernel", "inet_dist_use_interface", host).listen;
    expect(at).toMatchObject({ host: text });
  }
  const loopback = "[{ip, loopback}, {ipv6_v6only, false}]";
  expect(options(...DUAL, "-kernel", LISTEN, loopback).listen).toEqual({
    host: "127.0.0.1",
    socket: { ipv6Only: false },
  });
  for (const given of [
    ["inet_dist_use_interface", "{10,0,0,7}"],
    ["inet_dist_use_interface", "{64769,0,0,0,0,0,0,7}"],
    [LISTEN, "[{ip, {10,0,0,7}}]"],
    [CONNECT, "[{ip, {10,0,0,7}}]"],
    [LISTEN, "[inet6]"],
  ]) {
    const error = refusal(...DUAL, "-kernel", ...given);
    expect(error.code).toBe("ERR_FLAG_CONFLICT");
    expect(error.message).toContain("the carriers are IPv4 and IPv6");
  }
});

test("KP-7 the addresses of IPv6 that have short forms", () => {
  const at = (host: string) => options(...IPV6, "-kernel", "inet_dist_use_interface", host).listen;
  expect(at("{0,0,0,0,0,0,0,0}")).toEqual({ host: "::", socket: { ipv6Only: false } });
  const both = ["-kernel", "inet_dist_use_interface", "{0,0,0,0,0,0,0,1}", LISTEN];
  expect(options(...IPV6, ...both, "[{ip, loopback}]").listen).toMatchObject({ host: "::1" });
});
