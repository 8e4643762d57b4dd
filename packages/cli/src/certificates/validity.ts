import type { OptionSpec, OptionValues } from "../command.ts";
import type { Validity } from "./authority.ts";
import { certUsage } from "./cert-failure.ts";

/** Milliseconds of a day. */
export const DAY = 86_400_000;

/** Certificates begin this much earlier, for nodes whose clocks are behind. */
const CLOCKS_DIFFER = 3_600_000;

/** Beyond 2049 dates are written another way: nothing needs that. */
const LAST = Date.UTC(2050, 0, 1) - 1000;

export function daysOption(days: number | string): OptionSpec {
  return {
    flags: "--days <days>",
    description: `how long it is valid (default: ${days})`,
    read: readDays,
  };
}

export const fromOption: OptionSpec = {
  flags: "--from <date>",
  description: "when it begins to be valid, such as 2030-01-31 (default: an hour ago)",
  read: readDate,
};

/** From an hour ago, for so many days from now. */
export function validFor(days: number, now = Date.now()): Validity {
  return {
    notBefore: whole(now - CLOCKS_DIFFER),
    notAfter: whole(Math.min(LAST, now + days * DAY)),
  };
}

/** What `--days` and `--from` say. */
export function readValidity(options: OptionValues, days: number): Validity {
  const wanted = (options["days"] as number | undefined) ?? days;
  const from = options["from"] as Date | undefined;
  if (from === undefined) return validFor(wanted);
  return { notBefore: from, notAfter: whole(Math.min(LAST, from.getTime() + wanted * DAY)) };
}

/** A certificate counts no longer than the one that signed it. */
export function within(wanted: Validity, ca: Validity): Validity {
  if (wanted.notBefore >= ca.notAfter) {
    const message = `the CA expires on ${day(ca.notAfter)}, before the certificate would begin`;
    throw certUsage(message, ["disterl cert renew ca makes the CA valid for longer"]);
  }
  if (wanted.notAfter <= ca.notBefore) {
    const message = `the certificate would end on ${day(wanted.notAfter)}, before the CA begins, which is ${day(ca.notBefore)}`;
    throw certUsage(message, ["--from and --days say from when and for how long"]);
  }
  return {
    notBefore: wanted.notBefore < ca.notBefore ? ca.notBefore : wanted.notBefore,
    notAfter: wanted.notAfter > ca.notAfter ? ca.notAfter : wanted.notAfter,
  };
}

/** `2027-01-31` */
export function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** `2027-01-31 12:00:00 UTC` */
export function moment(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** A date or a time, as ISO 8601 writes them. */
export function readDate(text: string): Date {
  const iso = /^(\d{4})-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  const date = new Date(iso === null ? NaN : text);
  if (Number.isNaN(date.getTime()) || Number(iso?.[1]) >= 2050) {
    throw new TypeError("expected a date before 2050, such as 2030-01-31 or 2030-01-31T12:00:00Z");
  }
  return whole(date.getTime());
}

function readDays(text: string): number {
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days >= 1) return days;
  throw new TypeError("expected a number of days from 1 to 99999");
}

/** Certificates count in seconds. */
function whole(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
