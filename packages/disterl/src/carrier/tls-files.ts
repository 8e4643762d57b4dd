import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";
import { RevocationList } from "./revocation-list.ts";
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
      const code = (cause as NodeJS.ErrnoException).code ?? "error";
      throw configError(`${what} ${path}`, `the file cannot be opened (${code})`, cause);
    }
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) throw configError(`${what} ${path}`, "is not a regular file");
      if (stats.size > MAX_FILE) {
        throw configError(`${what} ${path}`, `has ${stats.size} bytes, more than ${MAX_FILE}`);
      }
      return readFileSync(fd, "latin1");
    } finally {
      closeSync(fd);
    }
  }

  /** The files of a folder, by name. @throws CarrierError `ERR_CARRIER_TLS_CONFIG`. */
  readFolder(path: string, what: string): { path: string; text: string }[] {
    this.#stamps.set(path, stampOf(path));
    let names: string[];
    try {
      names = readdirSync(path).sort();
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? "error";
      throw configError(`${what} ${path}`, `the folder cannot be read (${code})`, cause);
    }
    const paths = names.map((name) => `${path.replace(/\/$/, "")}/${name}`);
    const files = paths.filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
    return files.map((file) => ({ path: file, text: this.read(file, what) }));
  }
}

function stampOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? "missing" : `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
}

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END [A-Z0-9 ]+-----/g;
const CRL = /-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g;

/** The certificates of a PEM text. @throws CarrierError when one cannot be read, or there is none. */
export function certificatesIn(text: string, what: string): X509Certificate[] {
  const found = (text.match(CERTIFICATE) ?? []).map((pem, index) => {
    try {
      return new X509Certificate(pem);
    } catch (cause) {
      throw configError(what, `certificate ${index + 1} of it cannot be read`, cause);
    }
  });
  if (found.length > 0) return found;
  throw configError(what, "holds no certificate (a PEM block BEGIN CERTIFICATE)");
}

/** The revocation lists of a PEM text, maybe none. @throws CarrierError when one is of no use. */
export function revocationListsIn(text: string, what: string): RevocationList[] {
  return [...text.matchAll(CRL)].map(([, base64 = ""], index) => {
    try {
      return new RevocationList(Buffer.from(base64, "base64"));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw configError(what, `revocation list ${index + 1} of it cannot be used: ${why}`, cause);
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
  if (!/-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/.test(text)) {
    throw configError(what, "holds no private key (a PEM block BEGIN PRIVATE KEY)");
  }
  const encrypted = /BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text);
  if (encrypted && password === undefined) {
    throw configError(what, "the key is encrypted; give its password");
  }
  try {
    return createPrivateKey({
      key: text,
      format: "pem",
      ...(password === undefined ? {} : { passphrase: password }),
    });
  } catch (cause) {
    const why = encrypted
      ? "the password is wrong, or the key is damaged"
      : "the key cannot be read";
    throw configError(what, why, cause);
  }
}
