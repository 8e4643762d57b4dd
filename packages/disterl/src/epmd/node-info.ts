import {
  DIST_VERSION_HIGH,
  DIST_VERSION_LOW,
  MAX_EXTRA_BYTES,
  MAX_NAME_BYTES,
  MAX_NAME_CHARS,
  NODE_HIDDEN,
  NODE_NORMAL,
  PROTOCOL_TCP,
} from "./codes.ts";

/** What epmd knows of a node, as the node told it. */
export interface NodeInfo {
  /** The part of the node name before `@`. */
  readonly name: string;
  /** Where the node accepts distribution connections. */
  readonly port: number;
  /** 77 for a normal node, 72 for a hidden one. */
  readonly nodeType: number;
  /** 0: TCP over IPv4. */
  readonly protocol: number;
  /** Highest and lowest version of the distribution protocol: 6 and 5 from OTP 23 on. */
  readonly highest: number;
  readonly lowest: number;
  /** Handed out byte for byte to whoever asks; at most 1020 bytes. */
  readonly extra: Uint8Array;
}

const NO_EXTRA = new Uint8Array(0);

/** A {@link NodeInfo} with what OTP nodes send where nothing else is given. */
export function nodeInfo(
  name: string,
  port: number,
  options: {
    readonly hidden?: boolean | undefined;
    readonly extra?: Uint8Array | undefined;
    readonly highest?: number | undefined;
    readonly lowest?: number | undefined;
  } = {},
): NodeInfo {
  return {
    name,
    port,
    nodeType: options.hidden === true ? NODE_HIDDEN : NODE_NORMAL,
    protocol: PROTOCOL_TCP,
    highest: options.highest ?? DIST_VERSION_HIGH,
    lowest: options.lowest ?? DIST_VERSION_LOW,
    extra: options.extra ?? NO_EXTRA,
  };
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const CONTROL = /[\p{Cc}\u2028\u2029]/u;

/** UTF-8 bytes as text, or `undefined` when they are not UTF-8. */
export function decodeName(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** True when `text` has more than 255 characters (code points). */
export function tooManyChars(text: string): boolean {
  if (text.length <= MAX_NAME_CHARS) return false;
  let count = 0;
  for (const _ of text) {
    count += 1;
    if (count > MAX_NAME_CHARS) return true;
  }
  return false;
}

/**
 * Why a node cannot be registered under this name, or `undefined` when it can.
 *
 * Besides the lengths this refuses what would make the answer to NAMES ambiguous or unsafe to print:
 * the empty name, control characters, and `@`, which separates the name from the host.
 */
export function nameFault(name: string): string | undefined {
  if (name === "") return "the name is empty";
  if (tooManyChars(name)) return `the name has more than ${MAX_NAME_CHARS} characters`;
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    return `the name has more than ${MAX_NAME_BYTES} bytes`;
  }
  if (CONTROL.test(name)) return "the name has control characters";
  if (name.includes("@")) return "the name has an @";
  return undefined;
}

/** Why a node cannot be registered, or `undefined` when it can. */
export function nodeFault(node: NodeInfo): string | undefined {
  if (node.port === 0) return "the port is 0";
  if (node.extra.length > MAX_EXTRA_BYTES) {
    return `the extra field has more than ${MAX_EXTRA_BYTES} bytes`;
  }
  return nameFault(node.name);
}

/**
 * The version of the distribution protocol two nodes speak, 0 when they have none in common.
 * Mirrors `erl_epmd:select_best_version/4`.
 */
export function bestVersion(
  ours: Pick<NodeInfo, "highest" | "lowest">,
  theirs: Pick<NodeInfo, "highest" | "lowest">,
): number {
  if (ours.lowest > theirs.highest || theirs.lowest > ours.highest) return 0;
  return Math.min(ours.highest, theirs.highest);
}
