import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { certificateProblem, type TlsProblem } from "./tls-certificate.ts";

/** What OpenSSL says of a chain that it does not accept. */
export interface Verdict {
  /** One of the codes of Node.js, which names the most frequent ones; `UNSPECIFIED` otherwise. */
  readonly code: string;
  /** In words, which Node.js keeps to itself where it has a code. */
  readonly text: string;
}

/** Of a socket that is not `authorized`. */
export function verdictOf(socket: TLSSocket): Verdict {
  const code = String(socket.authorizationError);
  const { _handle: handle } = socket as unknown as SocketInside;
  const error = handle?.verifyError?.();
  return { code, text: error instanceof Error ? error.message : code };
}

/** What Node.js does not document of a `tls.TLSSocket`. */
interface SocketInside {
  readonly _handle?: { verifyError?(): unknown } | null;
}

/** What a verdict of OpenSSL means, and for which certificate of the chain it is. */
export function chainProblem(
  chain: readonly X509Certificate[],
  { code, text }: Verdict,
  where: "server" | "client",
): TlsProblem {
  const [leaf] = chain;
  const last = chain.at(-1);
  switch (code) {
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return dateProblem(chain, code);
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return certificateProblem(
        "issuer",
        "is signed by itself",
        "have a CA we trust sign it",
        leaf,
      );
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return certificateProblem("issuer", "is a CA that we do not trust", trustIt, last);
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return certificateProblem("issuer", "is not issued by a CA that we trust", trustIt, last);
    case "INVALID_PURPOSE":
    case "INVALID_CA":
      return purposeProblem(chain, where);
    case "PATH_LENGTH_EXCEEDED":
    case "CERT_CHAIN_TOO_LONG":
      return certificateProblem("depth", "has too long a chain to its CA", "shorten it", leaf);
    case "CERT_SIGNATURE_FAILURE":
      return certificateProblem("signature", "has a wrong signature", trustIt, leaf);
    default:
      return unnamedProblem(chain, text);
  }
}

/** OpenSSL does not say which one of the chain it is; where that cannot be found out, we do not either. */
function unnamedProblem(chain: readonly X509Certificate[], text: string): TlsProblem {
  const [leaf] = chain;
  if (text === "key usage does not include certificate signing") return issuerProblem(chain);
  const said = `or one that vouches for it, fails a check of OpenSSL: ${text}`;
  const check = /too weak|explicit ECC/.test(text) ? "strength" : "other";
  return certificateProblem(check, said, newOne, leaf);
}

function dateProblem(chain: readonly X509Certificate[], code: string): TlsProblem {
  const now = Date.now();
  const [leaf] = chain;
  if (code === "CERT_HAS_EXPIRED") {
    const expired = chain.find(({ validTo }) => Date.parse(validTo) < now) ?? leaf;
    return certificateProblem("validity", "has expired", "renew it, or set the clock", expired);
  }
  const early = chain.find(({ validFrom }) => Date.parse(validFrom) > now) ?? leaf;
  return certificateProblem("validity", "is not valid yet", "wait, or set the clock", early);
}

/** OpenSSL tells the last thing it finds wrong; which one of the chain it is for, we look up. */
function purposeProblem(chain: readonly X509Certificate[], where: "server" | "client"): TlsProblem {
  if (chain.slice(1).some(({ ca }) => !ca)) return issuerProblem(chain);
  const { name, id } = where === "server" ? CLIENT_AUTH : SERVER_AUTH;
  const limited = chain.find(
    ({ keyUsage: uses }: Uses) => uses !== undefined && !uses.includes(id),
  );
  const why = limited === undefined ? "keyUsage" : `extendedKeyUsage without ${name}`;
  const text =
    limited === undefined || limited === chain[0]
      ? "is not for this use"
      : "vouches for no such use";
  return certificateProblem("purpose", `${text} (${why})`, newOne, limited ?? chain[0]);
}

/** A CA has to say that it is one, and that its key may sign certificates where it says what that may do. */
function issuerProblem(chain: readonly X509Certificate[]): TlsProblem {
  const issuer = chain.slice(1).find(({ ca }) => !ca) ?? chain.at(-1);
  const text = "has issued the one before it, and is no CA";
  return certificateProblem("authority", text, newOne, issuer);
}

/** Node.js calls the extended one so, and leaves it undefined where there is none. */
interface Uses {
  readonly keyUsage: readonly string[] | undefined;
}

const SERVER_AUTH = { name: "serverAuth", id: "1.3.6.1.5.5.7.3.1" };
const CLIENT_AUTH = { name: "clientAuth", id: "1.3.6.1.5.5.7.3.2" };

const trustIt = "if it should be trusted, add its CA to cacertfile";
const newOne = "have a new one made";
