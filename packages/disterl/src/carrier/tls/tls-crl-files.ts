import type { X509Certificate } from "node:crypto";
import type { RevocationList } from "../x509/revocation-list.ts";
import { configError } from "./tls-errors.ts";
import { listOf, revocationListsIn, type TlsFiles } from "./tls-files.ts";
import type { TlsSide } from "./tls-options.ts";
import type { Revocation } from "./tls-revocation.ts";

/** Reads the revocation lists of one side. @throws CarrierError `ERR_CARRIER_TLS_CONFIG`. */
export function revocationOf(
  where: string,
  side: TlsSide,
  files: TlsFiles,
  trusted: readonly X509Certificate[],
): Revocation {
  const lists = [...ofFiles(where, side, files), ...ofFolder(where, side, files)];
  const { crlCheck: check = lists.length > 0 } = side;
  if ((check === true || check === "peer") && lists.length === 0) {
    const why = `needs revocation lists, or everybody is refused: give crlfile or crlDir`;
    throw configError(`${where} crlCheck`, why);
  }
  return { check, lists, trusted };
}

function ofFiles(where: string, { crlfile }: TlsSide, files: TlsFiles): RevocationList[] {
  return listOf(crlfile).flatMap((path) => {
    const what = `${where} crlfile ${path}`;
    const found = revocationListsIn(files.read(path, `${where} crlfile`), what);
    if (found.length > 0) return found;
    throw configError(what, "holds no revocation list (a PEM block BEGIN X509 CRL)");
  });
}

function ofFolder(where: string, { crlDir }: TlsSide, files: TlsFiles): RevocationList[] {
  if (crlDir === undefined) return [];
  const found = files.readFolder(crlDir, `${where} crlDir`).flatMap(({ path, text }) => {
    const what = `${where} crlDir ${path}`;
    // A list that is just being written: without it, whoever is in it would be good for a while.
    if (text.trim() === "") throw configError(what, "is empty; write it again, or take it away");
    return revocationListsIn(text, what);
  });
  if (found.length > 0) return found;
  throw configError(`${where} crlDir ${crlDir}`, "holds no revocation list in PEM");
}
