import { isIP } from "node:net";
import { parseNodeName } from "disterl/node";
import { targetNode } from "../target-node.ts";
import { certUsage } from "./cert-failure.ts";

/** What a certificate says about whose it is. */
export interface CertifiedNames {
  /** Full node names: directory names `CN=app@host` among the subject's alternative names. */
  readonly nodes: readonly string[];
  /** `dNSName`. */
  readonly dns: readonly string[];
  /** `iPAddress`. */
  readonly ip: readonly string[];
}

/**
 * The names of a node's certificate: its full name, its host, and further hosts it is reached by. A
 * host that is an address is listed twice: Erlang looks for it among the DNS names, as the node name
 * writes it, and everybody else among the addresses.
 * @throws CliFailure, exit status 2: no node name, or a host that no certificate can name.
 */
export function certifiedNames(node: string, more: readonly string[] = []): CertifiedNames {
  const { host, full } = targetNode(node);
  const hosts = [...new Set([host, ...more])];
  for (const each of hosts) checkHost(each);
  return {
    nodes: [full],
    dns: hosts.filter((each) => isIP(each) === 0 || each === host),
    ip: hosts.filter((each) => isIP(each) !== 0).map(canonicalIp),
  };
}

/** A list of hosts and addresses, as in `--hosts app-1,10.0.0.7`. */
export function readHosts(text: string): readonly string[] {
  const hosts = text.split(",").map((each) => each.trim());
  for (const host of hosts) {
    if (!isHost(host))
      throw new TypeError(
        `"${host}" is no host: expected names and addresses, separated by commas`,
      );
  }
  return hosts;
}

/** Which of the names of a node a certificate lacks; empty when it is this node's. */
export function missingNames(node: string, names: CertifiedNames): readonly string[] {
  const { host, full } = parseNodeName(node);
  const missing: string[] = [];
  if (!namesHost(names.dns, host)) missing.push(`the DNS name ${host}`);
  if (isIP(host) !== 0 && !names.ip.map(canonicalIp).includes(canonicalIp(host))) {
    missing.push(`the address ${host}`);
  }
  // A certificate without any node name stands for every node of its host.
  if (names.nodes.length > 0 && !names.nodes.includes(full))
    missing.push(`the directory name CN=${full}`);
  return missing;
}

/** The host by name, or by a wildcard for its first label. */
function namesHost(dns: readonly string[], host: string): boolean {
  const wanted = host.toLowerCase();
  const rest = wanted.replace(/^[^.]+/, "*");
  return dns.some((name) => {
    const given = name.toLowerCase();
    return given === wanted || (given === rest && rest.length > 2);
  });
}

/** One way to write an address: `::1` for `0:0:0:0:0:0:0:1`. */
export function canonicalIp(address: string): string {
  if (isIP(address) !== 6) return address;
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function checkHost(host: string): void {
  if (isHost(host)) return;
  throw certUsage(`no certificate can name the host "${host}"`, [
    "expected a host name of letters, digits, dots and -, or an IP address",
  ]);
}

function isHost(host: string): boolean {
  if (isIP(host) !== 0) return true;
  return (
    host.length <= 253 &&
    /^[A-Za-z0-9_](?:[\w-]{0,62})(?:\.[A-Za-z0-9_][\w-]{0,62})*\.?$/.test(host)
  );
}
