import { hostname } from "node:os";

import { expect, test } from "vitest";

import { type HostFacts, hostNames, systemHostNames } from "./host-names.ts";

function names(facts: Partial<HostFacts>) {
  return hostNames(() => ({ hostname: "vm", hosts: "", resolvConf: "", ...facts }));
}

test("the short name ends at the first dot", () => {
  expect(names({}).short()).toBe("vm");
  expect(names({ hostname: "vm.example.org" }).short()).toBe("vm");
  expect(names({ hostname: "" }).short()).toBeUndefined();
  expect(systemHostNames.short()).toBe(hostname().split(".")[0]);
});

// Each verdict is that of `erl -name a` with the same files, OTP 25.
test("a host name with a domain is qualified", () => {
  expect(names({ hostname: "vm.example.org" }).qualified()).toBe("vm.example.org");
  expect(names({ hostname: "vm." }).qualified()).toBeUndefined();
});

test("/etc/hosts gives the domain when the qualified name leads the line", () => {
  const resolvConf = "domain foo.bar\n";
  const hosts = "127.0.0.1 localhost # vm.no.way vm\n127.0.0.1\tvm.hosts.x vm\n";
  expect(names({ hosts, resolvConf }).qualified()).toBe("vm.hosts.x");
  expect(names({ hosts: "127.0.0.1 vm vm.hosts.x\n" }).qualified()).toBeUndefined();
  expect(names({ hosts: "127.0.0.1 localhost\n127.0.0.1 vm\n" }).qualified()).toBeUndefined();
});

test("/etc/resolv.conf gives the domain by its domain line, not by its search list", () => {
  expect(names({ resolvConf: "domain foo.bar\nsearch one.q\n" }).qualified()).toBe("vm.foo.bar");
  expect(names({ resolvConf: "search foo.bar\ndomain one.q\n" }).qualified()).toBe("vm.one.q");
  expect(names({ resolvConf: "search foo.bar baz.q\n" }).qualified()).toBeUndefined();
  expect(
    names({ resolvConf: "; domain no.way\nnameserver 127.0.0.1\n" }).qualified(),
  ).toBeUndefined();
});
