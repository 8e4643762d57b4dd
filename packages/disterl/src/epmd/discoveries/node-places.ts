import { isIP } from "node:net";
import { Atom } from "../../term/atom.ts";
import { formatTerm } from "../../term/format-term.ts";
import { charlistToString, isList } from "../../term/list.ts";
import type { Term } from "../../term/term.ts";
import { isTuple } from "../../term/tuple.ts";
import { DIST_VERSION_LOW } from "../codes.ts";
import type { FoundNode } from "../discovery.ts";
import type { NameAndPort } from "../listing-packets.ts";

/** Where a node can be reached, for those who know that beforehand. */
export interface NodePlace {
  /** Port of distribution, 1 to 65535. */
  readonly port: number;
  /** IP address to dial. Default: that of {@link host}. */
  readonly address?: string | undefined;
  /** Host to dial, when it is another than that of the node's name: the end of a tunnel. */
  readonly host?: string | undefined;
  /** The carrier to dial on, by its name, of a node that has several. */
  readonly carrier?: string | undefined;
}

/** Places of nodes, by full name. */
export class NodePlaces {
  readonly #nodes: ReadonlyMap<string, NodePlace>;

  constructor(nodes: ReadonlyMap<string, NodePlace>) {
    this.#nodes = nodes;
  }

  find(name: string, host: string): FoundNode | undefined {
    const place = this.#nodes.get(`${name}@${host}`);
    if (place === undefined) return undefined;
    const { port, carrier } = place;
    return { port, carrier, version: DIST_VERSION_LOW, address: place.address ?? place.host };
  }

  names(host: string): NameAndPort[] {
    return [...this.#nodes].flatMap(([full, { port }]) =>
      full.endsWith(`@${host}`) ? [{ name: full.slice(0, full.indexOf("@")), port }] : [],
    );
  }
}

const KNOWN: Readonly<Record<keyof NodePlace, true>> = {
  port: true,
  address: true,
  host: true,
  carrier: true,
};

/** What is wrong with a place; undefined when it can be dialled. */
export function placeFault(node: string, place: NodePlace): string | undefined {
  if (typeof place !== "object" || place === null) {
    return `the place of ${node} is a port, or an object with one`;
  }
  const unknown = Object.keys(place).find((name) => !Object.hasOwn(KNOWN, name));
  if (unknown !== undefined) return `the place of ${node} has no "${unknown}"`;
  const { port, address, host, carrier } = place;
  if (!/^[^@\s]+@[^@\s]+$/u.test(node) || node.length > 255) {
    return `${JSON.stringify(node)} is no full node name such as app@host`;
  }
  if (!Number.isInteger(port) || port < 1 || port > 0xffff) {
    return `the port of ${node} is an integer from 1 to 65535, not ${String(port)}`;
  }
  if (address !== undefined && (typeof address !== "string" || isIP(address) === 0)) {
    return `the address of ${node} is an IP address, not ${String(address)}`;
  }
  if (host !== undefined && !isHost(host)) {
    return `the host of ${node} is the name of a host, not ${JSON.stringify(host)}`;
  }
  if (carrier !== undefined && (typeof carrier !== "string" || carrier === "")) {
    return `the carrier of ${node} is its name, such as inet_tls`;
  }
  return undefined;
}

/** Whether text can be the name of a host. */
export function isHost(text: unknown): text is string {
  return typeof text === "string" && /^[\w.:-]{1,253}$/u.test(text);
}

/**
 * A node and its place as a term: `{'app@host', 5210}`, `{'app@host', {10,0,0,7}, 5210}`, or
 * `{'app@host', Address, 5210, inet_tls}`. The address may be a tuple of IPv4 or IPv6, or a host as
 * text.
 * @returns what is wrong with it, when something is.
 */
export function placeOfTerm(
  term: Term,
): { readonly node: string; readonly place: NodePlace } | string {
  const parts = isTuple(term) ? Array.from(term) : [];
  if (parts.length < 2 || parts.length > 4) {
    return `expected {'app@host', Port} or {'app@host', Address, Port}; found ${shown(term)}`;
  }
  const [name] = parts;
  const port = parts.length === 2 ? parts[1] : parts[2];
  const node = name instanceof Atom ? name.text : textOf(name);
  if (node === undefined) return `expected the name of a node, 'app@host'; found ${shown(name)}`;
  if (typeof port !== "number") return `expected the port of ${node}; found ${shown(port)}`;
  const at = parts.length === 2 ? {} : addressOf(parts[1]);
  if (at === undefined) {
    const expected = `expected the address of ${node}, such as {10,0,0,7} or "db1.example.org"`;
    return `${expected}; found ${shown(parts[1])}`;
  }
  const carrier = parts[3];
  if (carrier !== undefined && !(carrier instanceof Atom)) {
    return `expected the carrier of ${node}, such as inet_tls; found ${shown(carrier)}`;
  }
  const place = { port, ...at, ...(carrier === undefined ? {} : { carrier: carrier.text }) };
  return placeFault(node, place) ?? { node, place };
}

function addressOf(term: Term | undefined): Pick<NodePlace, "address" | "host"> | undefined {
  if (!isTuple(term)) {
    const text = term instanceof Atom ? term.text : textOf(term);
    if (text === undefined) return undefined;
    return isIP(text) === 0 ? { host: text } : { address: text };
  }
  const parts = Array.from(term);
  const most = parts.length === 4 ? 0xff : 0xffff;
  const numbers = parts.filter(
    (part): part is number =>
      typeof part === "number" && Number.isInteger(part) && part >= 0 && part <= most,
  );
  if (numbers.length !== parts.length || (parts.length !== 4 && parts.length !== 8)) {
    return undefined;
  }
  const address =
    parts.length === 4 ? numbers.join(".") : numbers.map((part) => part.toString(16)).join(":");
  return { address };
}

function textOf(term: Term | undefined): string | undefined {
  if (term === undefined || !isList(term) || term.length === 0) return undefined;
  try {
    return charlistToString(term);
  } catch {
    return undefined;
  }
}

function shown(term: Term | undefined): string {
  if (term === undefined) return "nothing";
  const text = formatTerm(term, { width: 1000, maxChars: 200 }).replace(/\s+/gu, " ");
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
