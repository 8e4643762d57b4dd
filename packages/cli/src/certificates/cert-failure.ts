import { CliFailure, type FailureDetails } from "../cli-failure.ts";
import { exitCodes } from "../exit-codes.ts";

/** Codes of what goes wrong with certificates. */
export type CertCode =
  | "ERR_CLI_CERT_CA"
  | "ERR_CLI_CERT_EXISTS"
  | "ERR_CLI_CERT_FILE"
  | "ERR_CLI_CERT_LOCKED"
  | "ERR_CLI_CERT_MISSING"
  | "ERR_CLI_CERT_OPTION"
  | "ERR_CLI_CERT_PASSPHRASE";

/** What was asked for was not done. `remedy`: what to do, a line each. */
export function certFailure(
  code: CertCode,
  message: string,
  remedy: readonly string[] = [],
  more: FailureDetails = {},
): CliFailure {
  return new CliFailure(exitCodes.refused, "certificate", code, message, {
    notes: remedy,
    ...more,
  });
}

/** The command line asks for what cannot be. */
export function certUsage(message: string, remedy: readonly string[] = []): CliFailure {
  return new CliFailure(exitCodes.usage, "usage", "ERR_CLI_CERT_OPTION", message, {
    notes: remedy,
  });
}
