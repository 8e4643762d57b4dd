import { createPrivateKey, type KeyObject } from "node:crypto";
import type { CliIo } from "../cli-io.ts";
import { certFailure } from "./cert-failure.ts";
import { readWhole } from "./read-file.ts";

/** PKCS #8 as PEM; with a passphrase encrypted by AES-256. */
export function privateKeyPem(key: KeyObject, passphrase?: string): string {
  const encrypted = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  return key.export({ type: "pkcs8", format: "pem", ...encrypted }).toString();
}

/** Where the passphrase of a key comes from; asked only when the key is encrypted. */
export type AskPassphrase = () => Promise<string>;

/**
 * The private key of a file. One that others may read is told about.
 * @throws CliFailure ERR_CLI_CERT_MISSING, ERR_CLI_CERT_FILE, ERR_CLI_CERT_PASSPHRASE
 */
export async function readPrivateKey(
  path: string,
  ask: AskPassphrase,
  io: Pick<CliIo, "stderr">,
  remedy: readonly string[] = [],
): Promise<KeyObject> {
  const { text, mode } = readWhole(path, remedy);
  if (isOpenToOthers(mode)) {
    io.stderr(
      `disterl: warning: ${path} can be read by other users (mode ${mode.toString(8)}): chmod 600\n`,
    );
  }
  if (!/-----BEGIN (?:ENCRYPTED |EC |RSA )?PRIVATE KEY-----/.test(text)) {
    throw certFailure("ERR_CLI_CERT_FILE", `${path} holds no private key in PEM`);
  }
  if (!isEncrypted(text)) return parse(path, text);
  return parse(path, text, await ask());
}

/** Whether the key of a PEM text needs a passphrase. */
export function isEncrypted(text: string): boolean {
  return /-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text);
}

/** Whether the group or others have any right to a file. */
export function isOpenToOthers(mode: number): boolean {
  return (mode & 0o077) !== 0;
}

function parse(path: string, text: string, passphrase?: string): KeyObject {
  try {
    return createPrivateKey(
      passphrase === undefined ? text : { key: text, format: "pem", passphrase },
    );
  } catch (cause) {
    // What OpenSSL says of a wrong passphrase is about its padding.
    if (passphrase === undefined) {
      throw certFailure("ERR_CLI_CERT_FILE", `${path} holds no private key that can be read`, [], {
        cause,
      });
    }
    throw certFailure(
      "ERR_CLI_CERT_PASSPHRASE",
      `the passphrase does not open ${path}`,
      ["--passphrase-file names the file with the right one, DISTERL_CA_PASSPHRASE may hold it"],
      { cause },
    );
  }
}
