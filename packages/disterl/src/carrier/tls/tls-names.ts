import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { printable } from "../../bytes/printable.ts";
import { certificateFacts, certificateProblem, type TlsProblem } from "./tls-certificate.ts";
import type { NameBinding } from "./tls-options.ts";
import { type X509Fields, x509Fields } from "../x509/x509-fields.ts";

/** Whose certificate a peer is to have. */
export interface Expected {
  /** Host that the certificate must name; undefined: any. */
  readonly host: string | undefined;
  /** Full name of the node, which will do as well. */
  readonly node: string | undefined;
  /** `node`: the certificate must name the whole node. Default `host`. */
  readonly binding?: NameBinding | undefined;
  /**
   * A CA of the peer may vouch for some hosts only (nameConstraints). OpenSSL has held the hosts in the
   * certificate against that, and the hosts in full names not: they have to be among the former.
   */
  readonly isConstrained?: boolean | undefined;
}

/** What is expected of a node of that name; or, without an `@`, of a node on that host. */
export function expectedOf(name: string, binding: NameBinding, isConstrained = false): Expected {
  const at = name.indexOf("@");
  return at === -1
    ? { host: name, node: undefined }
    : { host: name.slice(at + 1), node: name, binding, isConstrained };
}

/** Why a certificate is not for who is expected; undefined: it is. */
export function nameProblem(
  certificate: X509Certificate,
  { host, node, binding = "host", isConstrained = false }: Expected,
): TlsProblem | undefined {
  if (host === undefined) return undefined;
  const hasHost = isForHost(certificate, host);
  if (hasHost && (binding !== "node" || node === undefined)) return undefined;
  const counts = hasHost || !isConstrained;
  if (counts && node !== undefined && isForNode(certificate, node, hasHost)) return undefined;
  const { names } = certificateFacts(certificate);
  const has = names === "" ? "it has no subjectAltName" : `it is for ${names}`;
  const wanted = printable(binding === "node" && node !== undefined ? node : host);
  const kind = isIP(wanted) === 0 ? "DNS" : "IP";
  const text = `is not for the ${wanted.includes("@") ? "node" : "host"} ${wanted}: ${has}`;
  const remedy = `make one with the subjectAltName ${kind}:${wanted}`;
  return certificateProblem("name", text, remedy, certificate);
}

/** An address may stand as an address, or as a name, which is where OTP looks for it. */
function isForHost(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) !== 0) {
    const [address = ""] = host.split("%", 1); // without the zone, which is not for others to know
    return certificate.checkIP(address) !== undefined || dnsNames(certificate).includes(host);
  }
  // With a point in front OpenSSL would take it for any host below; no host begins so, or has a star.
  if (!/^(?!\.)[!-)+-~\u0080-\uffff]+$/.test(host)) return false;
  // The common name is not asked: as in OTP 27 and later, and RFC 9525.
  const how = { partialWildcards: false, subject: "never" } as const;
  return certificate.checkHost(host, how) !== undefined;
}

/** The whole name as DNS name or URI; or, as OTP reads it, the part before the `@` in a directoryName. */
function isForNode(certificate: X509Certificate, node: string, hasHost: boolean): boolean {
  if (dnsNames(certificate).some((found) => sameNode(found, node))) return true;
  const { uris, directoryNames } = fieldsOf(certificate);
  if (uris.some((found) => sameNode(found, node))) return true;
  const alive = node.slice(0, node.indexOf("@"));
  return directoryNames.includes(alive) && hasHost;
}

/** Capitals count before the `@`, as they do in names of nodes, and not in hosts. */
function sameNode(found: string, node: string): boolean {
  const at = node.indexOf("@") + 1;
  if (found.slice(0, at) !== node.slice(0, at)) return false;
  const [one, other] = [found.slice(at), node.slice(at)];
  // Of letters beyond ASCII some become a letter of it.
  return one === other || (isAscii(other) && one.toLowerCase() === other.toLowerCase());
}

function isAscii(text: string): boolean {
  return /^[!-~]*$/.test(text);
}

function dnsNames(certificate: X509Certificate): readonly string[] {
  return fieldsOf(certificate).dnsNames;
}

/** Of a certificate that only OpenSSL can read: no names, so it is for nobody. */
function fieldsOf(
  certificate: X509Certificate,
): Pick<X509Fields, "dnsNames" | "uris" | "directoryNames"> {
  try {
    return x509Fields(certificate);
  } catch {
    return { dnsNames: [], uris: [], directoryNames: [] };
  }
}
