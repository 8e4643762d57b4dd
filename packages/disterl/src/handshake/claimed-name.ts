/**
 * What a peer says it is called. A claimed name stays a string of its handshake until the peer has
 * proved that it knows the cookie: nothing is interned, registered or reserved for it before.
 */

/** The two parts of `name@host`; `undefined` unless there is exactly one `@` with text on both sides. */
export function splitName(name: string): { alive: string; host: string } | undefined {
  const at = name.indexOf("@");
  if (at <= 0 || at === name.length - 1 || name.includes("@", at + 1)) return undefined;
  return { alive: name.slice(0, at), host: name.slice(at + 1) };
}

/** The alphabet before the `@` is the emulator's (`is_node_name_atom`); a host has no blanks or controls. */
const NODE_NAME = /^[0-9A-Za-z_-]+@[^\p{C}\p{Z}@]+$/u;
const HOST = /^[^\p{C}\p{Z}@]+$/u;

/** Whether a connection to a node of this name can exist. */
export function isNodeName(name: string): boolean {
  return NODE_NAME.test(name);
}

/** Whether this can be the part after the `@`. */
export function isHostName(host: string): boolean {
  return HOST.test(host);
}
