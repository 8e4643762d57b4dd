import * as tls from "node:tls";
import { printable } from "../../bytes/printable.ts";

/** What OpenSSL takes one at a time, and would leave out silently or name badly within a list. */
export type AlgorithmKind = "cipher" | "group" | "signature algorithm";

/**
 * A cipher suite by OpenSSL's name, whichever of its two names is given: `ECDHE-RSA-AES128-GCM-SHA256`
 * is `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` in the registry of IANA, and both are understood by OTP.
 */
export function opensslCipher(name: string): string {
  const [, exchange, cipher] = /^TLS_(\w+)_WITH_(\w+)$/i.exec(name) ?? [];
  if (exchange === undefined || cipher === undefined) return name;
  const suite = cipher
    .replace(/AES_(\d+)/i, "AES$1")
    .replace(/CHACHA20_POLY1305_SHA256/i, "CHACHA20-POLY1305")
    .replace(/_CBC_/i, "-")
    .replaceAll("_", "-");
  return exchange.toUpperCase() === "RSA" ? suite : `${exchange.replaceAll("_", "-")}-${suite}`;
}

/** Why there is no such thing here; undefined when there is. */
export function algorithmProblem(kind: AlgorithmKind, name: string): string | undefined {
  const shown = printable(name);
  if (kind === "cipher") {
    if (knownCiphers().has(opensslCipher(name).toLowerCase())) return undefined;
    return `there is no cipher "${shown}" here; tls.getCiphers() of Node.js lists those that there are`;
  }
  try {
    tls.createSecureContext(kind === "group" ? { ecdhCurve: name } : { sigalgs: name });
    return undefined;
  } catch {
    return `there is no ${kind} "${shown}" here: OpenSSL does not know it`;
  }
}

let ciphers: ReadonlySet<string> | undefined;

function knownCiphers(): ReadonlySet<string> {
  ciphers ??= new Set(tls.getCiphers());
  return ciphers;
}
