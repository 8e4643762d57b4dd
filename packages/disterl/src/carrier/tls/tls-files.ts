import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from "node:fs";
import { fileProblem } from "../file-problem.ts";
import { pemBlocks } from "./pem.ts";
import { RevocationList } from "../x509/revocation-list.ts";
import { configError } from "./tls-errors.ts";

/** No file of certificates is longer. */
const MAX_FILE = 4 * 1024 * 1024;

/** What `node:tls` is given, and the files it came from. */
export class TlsFiles {
  /** Path to what the file looked like when it was read. */
  readonly #stamps = new Map<string, string>();

  /** Whether one of the files that were read is another one now. */
  get changed(): boolean {
    for (const [path, stamp] of this.#stamps) if (stampOf(path) !== stamp) return true;
    return false;
  }

  /**
   * The text of a file.
   * @param what names the option in errors. @throws CarrierError `ERR_CARRIER_TLS_CONFIG`.
   */
  read(path: string, what: string): string {
    this.#stamps.set(path, stampOf(path));
    let fd: number;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (cause) {
      throw configError(`${what} ${path}`, fileProblem(path, cause), cause);
    }
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) throw configError(`${what} ${path}`, "is not a regular file");
      if (stats.size > MAX_FILE) {
        throw configError(`${what} ${path}`, `has ${stats.size} bytes, more than ${MAX_FILE}`);
      }
      return contents(fd, `${what} ${path}`);
    } finally {
      closeSync(fd);
    }
  }

  /** The files of a folder, by name, hidden ones apart. @throws CarrierError `ERR_CARRIER_TLS_CONFIG`. */
  readFolder(path: string, what: string): { path: string; text: string }[] {
    this.#stamps.set(path, stampOf(path));
    let names: string[];
    try {
      names = readdirSync(path).sort();
    } catch (cause) {
      throw configError(`${what} ${path}`, fileProblem(path, cause), cause);
    }
    const shown = names.filter((name) => !name.startsWith("."));
    const paths = shown.map((name) => `${path.replace(/\/$/, "")}/${name}`);
    const files = paths.filter(isFile);
    return files.map((file) => ({ path: file, text: this.read(file, what) }));
  }
}

/** Not more than allowed either where a file does not tell its size, as in /proc. */
function contents(fd: number, what: string): string {
  const chunk = Buffer.allocUnsafe(64 * 1024);
  let text = "";
  try {
    for (let read = -1; read !== 0 && text.length <= MAX_FILE; ) {
      read = readSync(fd, chunk);
      text += chunk.toString("latin1", 0, read);
    }
    if (text.length <= MAX_FILE) return text;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "error";
    throw configError(what, `the file cannot be read (${code})`, cause);
  }
  throw configError(what, `has more than ${MAX_FILE} bytes`);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // a link to nowhere, or in a circle
  }
}

/** Never throws: it is asked again for each connection, whatever has become of the file. */
function stampOf(path: string): string {
  try {
    const stats = statSync(path, { bigint: true });
    return `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "error";
  }
}

const CERTIFICATE = /^(?:TRUSTED |X509 )?CERTIFICATE$/;
const PRIVATE_KEY = /^(?:[A-Z0-9]+ )?PRIVATE KEY$/;

/** The certificates of a PEM text. @throws CarrierError when one cannot be read, or there is none. */
export function certificatesIn(text: string, what: string): X509Certificate[] {
  const blocks = pemBlocks(text, what).filter(({ label }) => CERTIFICATE.test(label));
  const found = blocks.map(({ text: pem, line }) => {
    try {
      return new X509Certificate(pem);
    } catch (cause) {
      throw configError(what, `line ${line}: this certificate cannot be read`, cause);
    }
  });
  if (found.length > 0) return found;
  throw configError(what, "holds no certificate (a PEM block BEGIN CERTIFICATE)");
}

/** The revocation lists of a PEM text, maybe none. @throws CarrierError when one is of no use. */
export function revocationListsIn(text: string, what: string): RevocationList[] {
  const blocks = pemBlocks(text, what).filter(({ label }) => label === "X509 CRL");
  return blocks.map(({ text: pem, line }) => {
    try {
      const base64 = pem.split("\n").slice(1, -2).join("");
      return new RevocationList(Buffer.from(base64, "base64"));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw configError(what, `line ${line}: this revocation list cannot be used: ${why}`, cause);
    }
  });
}

/** What may be given once, or as a list. */
export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

/** The private key of a PEM text. @throws CarrierError when there is none, or its password is wrong. */
export function privateKeyIn(text: string, password: string | undefined, what: string): KeyObject {
  const keys = pemBlocks(text, what).filter(({ label }) => PRIVATE_KEY.test(label));
  const [block, ...more] = keys;
  if (block === undefined) {
    throw configError(what, "holds no private key (a PEM block BEGIN PRIVATE KEY)");
  }
  if (more.length > 0) {
    const lines = keys.map(({ line }) => line).join(" and ");
    const text = `holds ${keys.length} private keys, on lines ${lines}; leave the one of the certificate`;
    throw configError(what, text);
  }
  const encrypted = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(block.text);
  if (encrypted && password === undefined) {
    throw configError(what, "the key is encrypted; give its password");
  }
  try {
    return createPrivateKey({
      key: block.text,
      format: "pem",
      ...(password === undefined ? {} : { passphrase: password }),
    });
  } catch (cause) {
    const why = encrypted
      ? "the password is wrong, or the key is damaged"
      : `the key on line ${block.line} cannot be read`;
    throw configError(what, why, cause);
  }
}
