import { isIP } from "node:net";
import { Atom } from "../term/atom.ts";
import { isList } from "../term/list.ts";
import type { Term } from "../term/term.ts";
import { isTuple } from "../term/tuple.ts";
import { isLoopback, isUnspecified } from "../bytes/ip-address.ts";
import { FlagError } from "./errors.ts";
import type { AddressFamily } from "./options-draft.ts";
import { addressValue, booleanValue, type Given, integerValue, wrong } from "./parameter-values.ts";
import { socketRefusals } from "./socket-refusals.ts";

/** Which of the two lists an option stands in. */
type Side = "listen" | "connect";

/** What one list of socket options asks for. */
interface SocketDraft {
  backlog?: number;
  /** In text form, or `any`, or `loopback`. */
  address?: string;
  noDelay?: boolean;
  keepAlive?: boolean;
  ipv6Only?: boolean;
  family?: "inet" | "inet6";
}

type Take = (given: Given, draft: SocketDraft, side: Side) => void;

const TAKEN: Readonly<Record<string, Take>> = {
  backlog: (given, draft, side) => {
    if (side === "connect") throw refused(given, "only who listens has a backlog");
    draft.backlog = integerValue(given, 1, 2 ** 31 - 1);
  },
  nodelay: (given, draft) => {
    draft.noDelay = booleanValue(given);
  },
  keepalive: (given, draft) => {
    draft.keepAlive = booleanValue(given);
  },
  ipv6_v6only: (given, draft, side) => {
    if (side === "connect") throw refused(given, "it is about listeners");
    draft.ipv6Only = booleanValue(given);
  },
  reuseaddr: (given) => {
    if (!booleanValue(given)) throw refused(given, "Node.js always sets it");
  },
  ip: takeAddress,
  ifaddr: takeAddress,
  inet: (_given, draft) => {
    draft.family = "inet";
  },
  inet6: (_given, draft) => {
    draft.family = "inet6";
  },
};

/** The atoms that stand alone. */
const ALONE = new Set(["inet", "inet6", "list", "binary", "local"]);

function takeAddress(given: Given, draft: SocketDraft): void {
  const { value } = given;
  const isWord = value instanceof Atom && (value.text === "any" || value.text === "loopback");
  draft.address = isWord ? value.text : addressValue(given);
}

/** @throws FlagError naming the option. */
function socketDraft({ flag, value }: Given, side: Side): SocketDraft {
  if (!isList(value)) throw wrong(flag, "a list of options such as [{backlog, 128}]", value);
  const draft: SocketDraft = {};
  for (const entry of value) {
    const { key, setting } = option(entry);
    if (key === undefined) throw wrong(flag, "{Option, Value}", entry);
    const given = { flag: `${flag} ${key}`, value: setting ?? false };
    const take = Object.hasOwn(TAKEN, key) ? TAKEN[key] : undefined;
    if (take !== undefined && (setting !== undefined || ALONE.has(key))) {
      take(given, draft, side);
    } else if (take !== undefined) {
      throw wrong(flag, `{${key}, Value}`, entry);
    } else {
      throw unknown(given, side);
    }
  }
  return draft;
}

function option(entry: Term): { readonly key?: string; readonly setting?: Term | undefined } {
  if (entry instanceof Atom) return { key: entry.text };
  if (!isTuple(entry)) return {};
  const [key, setting] = entry;
  if (!(key instanceof Atom)) return {};
  // {raw, Level, Number, Value}: it is refused by its name.
  return entry.length === 2 ? { key: key.text, setting } : { key: key.text };
}

function unknown(given: Given, side: Side): FlagError {
  const key = given.flag.slice(given.flag.lastIndexOf(" ") + 1);
  const why = socketRefusals.get(key);
  if (key === "port" && side === "connect") return refused(given, "the system chooses the port");
  if (why !== undefined) return refused(given, why);
  const call = side === "listen" ? "gen_tcp:listen/2" : "gen_tcp:connect/4";
  return new FlagError("ERR_FLAG_VALUE", given.flag, `is no option of ${call}`);
}

function refused({ flag }: Given, why: string): FlagError {
  return new FlagError("ERR_FLAG_NOT_SUPPORTED", flag, why);
}

/** What one list of socket options comes to. */
export interface SocketSettings extends Omit<SocketDraft, "family"> {
  readonly flag: string;
}

/**
 * `inet_dist_listen_options` or `inet_dist_connect_options`.
 * @param family of the carriers.
 * @throws FlagError naming the option.
 */
export function socketSettings(given: Given, side: Side, family: AddressFamily): SocketSettings {
  const { flag } = given;
  const { family: asked = family, address, ...found } = socketDraft(given, side);
  if (asked !== family) throw otherFamily(`${flag} ${asked}`, family);
  if (found.ipv6Only !== undefined && family === "inet") {
    throw otherFamily(`${flag} ipv6_v6only`, family);
  }
  if (address === undefined) return { flag, ...found };
  if (isIP(address) !== 0) checkFamily(`${flag} ip`, address, family);
  return { flag, ...found, address: addressOf(address, family) };
}

function addressOf(address: string, family: AddressFamily): string {
  if (address === "any") return family === "inet6" ? "::" : "0.0.0.0";
  if (address === "loopback") return family === "inet6" ? "::1" : "127.0.0.1";
  return address;
}

/**
 * An address is of the carriers. Where they are of both families only this machine and all interfaces
 * are addresses of each.
 * @throws FlagError
 */
export function checkFamily(flag: string, address: string, family: AddressFamily): void {
  if (family === "both") {
    if (!isLoopback(address) && !isUnspecified(address)) throw otherFamily(flag, family);
  } else if (address.includes(":") !== (family === "inet6")) {
    throw otherFamily(flag, family);
  }
}

function otherFamily(flag: string, family: AddressFamily): FlagError {
  const message =
    family === "both"
      ? "the carriers are IPv4 and IPv6 (-proto_dist), which have in common only {127,0,0,1} and {0,0,0,0}"
      : `the carrier is ${family === "inet" ? "IPv4" : "IPv6"} (-proto_dist)`;
  return new FlagError("ERR_FLAG_CONFLICT", flag, message);
}
