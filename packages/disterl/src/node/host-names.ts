import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** The names of the machine that node names are completed with. */
export interface HostNames {
  /** The host name up to its first dot; undefined when the machine has none. */
  short(): string | undefined;
  /** The fully qualified host name; undefined when the machine does not know its domain. */
  qualified(): string | undefined;
}

/** What {@link hostNames} looks at. */
export interface HostFacts {
  /** As `hostname(1)` prints it. */
  readonly hostname: string;
  /** The text of `/etc/hosts`; empty where there is none. */
  readonly hosts: string;
  /** The text of `/etc/resolv.conf`; empty where there is none. */
  readonly resolvConf: string;
}

/**
 * The host names that follow from the machine's configuration, in the order of OTP's `inet_config`:
 * the domain in the host name itself, else the qualified name at the head of the short one's line in
 * `/etc/hosts`, else the `domain` of `/etc/resolv.conf` (its `search` list does not count). DNS is
 * not asked: a node starts without waiting for the network.
 */
export function hostNames(read: () => HostFacts): HostNames {
  return {
    short() {
      return firstLabel(read().hostname);
    },
    qualified() {
      const facts = read();
      const short = firstLabel(facts.hostname);
      if (short === undefined) return undefined;
      if (facts.hostname.slice(short.length + 1) !== "") return facts.hostname;
      const fromHosts = qualifiedInHosts(facts.hosts, short);
      if (fromHosts !== undefined) return fromHosts;
      const domain = domainInResolvConf(facts.resolvConf);
      return domain === undefined ? undefined : `${short}.${domain}`;
    },
  };
}

/** The names of this machine. */
export const systemHostNames: HostNames = hostNames(() => ({
  hostname: hostname(),
  hosts: textOf("/etc/hosts"),
  resolvConf: textOf("/etc/resolv.conf"),
}));

function firstLabel(host: string): string | undefined {
  const label = host.split(".", 1)[0];
  return label === "" ? undefined : label;
}

function fieldsOf(text: string): string[][] {
  return text.split("\n").map((line) =>
    line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/),
  );
}

function qualifiedInHosts(hosts: string, short: string): string | undefined {
  for (const [, canonical, ...aliases] of fieldsOf(hosts)) {
    if (canonical === undefined || !aliases.includes(short)) continue;
    if (canonical.startsWith(`${short}.`)) return canonical;
  }
  return undefined;
}

function domainInResolvConf(resolvConf: string): string | undefined {
  let domain: string | undefined;
  for (const [keyword, first] of fieldsOf(resolvConf)) {
    if (keyword !== "domain") continue;
    const cleaned = first?.replace(/^\.+|\.+$/g, "");
    if (cleaned !== undefined && cleaned !== "") domain = cleaned;
  }
  return domain;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Absent on some systems: the host name alone has to do.
    return "";
  }
}
