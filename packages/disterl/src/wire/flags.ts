/**
 * The capability flags (DFLAGs) that two nodes tell each other in the handshake. What both have is
 * in force for the connection; nothing else may be sent.
 *
 * Spec: erl_dist_protocol, "Distribution Flags"; values from `dist.hrl` and `dist.h` of OTP 25 to 29.
 * Differs in: the manual puts MANDATORY_25_DIGEST at bit 36; on the wire it is bit 26.
 */

/** The node is visible: listed in `nodes()`. Both must have it for a visible connection. */
export const DFLAG_PUBLISHED = 1n << 0n;
export const DFLAG_ATOM_CACHE = 1n << 1n;
export const DFLAG_EXTENDED_REFERENCES = 1n << 2n;
export const DFLAG_DIST_MONITOR = 1n << 3n;
export const DFLAG_FUN_TAGS = 1n << 4n;
export const DFLAG_DIST_MONITOR_NAME = 1n << 5n;
export const DFLAG_HIDDEN_ATOM_CACHE = 1n << 6n;
export const DFLAG_NEW_FUN_TAGS = 1n << 7n;
export const DFLAG_EXTENDED_PIDS_PORTS = 1n << 8n;
export const DFLAG_EXPORT_PTR_TAG = 1n << 9n;
export const DFLAG_BIT_BINARIES = 1n << 10n;
export const DFLAG_NEW_FLOATS = 1n << 11n;
export const DFLAG_UNICODE_IO = 1n << 12n;
export const DFLAG_DIST_HDR_ATOM_CACHE = 1n << 13n;
export const DFLAG_SMALL_ATOM_TAGS = 1n << 14n;
export const DFLAG_UTF8_ATOMS = 1n << 16n;
export const DFLAG_MAP_TAG = 1n << 17n;
export const DFLAG_BIG_CREATION = 1n << 18n;
export const DFLAG_SEND_SENDER = 1n << 19n;
export const DFLAG_BIG_SEQTRACE_LABELS = 1n << 20n;
export const DFLAG_EXIT_PAYLOAD = 1n << 22n;
export const DFLAG_FRAGMENTS = 1n << 23n;
export const DFLAG_HANDSHAKE_23 = 1n << 24n;
export const DFLAG_UNLINK_ID = 1n << 25n;
/** Stands for every flag of {@link MANDATORY_25}. */
export const DFLAG_MANDATORY_25_DIGEST = 1n << 26n;
export const DFLAG_SPAWN = 1n << 32n;
/** "Give me a name": only from a node that has none. */
export const DFLAG_NAME_ME = 1n << 33n;
export const DFLAG_V4_NC = 1n << 34n;
export const DFLAG_ALIAS = 1n << 35n;
export const DFLAG_ALTACT_SIG = 1n << 37n;
export const DFLAG_NATIVE_RECORDS = 1n << 38n;

/** One capability flag. */
export interface DistFlag {
  /** As in the specification, without `DFLAG_`. */
  readonly name: string;
  /** From 0. */
  readonly bit: number;
  /** `1n << bit`. */
  readonly value: bigint;
  /** In a few words. */
  readonly meaning: string;
  /** First OTP release that has it; `undefined`: before OTP 17. */
  readonly since: number | undefined;
  /**
   * From this OTP release on, a peer without it is refused. 25 also stands for older releases:
   * nobody older is talked with. `undefined`: optional.
   */
  readonly mandatorySince: 25 | 26 | undefined;
}

function row(
  bit: number,
  name: string,
  meaning: string,
  since?: number,
  mandatorySince?: 25 | 26,
): DistFlag {
  return { name, bit, value: 1n << BigInt(bit), meaning, since, mandatorySince };
}

