import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import type { CliIo } from "../cli-io.ts";
import type { OptionValues, Result } from "../command.ts";
import { plainJson } from "../term-json.ts";
import { makeAuthority } from "./authority.ts";
import { certUsage } from "./cert-failure.ts";
import { certificateDirectory, certifiedNodes } from "./certificate-directory.ts";
import { certificateFacts } from "./certificate-facts.ts";
import { DEFAULT_KEY_KIND, generateKey, type KeyKind } from "./key-kind.ts";
import { CRL_DAYS, pem } from "./open-authority.ts";
import { newPassphrase } from "./passphrase.ts";
import { privateKeyPem } from "./private-key.ts";
import { makeCrl } from "./revocation-list.ts";
import { day, readValidity, validFor } from "./validity.ts";
import { exists, PUBLIC_FILE, SECRET_FILE, writeWhole } from "./write-file.ts";

/** How long a CA is valid: ten years. */
export const CA_DAYS = 3650;

/** Makes the CA of a directory. */
export async function initAuthority(options: OptionValues, io: CliIo): Promise<Result> {
  const directory = certificateDirectory(options);
  const { ca } = directory;
  const replace = options["force"] === true;
  const standing = [ca.key, ca.certificate, ca.crl].find((path) => existsSync(path));
  if (standing !== undefined && !replace) throw exists(standing);
  const name = readName(options["name"] as string | undefined);
  const validity = readValidity(options, CA_DAYS);
  const passphrase = await newPassphrase(options, io);
  const key = await generateKey((options["key"] as KeyKind | undefined) ?? DEFAULT_KEY_KIND);
  const authority = await makeAuthority(name, key, validity);
  const crl = await makeCrl(authority, [], 1n, validFor(CRL_DAYS));
  const stale = certifiedNodes(directory);
  if (stale.length > 0) {
    io.stderr(
      `disterl: warning: made by the CA before, and not valid with this one: ${stale.join(", ")}\n`,
    );
  }
  writeWhole(ca.key, privateKeyPem(key, passphrase), { mode: SECRET_FILE, replace });
  writeWhole(ca.certificate, pem(authority.certificate), { mode: PUBLIC_FILE, replace });
  writeWhole(ca.crl, pem(crl), { mode: PUBLIC_FILE, replace });
  const facts = certificateFacts(authority.certificate);
  const encrypted = passphrase !== undefined;
  return {
    text: `made the CA "${name}", valid until ${day(validity.notAfter)}
  ${ca.certificate}  its certificate, for every node
  ${ca.key}  its private key${encrypted ? ", encrypted" : ""}: keep it here, and a copy in a safe place
  ${ca.crl}  what it revoked: nothing yet
next: disterl cert node app@host
`,
    json: () => [
      plainJson({
        ca: { name, serial: facts.serial, notAfter: validity.notAfter.toISOString(), encrypted },
        files: { certificate: ca.certificate, key: ca.key, crl: ca.crl },
      }),
    ],
  };
}

/** No two CAs have one name: a node that trusts an old and a new one tells them apart by it. */
function readName(given: string | undefined): string {
  const name = given ?? `disterl cluster CA ${randomBytes(4).toString("hex")}`;
  if (/^[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,62}[A-Za-z0-9])?$/.test(name)) return name;
  throw certUsage("--name takes 1 to 64 letters, digits, spaces and . _ - as the name of a CA");
}
