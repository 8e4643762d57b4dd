import { SocketAddress } from "node:net";
import { Atom } from "../term/atom.ts";
import { charlistToString, isList } from "../term/list.ts";
import { formatTerm } from "../term/format-term.ts";
import type { Term } from "../term/term.ts";
import { isTuple } from "../term/tuple.ts";
import { FlagError } from "./errors.ts";

/** One parameter's value and how the user wrote its name, for errors. */
export interface Given {
  /** `-kernel net_ticktime`, or `net_ticktime in sys.config`. */
  readonly flag: string;
  readonly value: Term;
}

/** @throws FlagError unless the value is an integer from `least` to `most`. */
export function integerValue({ flag, value }: Given, least: number, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  throw wrong(flag, `an integer from ${least} to ${most}`, value);
}

/** @throws FlagError unless the value is a port number. */
export function portValue(given: Given): number {
  return integerValue(given, 1, 0xffff);
}

/** @throws FlagError unless the value is `true` or `false`. */
export function booleanValue({ flag, value }: Given): boolean {
  if (typeof value === "boolean") return value;
  throw wrong(flag, "true or false", value);
}

/** @throws FlagError unless the value is one of the atoms. */
export function atomValue<const Text extends string>(
  { flag, value }: Given,
  allowed: readonly Text[],
): Text {
  const found = value instanceof Atom ? allowed.find((text) => text === value.text) : undefined;
  if (found !== undefined) return found;
  throw wrong(flag, allowed.join(" or "), value);
}

/**
 * An IP address as Erlang has it, `{127,0,0,1}` or eight groups of IPv6, as text.
 * @throws FlagError for anything else; text gets the tuple to write.
 */
export function addressValue({ flag, value }: Given): string {
  if (isTuple(value)) {
    const parts = Array.from(value);
    const octets = parts.filter((part) => isUnsigned(part, 0xff));
    if (parts.length === 4 && octets.length === 4) return octets.join(".");
    const groups = parts.filter((part) => isUnsigned(part, 0xffff));
    if (parts.length === 8 && groups.length === 8) {
      const address = groups.map((group) => group.toString(16)).join(":");
      return new SocketAddress({ address, family: "ipv6" }).address; // as the system writes it
    }
    const expected =
      parts.length === 8
        ? "eight groups from 0 to 65535 such as {0,0,0,0,0,0,0,1}"
        : "four octets from 0 to 255 such as {127,0,0,1}, or eight groups for IPv6";
    throw wrong(flag, expected, value);
  }
  const text = textOf(value);
  const hint = /^\d+(?:\.\d+){3}$/.test(text ?? "")
    ? `; write {${text?.replaceAll(".", ",")}}, quoted for the shell`
    : "";
  throw wrong(flag, `an address tuple such as {127,0,0,1}${hint}`, value);
}

/** An error that says what was expected and what was found. */
export function wrong(flag: string, expected: string, value: Term): FlagError {
  return new FlagError("ERR_FLAG_VALUE", flag, `expected ${expected}; found ${shown(value)}`);
}

/** A term in an error: on one line and not long. */
export function shown(value: Term): string {
  const text = formatTerm(value, { pretty: true, width: 1000, maxChars: 1000 }).replace(
    /\s+/g,
    " ",
  );
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function isUnsigned(value: unknown, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}

function textOf(value: Term): string | undefined {
  if (value instanceof Atom) return value.text;
  if (!isList(value) || value.length === 0) return undefined;
  try {
    return charlistToString(value);
  } catch {
    return undefined;
  }
}