/** Every flag that may be on the wire, by bit. Bits 15, 21 and 36 are internal to the emulator. */
export const distFlags: readonly DistFlag[] = [
  row(0, "PUBLISHED", "the node is visible"),
  row(1, "ATOM_CACHE", "the atom cache before OTP R13; never set"),
  row(2, "EXTENDED_REFERENCES", "references of several words", undefined, 25),
  row(3, "DIST_MONITOR", "MONITOR_P, DEMONITOR_P, MONITOR_P_EXIT"),
  row(4, "FUN_TAGS", "a tag for funs", undefined, 25),
  row(5, "DIST_MONITOR_NAME", "monitors of registered names"),
  row(6, "HIDDEN_ATOM_CACHE", "the old atom cache for hidden nodes; never set"),
  row(7, "NEW_FUN_TAGS", "NEW_FUN_EXT", undefined, 25),
  row(8, "EXTENDED_PIDS_PORTS", "pids and ports of more bits", undefined, 25),
  row(9, "EXPORT_PTR_TAG", "EXPORT_EXT: fun M:F/A", undefined, 25),
  row(10, "BIT_BINARIES", "BIT_BINARY_EXT", undefined, 25),
  row(11, "NEW_FLOATS", "NEW_FLOAT_EXT", undefined, 25),
  row(12, "UNICODE_IO", "the I/O protocol carries Unicode"),
  row(13, "DIST_HDR_ATOM_CACHE", "distribution header and atom cache"),
  row(14, "SMALL_ATOM_TAGS", "atoms with a one-byte length"),
  row(16, "UTF8_ATOMS", "ATOM_UTF8_EXT, SMALL_ATOM_UTF8_EXT", undefined, 25),
  row(17, "MAP_TAG", "MAP_EXT", 17, 25),
  row(18, "BIG_CREATION", "creations of 32 bits", 19, 25),
  row(19, "SEND_SENDER", "SEND_SENDER instead of SEND", 21),
  row(20, "BIG_SEQTRACE_LABELS", "any term as a sequential trace label", 21),
  row(22, "EXIT_PAYLOAD", "exit reasons travel as payload", 22),
  row(23, "FRAGMENTS", "big messages are cut into fragments", 22),
  row(24, "HANDSHAKE_23", "the handshake of version 6", 23, 25),
  row(25, "UNLINK_ID", "UNLINK_ID and UNLINK_ID_ACK instead of UNLINK", 23, 26),
  row(26, "MANDATORY_25_DIGEST", "stands for all that OTP 25 demands", 25),
  row(32, "SPAWN", "SPAWN_REQUEST and SPAWN_REPLY", 23),
  row(33, "NAME_ME", "asks the acceptor for a name", 23),
  row(34, "V4_NC", "pids and ports of 64 bits, references of five words", 24, 26),
  row(35, "ALIAS", "ALIAS_SEND: process aliases", 24),
  row(37, "ALTACT_SIG", "ALTACT_SIG_SEND instead of ALIAS_SEND", 28),
  row(38, "NATIVE_RECORDS", "RECORD_EXT", 29),
];

function sum(flags: readonly DistFlag[]): bigint {
  return flags.reduce((bits, flag) => bits | flag.value, 0n);
}

/** All bits of {@link distFlags}: what is outside is ignored on receipt. */
export const KNOWN_FLAGS: bigint = sum(distFlags);

/** What OTP 25 demands of a peer. */
export const MANDATORY_25: bigint = sum(distFlags.filter((flag) => flag.mandatorySince === 25));

/** What OTP 26 and later demand of a peer, and what we demand: `16#403070f94`. */
export const MANDATORY_26: bigint = sum(
  distFlags.filter((flag) => flag.mandatorySince !== undefined),
);

/** Never sent by default: superseded, or only for a node without a name. */
const ON_REQUEST = DFLAG_ATOM_CACHE | DFLAG_HIDDEN_ATOM_CACHE | DFLAG_NAME_ME;

/** The flags we announce: those of OTP 29, `16#6d07df7fbd`; without PUBLISHED when hidden. */
export function defaultFlags(options: { readonly hidden?: boolean } = {}): bigint {
  const flags = KNOWN_FLAGS & ~ON_REQUEST;
  return options.hidden === true ? flags & ~DFLAG_PUBLISHED : flags;
}

/** Replaces the bit that stands for all of OTP 25's mandatory flags by those flags, and keeps it. */
export function expandMandatory25Digest(flags: bigint): bigint {
  return (flags & DFLAG_MANDATORY_25_DIGEST) === 0n ? flags : flags | MANDATORY_25;
}

/** The flags in force between two nodes: what both have, unknown bits dropped. */
export function agreedFlags(ours: bigint, theirs: bigint): bigint {
  return expandMandatory25Digest(ours) & expandMandatory25Digest(theirs) & KNOWN_FLAGS;
}

/** The names of the flags that are set, by bit; bits without a name as `BIT_27`. */
export function flagNames(flags: bigint): string[] {
  if ((flags & ~KNOWN_FLAGS) === 0n) {
    return distFlags.filter(({ value }) => (flags & value) !== 0n).map(({ name }) => name);
  }
  const names: string[] = [];
  for (let bit = 0; flags >> BigInt(bit) !== 0n; bit++) {
    if (((flags >> BigInt(bit)) & 1n) === 0n) continue;
    names.push(distFlags.find((flag) => flag.bit === bit)?.name ?? `BIT_${bit}`);
  }
  return names;
}

/** A flag that a peer must have and has not. */
export interface MissingFlag {
  /** As in {@link DistFlag}. */
  readonly name: string;
  /** The first OTP release that refuses a peer without it. */
  readonly demandedBy: "OTP 25" | "OTP 26";
}

/**
 * Which of the flags we demand a peer has not announced, by bit; empty when it may be talked with.
 * A flag of `demanded` that no OTP release demands counts as OTP 26's.
 */
export function missingFlags(theirs: bigint, demanded: bigint = MANDATORY_26): MissingFlag[] {
  const missing = demanded & ~expandMandatory25Digest(theirs);
  if (missing === 0n) return [];
  return distFlags
    .filter((flag) => (flag.value & missing) !== 0n)
    .map(({ name, mandatorySince }) => ({
      name,
      demandedBy: mandatorySince === 25 ? "OTP 25" : "OTP 26",
    }));
}
