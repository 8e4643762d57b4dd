import type { Json } from "../term-json.ts";
import type { CertificateFacts } from "./certificate-facts.ts";
import { crlNumber, revocationsOf } from "./revocation-list.ts";
import type { X509Crl } from "./x509-library.ts";

/** A certificate for `--json`. */
export function certificateJson(facts: CertificateFacts): { readonly [key: string]: Json } {
  const { notBefore, notAfter, names, keyUsage, extendedKeyUsage, pathLength, ...rest } = facts;
  return {
    ...rest,
    names: { ...names },
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    keyUsage: keyUsage ?? null,
    extendedKeyUsage: extendedKeyUsage ?? null,
    pathLength: pathLength ?? null,
  };
}

/** A list of revoked certificates for `--json`. */
export function crlJson(crl: X509Crl): { readonly [key: string]: Json } {
  const number = crlNumber(crl);
  return {
    issuer: crl.issuer,
    number: number === undefined ? null : String(number),
    thisUpdate: crl.thisUpdate.toISOString(),
    nextUpdate: crl.nextUpdate?.toISOString() ?? null,
    revoked: revocationsOf(crl).map(({ serial, at, reason }) => ({
      serial,
      at: at.toISOString(),
      reason: reason ?? null,
    })),
  };
}
