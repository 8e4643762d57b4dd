/** What something lacks that is to be a carrier; undefined: nothing. For those that come from outside. */
export function carrierFault(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "it is no object";
  const { name, handshakeLengthBytes, listen, connect } = value as Record<string, unknown>;
  if (typeof name !== "string" || !/^[a-z0-9_]+$/.test(name)) {
    return "its name is not of small letters, digits and _";
  }
  if (handshakeLengthBytes !== 2 && handshakeLengthBytes !== 4) {
    return "its handshakeLengthBytes is neither 2 nor 4";
  }
  if (typeof listen !== "function" || typeof connect !== "function") {
    return "it has no listen and connect";
  }
  return undefined;
}
