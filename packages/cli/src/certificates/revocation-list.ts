import type { Authority, Validity } from "./authority.ts";
import {
  AuthorityKeyIdentifierExtension,
  Extension,
  type X509Crl,
  X509CrlGenerator,
  X509CrlReason,
} from "./x509-library.ts";

/** Reasons for which a certificate is revoked, as `--reason` and RFC 5280 name them. */
export const REVOCATION_REASONS = {
  unspecified: X509CrlReason.unspecified,
  keyCompromise: X509CrlReason.keyCompromise,
  affiliationChanged: X509CrlReason.affiliationChanged,
  superseded: X509CrlReason.superseded,
  cessationOfOperation: X509CrlReason.cessationOfOperation,
} as const;

export type RevocationReason = keyof typeof REVOCATION_REASONS;

/** One certificate that is no longer good. */
export interface Revocation {
  /** Hexadecimal. */
  readonly serial: string;
  readonly at: Date;
  readonly reason?: RevocationReason;
}

/** `id-ce-cRLNumber` */
const CRL_NUMBER = "2.5.29.20";

/** A list signed by a CA, of what it revoked. */
export async function makeCrl(
  { certificate, key }: Authority,
  revocations: readonly Revocation[],
  number: bigint,
  { notBefore, notAfter }: Validity,
): Promise<X509Crl> {
  return X509CrlGenerator.create({
    issuer: certificate.subjectName,
    thisUpdate: notBefore,
    nextUpdate: notAfter,
    signingKey: key.key,
    signingAlgorithm: key.algorithm,
    entries: revocations.map(({ serial, at, reason }) => ({
      serialNumber: serial,
      revocationDate: at,
      // RFC 5280, 5.3.1: "unspecified" is told by leaving it out.
      ...(reason === undefined || reason === "unspecified"
        ? {}
        : { reason: REVOCATION_REASONS[reason] }),
    })),
    extensions: [
      await AuthorityKeyIdentifierExtension.create(certificate.publicKey),
      new Extension(CRL_NUMBER, false, integer(number)),
    ],
  });
}

/** What a list revokes. */
export function revocationsOf(crl: X509Crl): readonly Revocation[] {
  return crl.entries.map(({ serialNumber, revocationDate, reason }) => {
    const name = reasonName(reason);
    return {
      serial: canonicalSerial(serialNumber),
      at: revocationDate,
      ...(name === undefined ? {} : { reason: name }),
    };
  });
}

/** The number of a list; `undefined` for one without. */
export function crlNumber(crl: X509Crl): bigint | undefined {
  const found = crl.extensions.find(({ type }) => type === CRL_NUMBER);
  if (found === undefined) return undefined;
  // INTEGER of a short length: 02 LL value
  const [tag, length, ...value] = new Uint8Array(found.value);
  if (tag !== 0x02 || length !== value.length || length === 0) return undefined;
  return BigInt(`0x${Buffer.from(value).toString("hex")}`);
}

/** Serial numbers compare in this form: lower case, without zeros in front. */
export function canonicalSerial(serial: string): string {
  return serial
    .toLowerCase()
    .replaceAll(":", "")
    .replace(/^0+(?=.)/, "");
}

function reasonName(reason: X509CrlReason | undefined): RevocationReason | undefined {
  const names = Object.entries(REVOCATION_REASONS) as [RevocationReason, X509CrlReason][];
  return names.find(([, code]) => code === reason)?.[0];
}

/** DER of a positive integer below 2^1000. */
function integer(value: bigint): Uint8Array<ArrayBuffer> {
  const digits = value.toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
  const sign = (bytes[0] ?? 0) >= 0x80 ? [0] : [];
  return Uint8Array.of(0x02, bytes.length + sign.length, ...sign, ...bytes);
}
