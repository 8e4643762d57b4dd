import type { CliIo } from "../cli-io.ts";
import type { OptionValues, Result } from "../command.ts";
import { plainJson } from "../term-json.ts";
import { certFailure, certUsage } from "./cert-failure.ts";
import { type CertificateDirectory, certificateDirectory } from "./certificate-directory.ts";
import { type CertificateFacts, certificateFacts } from "./certificate-facts.ts";
import {
  issuedCertificates,
  nextCrl,
  openAuthority,
  ownCrl,
  publishCrl,
  withLock,
} from "./open-authority.ts";
import { copied } from "./renew-certificate.ts";
import {
  canonicalSerial,
  crlNumber,
  type RevocationReason,
  revocationsOf,
} from "./revocation-list.ts";

/** Revokes all valid certificates of a node, or the one of a serial number. */
export async function revokeCertificate(
  what: string,
  options: OptionValues,
  io: CliIo,
): Promise<Result> {
  if (!what.includes("@") && !/^[0-9a-fA-F:]{2,60}$/.test(what)) {
    throw certUsage(`"${what}" is neither a node, name@host, nor a serial number in hexadecimal`, [
      "disterl cert show lists both",
    ]);
  }
  const directory = certificateDirectory(options);
  return withLock(directory, async () => {
    const authority = await openAuthority(directory, options, io);
    const before = revocationsOf(await ownCrl(directory, authority));
    const revoked = found(what, directory, new Set(before.map(({ serial }) => serial)));
    const reason = (options["reason"] as RevocationReason | undefined) ?? "unspecified";
    const at = new Date(Math.floor(Date.now() / 1000) * 1000);
    const added = revoked.map(({ serial }) => ({ serial, at, reason }));
    const crl = await nextCrl(directory, authority, [...before, ...added]);
    const nodes = publishCrl(directory, crl);
    const number = String(crlNumber(crl));
    const lines = revoked.map(({ subject, serial }) => `revoked ${subject}, serial ${serial}\n`);
    return {
      text: `${lines.join("")}the list has the number ${number}: ${directory.ca.crl}\n${copied("crls", nodes)}`,
      json: () => [
        plainJson({
          revoked: revoked.map(({ subject, serial }) => ({ subject, serial, reason })),
          crl: { number, file: directory.ca.crl },
          nodes,
        }),
      ],
    };
  });
}

/** What is meant and can still be revoked. */
function found(
  what: string,
  directory: CertificateDirectory,
  revoked: ReadonlySet<string>,
): readonly CertificateFacts[] {
  const meant = issuedCertificates(directory)
    .map(certificateFacts)
    .filter(({ serial, names }) =>
      what.includes("@") ? names.nodes.includes(what) : serial === canonicalSerial(what),
    );
  if (meant.length === 0) {
    throw certFailure("ERR_CLI_CERT_MISSING", `this CA has issued no certificate to ${what}`, [
      `disterl cert show lists what it issued; looked in ${directory.ca.issued}`,
    ]);
  }
  const now = new Date();
  const valid = meant.filter(({ serial, notAfter }) => !revoked.has(serial) && notAfter > now);
  if (valid.length > 0) return valid;
  throw certFailure(
    "ERR_CLI_CERT_MISSING",
    `nothing of ${what} is left to revoke: its ${meant.length} certificates are revoked or expired`,
  );
}
