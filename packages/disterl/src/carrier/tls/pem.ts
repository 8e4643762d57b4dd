import { configError } from "./tls-errors.ts";

/** A block of a PEM text (RFC 7468). */
export interface PemBlock {
  /** `CERTIFICATE`, `EC PRIVATE KEY`, … */
  readonly label: string;
  /** The block as it ought to be written: its lines without indentation, ended by LF. */
  readonly text: string;
  /** Line of the text on which it begins, from 1. */
  readonly line: number;
}

const BOUNDARY = /-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----/g;

/**
 * The blocks of a PEM text, in order. What stands between them, such as a description of a
 * certificate, and a byte order mark before them, do not count; line ends may be of any system.
 *
 * @param what names the option and the file in errors.
 * @throws CarrierError `ERR_CARRIER_TLS_CONFIG` for a block that is cut: to leave it out would be to
 *   trust somebody less, or revoke one certificate less, and tell nobody.
 */
export function pemBlocks(text: string, what: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  const lineOf = lineCounter(text);
  let open: { label: string; from: number; line: number } | undefined;
  for (const { 0: boundary, 1: kind, 2: label = "", index } of text.matchAll(BOUNDARY)) {
    const line = lineOf(index);
    if (kind === "BEGIN") {
      if (open !== undefined) throw cut(what, open);
      open = { label, from: index + boundary.length, line };
      continue;
    }
    if (open === undefined || open.label !== label) {
      if (open !== undefined) throw cut(what, open);
      throw configError(what, `line ${line}: the block "${label}" ends and has no beginning`);
    }
    const lines = text.slice(open.from, index).split(/\r\n?|\n/);
    const body = lines.map((content) => content.trim()).filter((content) => content !== "");
    blocks.push({ label, text: block(label, body), line: open.line });
    open = undefined;
  }
  if (open !== undefined) throw cut(what, open);
  return blocks;
}

/** The empty line between the headers of an old encrypted key and the key belongs to the format. */
function block(label: string, lines: readonly string[]): string {
  const headers = lines.filter((line) => line.includes(":"));
  const content = lines.filter((line) => !line.includes(":"));
  const head = headers.length === 0 ? [] : [...headers, ""];
  return [`-----BEGIN ${label}-----`, ...head, ...content, `-----END ${label}-----`, ""].join("\n");
}

function cut(what: string, { label, line }: { label: string; line: number }): Error {
  const text = `line ${line}: the block "${label}" begins and does not end; copy the file again, whole`;
  return configError(what, text);
}

/** Gives the line of an offset; offsets come in order. */
function lineCounter(text: string): (offset: number) => number {
  let line = 1;
  let counted = 0;
  return (offset) => {
    for (; counted < offset; counted++) {
      const end = text[counted];
      if (end === "\n" || (end === "\r" && text[counted + 1] !== "\n")) line++;
    }
    return line;
  };
}
