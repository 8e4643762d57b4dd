import { isIP } from "node:net";

import { DistError } from "../errors.ts";
import { type HostNames, systemHostNames } from "./host-names.ts";

/**
 * Node names: `name@host`, as `net_kernel:create_name/3` makes and checks them and as the carriers
 * check them before dialling (`inet_tcp_dist:splitnode/3`). Read: kernel-8.5 to 11.0.
 *
 * Differs in: the part before `@` and the name as a whole are checked in one place with one error
 * that says which rule failed; OTP reports `badarg` or `nodistribution`.
 */
export interface NodeName {
  /** Before the `@`; what epmd knows the node by. */
  readonly name: string;
  /** After the `@`. */
  readonly host: string;
  /** `name@host`. */
  readonly full: string;
}

/**
 * Whether hosts are written short (`-sname`, no dot) or fully qualified (`-name`). All nodes of a
 * cluster agree on it: a node of one kind never dials a node of the other.
 */
export type NameDomain = "shortnames" | "longnames";

/** The name that asks the first peer for one: `-sname undefined`. */
export const DYNAMIC_NAME = "undefined";

/** The longest full name, in characters: it is an atom. */
export const MAX_NODE_NAME = 255;

/** Codes of {@link NodeNameError}: the rule that the name breaks. */
export type NodeNameErrorCode =
  | "ERR_NODE_NAME_PARTS"
  | "ERR_NODE_NAME_CHARACTERS"
  | "ERR_NODE_NAME_HOST"
  | "ERR_NODE_NAME_TOO_LONG"
  | "ERR_NODE_NAME_NO_DOMAIN"
  | "ERR_NODE_NAME_DOMAIN";

/** A text is no node name, or not one that this node may have or dial. */
export class NodeNameError extends DistError<NodeNameErrorCode> {
  /** The text, as it was given. */
  readonly nodeName: string;

  constructor(code: NodeNameErrorCode, nodeName: string, message: string) {
    super(code, `node name ${quoted(nodeName)}: ${message}`);
    this.nodeName = nodeName;
  }
}

/**
 * Takes a full name apart and checks it.
 *
 * @throws NodeNameError unless it is `name@host` with a name of letters, digits, `_` and `-`, a host
 *   of printable Latin-1 characters without spaces, and at most 255 characters in all.
 */
export function parseNodeName(text: string): NodeName {
  if (text.length > MAX_NODE_NAME) throw tooLong(text);
  const at = text.indexOf("@");
  if (at === -1 || at === text.length - 1) {
    throw new NodeNameError(
      "ERR_NODE_NAME_PARTS",
      text,
      `expected name@host, but there is no host. Write the host after the name: ${suggestion(text)}`,
    );
  }
  const name = text.slice(0, at);
  const host = text.slice(at + 1);
  if (host.includes("@")) {
    throw new NodeNameError(
      "ERR_NODE_NAME_PARTS",
      text,
      'expected name@host with exactly one "@", found several',
    );
  }
  checkName(name, text);
  checkHost(host, text);
  return { name, host, full: text };
}

/**
 * The full name of this node from what the user gave: `app` or `app@` get the host of the machine,
 * `app@host` is checked. {@link DYNAMIC_NAME} is completed like any other: the host is what the
 * peer that gives the name will put after its `@`.
 *
 * @param domain short: the machine's host name up to its first dot; long: the fully qualified one.
 * @param hosts where the host name comes from; default this machine.
 * @throws NodeNameError with the rule and the remedy; a short name with a dot in its host is refused,
 *   a long name without one is not, as in OTP (`-name app@localhost` is in use).
 */
export function completeNodeName(
  text: string,
  domain: NameDomain,
  hosts: HostNames = systemHostNames,
): NodeName {
  const at = text.indexOf("@");
  if (at === -1 || at === text.length - 1) {
    const name = at === -1 ? text : text.slice(0, at);
    if (name.length > MAX_NODE_NAME) throw tooLong(text);
    checkName(name, text);
    return parseNodeName(`${name}@${ownHost(text, name, domain, hosts)}`);
  }
  const parsed = parseNodeName(text);
  if (domain === "shortnames" && parsed.host.includes(".")) {
    const short = parsed.host.slice(0, parsed.host.indexOf("."));
    throw new NodeNameError(
      "ERR_NODE_NAME_DOMAIN",
      text,
      `a short name (-sname, nameDomain "shortnames") has no dot in its host. Use long names ` +
        `(-name, nameDomain "longnames")${short === "" ? "" : ` or the short host: ${parsed.name}@${short}`}`,
    );
  }
  return parsed;
}

