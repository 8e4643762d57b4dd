import * as tls from "node:tls";
import type { Clock } from "../clock.ts";
import { type CertificateFacts, certificateFacts, certificateText } from "./tls-certificate.ts";
import { loadCredentials, type TlsCredentials } from "./tls-credentials.ts";
import { TlsFiles } from "./tls-files.ts";
import { expectedOf, nameProblem } from "./tls-names.ts";
import type { NameBinding, TlsServerSide, TlsSide } from "./tls-options.ts";
import type { Revocation } from "./tls-revocation.ts";

/** Files are looked at no more often than this, however many connections come. */
const LOOK_MS = 500;

/** Tells a warning, each only once. */
export type Warn = (message: string, code: string) => void;

/**
 * Who we are to others, and whom we trust, on one side. Files are read again when they have changed,
 * for the connections after that; while the new ones cannot be used, the old ones stay.
 */
export class TlsIdentity {
  readonly #where: "server" | "client";
  readonly #side: TlsServerSide;
  /** Which side a problem of any file is told of, and one of our certificate. */
  readonly #told: { readonly files: string; readonly certificate: string };
  readonly #warn: Warn;
  readonly #clock: Clock;
  /** What was read last, or was tried to be: what cannot be used is not tried again unchanged. */
  #files = new TlsFiles();
  #credentials: TlsCredentials;
  #context: tls.SecureContext;
  #own: CertificateFacts | undefined;
  #lookedAt: number;

  /**
   * `other`: options of the other side. What both have is told of both, in the same words, so that it is
   * told once.
   * @throws CarrierError `ERR_CARRIER_TLS_CONFIG`.
   */
  constructor(
    where: "server" | "client",
    side: TlsServerSide,
    warn: Warn,
    clock: Clock,
    other: TlsSide = {},
  ) {
    this.#where = where;
    this.#side = side;
    this.#told = {
      files: filesOf(side) === filesOf(other) ? BOTH : where,
      certificate: certificateOf(side) === certificateOf(other) ? BOTH : where,
    };
    this.#warn = warn;
    this.#clock = clock;
    this.#credentials = loadCredentials(where, side, this.#files);
    this.#context = tls.createSecureContext(this.#credentials.context);
    this.#own = this.#ownFacts();
    this.#lookedAt = clock.now();
    this.#checkDates();
  }

  /** What connections are made with from now on. */
  get context(): tls.SecureContext {
    this.#look();
    return this.#context;
  }

  /** What revocation of peers is looked up in. */
  get revocation(): Revocation {
    return this.#credentials.revocation;
  }

  /** The same as options of `tls.Server.setSecureContext`: another object when they have changed. */
  get options(): tls.SecureContextOptions {
    this.#look();
    return this.#credentials.context;
  }

  /** Our first certificate. */
  get own(): CertificateFacts | undefined {
    return this.#own;
  }

  #ownFacts(): CertificateFacts | undefined {
    const { own } = this.#credentials;
    return own === undefined ? undefined : certificateFacts(own);
  }

  /** Tells when our certificate is not for the node that we are, which who dials us is going to see. */
  checkName(node: string, binding: NameBinding): void {
    const { own } = this.#credentials;
    if (own === undefined) return;
    const problem = nameProblem(own, expectedOf(node, binding));
    if (problem === undefined) return;
    const text = `${certificateText(certificateFacts(own))} ${problem.text}`;
    this.#warn(
      `tls: ${this.#where}: our certificate ${text}; nodes that verify it refuse us: ${problem.remedy}`,
      "DISTERL_TLS_CERTIFICATE",
    );
  }

  #look(): void {
    const now = this.#clock.now();
    if (now - this.#lookedAt < LOOK_MS) return;
    this.#lookedAt = now;
    this.#checkDates();
    if (!this.#files.changed) return;
    this.#files = new TlsFiles();
    try {
      this.#credentials = loadCredentials(this.#where, this.#side, this.#files);
    } catch (error) {
      const { message } = error as Error;
      const told = message.replace(`tls: ${this.#where} `, `tls: ${this.#told.files} `);
      this.#warn(
        `${told}; the files have changed, and what was read before stays in use`,
        "ERR_CARRIER_TLS_CONFIG",
      );
      return;
    }
    this.#context = tls.createSecureContext(this.#credentials.context);
    this.#own = this.#ownFacts();
    this.#checkDates();
  }

  #checkDates(): void {
    const { own } = this;
    if (own === undefined) return;
    const now = Date.now();
    const late = own.validTo.getTime() < now ? "has expired" : undefined;
    const why = own.validFrom.getTime() > now ? "is not valid yet" : late;
    if (why === undefined) return;
    const whose = `tls: ${this.#told.certificate}: our certificate`;
    this.#warn(`${whose} ${certificateText(own)} ${why}; renew it`, "DISTERL_TLS_CERTIFICATE");
  }
}

const BOTH = "server and client";

/** What are not files, and judges none. */
const BESIDE: ReadonlySet<string> = new Set([
  "failIfNoPeerCert",
  "honorCipherOrder",
  "serverNameIndication",
  "verifyFun",
]);

/** The certificate that a side shows, as it is given; to be compared, and never shown. */
function certificateOf({ certfile, cert, certsKeys }: TlsSide): string {
  return JSON.stringify([certfile, cert, certsKeys]);
}

/** All files of a side, and what they are judged by; to be compared, and never shown. */
function filesOf(side: TlsSide): string {
  const files = Object.entries(side).filter(([name]) => !BESIDE.has(name));
  return JSON.stringify(files.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
