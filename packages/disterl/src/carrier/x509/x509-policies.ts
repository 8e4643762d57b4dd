import { DER_OID, DER_SEQUENCE, DerReader, oidText } from "./der.ts";

/** What a certificate says of policies: RFC 5280, sections 4.2.1.4, 4.2.1.5, 4.2.1.11 and 4.2.1.14. */
export interface X509Policies {
  /** Those it was issued under (certificatePolicies); empty: under none that it names. */
  readonly issuedUnder: readonly string[];
  /** Whether the certificates of a chain must have one in common (policyConstraints). */
  readonly areRequired: boolean;
  /** Whether it takes some for others (policyMappings). */
  readonly areMapped: boolean;
  /** Whether {@link ANY_POLICY} is not any for the certificates below (inhibitAnyPolicy). */
  readonly isAnyInhibited: boolean;
}

/** Stands for every policy. */
export const ANY_POLICY = "2.5.29.32.0";

const POLICIES = "2.5.29.32";
const MAPPINGS = "2.5.29.33";
const CONSTRAINTS = "2.5.29.36";
const INHIBIT_ANY = "2.5.29.54";
/** `requireExplicitPolicy [0]` of policyConstraints. */
const REQUIRE_EXPLICIT = 0x80;

/** `value` gives the extension of that identifier. @throws DerError */
export function x509Policies(value: (id: string) => Uint8Array | undefined): X509Policies {
  const constraints = value(CONSTRAINTS);
  return {
    issuedUnder: policiesIn(value(POLICIES)),
    areRequired:
      constraints !== undefined &&
      new DerReader(constraints).within(DER_SEQUENCE).nextTag === REQUIRE_EXPLICIT,
    areMapped: value(MAPPINGS) !== undefined,
    isAnyInhibited: value(INHIBIT_ANY) !== undefined,
  };
}

function policiesIn(value: Uint8Array | undefined): string[] {
  if (value === undefined) return [];
  const list = new DerReader(value).within(DER_SEQUENCE);
  const policies: string[] = [];
  while (!list.done) policies.push(oidText(list.within(DER_SEQUENCE).next(DER_OID).content));
  return policies;
}
