import type { X509Certificate } from "node:crypto";
import { x509Fields } from "../x509/x509-fields.ts";
import { ANY_POLICY, type X509Policies } from "../x509/x509-policies.ts";
import { certificateProblem, type TlsProblem } from "./tls-certificate.ts";
import type { Ways } from "./tls-chain.ts";

/**
 * Where one certificate on a way to a trusted root requires it (policyConstraints), all of them have to
 * be issued under one policy, whichever (RFC 5280, section 6.1, with any-policy as initial set). OpenSSL
 * does not look at that unless it is asked to, and Node.js does not ask.
 *
 * Stricter than the RFC, so that nothing has to be known of the order of the way: what is required is so
 * at once (`skipCerts` 0), no policy is taken for another one, and any-policy does not count beside
 * inhibitAnyPolicy.
 */
export function policyProblem({ certificates, signers }: Ways): TlsProblem | undefined {
  const below = certificates.filter((one) => (signers.get(one) ?? []).length > 0);
  const requiring = below.find((one) => policiesOf(one).areRequired);
  if (requiring === undefined) return undefined;
  const all = below.map(policiesOf);
  if (!all.some(({ areMapped }) => areMapped) && haveCommon(all)) return undefined;
  const text = "requires a policy under which its whole chain is issued, and there is none";
  const remedy = "have certificates made with that policy, or a CA that requires none";
  return certificateProblem("policy", text, remedy, requiring);
}

function haveCommon(all: readonly X509Policies[]): boolean {
  const isAny = !all.some(({ isAnyInhibited }) => isAnyInhibited);
  const named = new Set(all.flatMap(({ issuedUnder }) => issuedUnder));
  if (!isAny) named.delete(ANY_POLICY);
  const isOf = ({ issuedUnder }: X509Policies, policy: string): boolean =>
    issuedUnder.includes(policy) || (isAny && issuedUnder.includes(ANY_POLICY));
  return [...named].some((policy) => all.every((one) => isOf(one, policy)));
}

/** @throws DerError, which refuses the peer. */
function policiesOf(certificate: X509Certificate): X509Policies {
  return x509Fields(certificate).policies;
}
