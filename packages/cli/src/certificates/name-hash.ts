import { createHash } from "node:crypto";

/**
 * The name that a directory of CRLs finds an issuer by, `1a2b3c4d` in `1a2b3c4d.r0`, as
 * `openssl rehash` and OTP's `public_key:short_name_hash/1` compute it: SHA-1 over the canonical form
 * of the name, of which the first four bytes, little-endian.
 *
 *     RDN          ::= SET { SEQUENCE { OID commonName, UTF8String name } }
 *     canonical      without the outer SEQUENCE; lower case, runs of spaces are one
 *
 * @param commonName the only part of the issuer's name; ASCII.
 */
export function nameHash(commonName: string): string {
  const text = commonName.trim().replaceAll(/\s+/g, " ").toLowerCase();
  const rdn = tlv(0x31, tlv(0x30, Buffer.concat([COMMON_NAME, tlv(0x0c, Buffer.from(text))])));
  return createHash("sha1").update(rdn).digest().readUInt32LE(0).toString(16).padStart(8, "0");
}

/** OBJECT IDENTIFIER 2.5.4.3 */
const COMMON_NAME = Buffer.of(0x06, 0x03, 0x55, 0x04, 0x03);

/** At most 127 bytes, as the longest common name of a CA makes. */
function tlv(tag: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag, value.length), value]);
}
