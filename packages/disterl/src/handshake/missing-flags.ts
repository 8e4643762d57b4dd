import { MANDATORY_26, missingFlags } from "../wire/flags.ts";
import { HandshakeError } from "./errors.ts";
import { printable } from "../bytes/printable.ts";

/**
 * Throws when a peer lacks flags that we demand; the message names each, and the OTP release that
 * demands it.
 */
export function refuseMissingFlags(
  step: "name" | "complement" | "challenge",
  peer: string,
  theirs: bigint,
  demanded: bigint = MANDATORY_26,
): void {
  const missing = missingFlags(theirs, demanded);
  if (missing.length === 0) return;
  const list = missing.map((flag) => `${flag.name} (${flag.demandedBy})`).join(", ");
  throw new HandshakeError(
    "ERR_HANDSHAKE_FLAGS_MISSING",
    step,
    `"${printable(peer)}" lacks mandatory flags: ${list}; it is older than OTP 25, or a library ` +
      "that does not announce them",
    { missing: missing.map((flag) => flag.name) },
  );
}
