import type { TLSSocket } from "node:tls";
import { type CertificateFacts, certificateFacts } from "./tls-certificate.ts";
import type { X509Certificate } from "node:crypto";

/** What is known of a connection over TLS. */
export interface TlsFacts {
  /** `TLSv1.3` or `TLSv1.2`. */
  readonly version: string;
  /** The cipher suite, by its name in the standard: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** What the peer has shown; undefined: nothing, or it was not asked to. */
  readonly certificate: CertificateFacts | undefined;
  /** What we have shown, or would have if the peer had asked. */
  readonly ownCertificate: CertificateFacts | undefined;
  /** Whether the peer's certificate was checked (`verify_peer`) and found good, or accepted by `verifyFun`. */
  readonly verified: boolean;
}

/** Of a connection whose TLS handshake is done. */
export function tlsFacts(
  socket: TLSSocket,
  ownCertificate: CertificateFacts | undefined,
  checked: boolean,
  peer: X509Certificate | undefined,
): TlsFacts {
  return {
    version: socket.getProtocol() ?? "",
    cipher: socket.getCipher().standardName,
    certificate: peer === undefined ? undefined : certificateFacts(peer),
    ownCertificate,
    verified: checked && peer !== undefined,
  };
}