/**
 * Checks a name before it is dialled: is it one, and does its host fit the names that this node uses?
 * The other side does not check this; a node that dialled a short name from a long one would be known
 * there by a name that nobody can answer to.
 *
 * @param ourDomain what this node uses.
 * @throws NodeNameError with the code ERR_NODE_NAME_DOMAIN for the wrong kind of host.
 */
export function checkDialName(target: string, ourDomain: NameDomain): NodeName {
  const parsed = parseNodeName(target);
  const { name, host } = parsed;
  if (ourDomain === "shortnames" && host.includes(".")) {
    throw new NodeNameError(
      "ERR_NODE_NAME_DOMAIN",
      target,
      `this node uses short names (-sname), whose hosts have no dot, but ${quoted(host)} has one. ` +
        "Nodes with short and nodes with long names do not connect to each other: start this node " +
        `with a long name (-name, nameDomain "longnames"), or the other one with -sname ${name}`,
    );
  }
  if (ourDomain === "longnames" && !host.includes(".") && isIP(host) === 0) {
    throw new NodeNameError(
      "ERR_NODE_NAME_DOMAIN",
      target,
      `this node uses long names (-name), whose hosts are fully qualified, but ${quoted(host)} has no dot. ` +
        "Nodes with long and nodes with short names do not connect to each other: start this node " +
        `with a short name (-sname, nameDomain "shortnames"), or the other one with -name ${name}@${host}.<domain>`,
    );
  }
  return parsed;
}

/** The kind of names a full name belongs to, by the dot in its host: what a tool uses to dial it. */
export function nameDomainOf(host: string): NameDomain {
  return host.includes(".") || isIP(host) !== 0 ? "longnames" : "shortnames";
}

function ownHost(text: string, name: string, domain: NameDomain, hosts: HostNames): string {
  const found = domain === "shortnames" ? hosts.short() : hosts.qualified();
  if (found !== undefined) return found;
  if (domain === "shortnames") {
    throw new NodeNameError(
      "ERR_NODE_NAME_NO_DOMAIN",
      text,
      `this machine has no host name. Write it: ${name}@host`,
    );
  }
  const short = hosts.short() ?? "host";
  throw new NodeNameError(
    "ERR_NODE_NAME_NO_DOMAIN",
    text,
    `a long name (-name) needs a fully qualified host, and this machine is only known as ${quoted(short)}. ` +
      `Write the host (${name}@${short}.example.org, or ${name}@127.0.0.1 on one machine), give the machine a ` +
      `domain in /etc/hosts or /etc/resolv.conf, or use a short name (-sname ${name})`,
  );
}

function checkName(name: string, text: string): void {
  if (name === "") {
    throw new NodeNameError(
      "ERR_NODE_NAME_PARTS",
      text,
      'expected name@host, but there is no name before the "@"',
    );
  }
  const bad = /[^0-9A-Za-z_-]/.exec(name);
  if (bad !== null) {
    throw new NodeNameError(
      "ERR_NODE_NAME_CHARACTERS",
      text,
      `${character(name, bad.index)} at position ${bad.index + 1} is not allowed before the "@": ` +
        'a name is made of letters (a-z, A-Z), digits, "_" and "-"',
    );
  }
}

function checkHost(host: string, text: string): void {
  // As net_kernel:validate_hostname/1, without the control characters of C1 and the soft space.
  const bad = /[^!-~\u00a1-\u00ff]/.exec(host);
  if (bad !== null) {
    throw new NodeNameError(
      "ERR_NODE_NAME_HOST",
      text,
      `${character(host, bad.index)} is not allowed in the host after the "@": ` +
        "a host is made of printable Latin-1 characters without spaces",
    );
  }
}

function tooLong(text: string): NodeNameError {
  return new NodeNameError(
    "ERR_NODE_NAME_TOO_LONG",
    text,
    `a node name has at most ${MAX_NODE_NAME} characters, this has ${text.length}`,
  );
}

function suggestion(text: string): string {
  const name = text.replace("@", "").replace(/[^0-9A-Za-z_-]/g, "");
  return `${name.slice(0, 40) || "name"}@host`;
}

function character(text: string, index: number): string {
  return quoted(String.fromCodePoint(text.codePointAt(index) as number));
}

/** Text in double quotes, at most 80 characters of it, everything unusual escaped. */
function quoted(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return JSON.stringify(cut).replace(
    /[^ -~\u00a1-\u00ff\u2026]/g,
    (unusual) => `\\u${unusual.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
