/**
 * The handshake by which two nodes agree on who they are: packets, and both sides as generators
 * without I/O.
 *
 * @module
 */
export { type AcceptOptions, accept } from "./accept.ts";
export type { AcceptPolicy, Claim } from "./accept-policy.ts";
export { isHostName, isNodeName, splitName } from "./claimed-name.ts";
export { Cookie } from "./cookie.ts";
export { OutstandingChallenges, randomChallenge, sameDigest } from "./digest.ts";
export { DynamicNames, type NameLease, nextCreation } from "./dynamic-names.ts";
export {
  HandshakeError,
  type HandshakeErrorCode,
  type HandshakeErrorFacts,
  type HandshakeStep,
} from "./errors.ts";
export type {
  AgreedPeer,
  ExpectEffect,
  Handshake,
  HandshakeEffect,
  SendEffect,
  WaitEffect,
} from "./handshake.ts";
export { type InitiateOptions, initiate } from "./initiate.ts";
export {
  buildAck,
  buildChallenge,
  buildChallengeReply,
  buildComplement,
  buildName,
  buildStatus,
  buildStatusReply,
  type Challenge,
  type ChallengeReply,
  type Complement,
  MAX_NAME_CHARACTERS,
  type NamePacket,
  parseAck,
  parseChallenge,
  parseChallengeReply,
  parseComplement,
  parseName,
  parseStatus,
  parseStatusReply,
  type Status,
} from "./packets.ts";
