import { agreedFlags, DFLAG_NAME_ME, DFLAG_PUBLISHED, MANDATORY_26 } from "../wire/flags.ts";
import type { AcceptPolicy, Claim } from "./accept-policy.ts";
import { isHostName, isNodeName, splitName } from "./claimed-name.ts";
import { OutstandingChallenges, sameDigest } from "./digest.ts";
import type { NameLease } from "./dynamic-names.ts";
import { HandshakeError, type HandshakeErrorCode } from "./errors.ts";
import { type AgreedPeer, expectPacket, type Handshake, send, waitFor } from "./handshake.ts";
import { refuseMissingFlags } from "./missing-flags.ts";
import * as packets from "./packets.ts";
import { printable } from "../bytes/printable.ts";

/** What the side that is dialled knows. */
export interface AcceptOptions<Attempt = unknown> {
  readonly ourName: string;
  readonly ourCreation: number;
  /** What we announce. */
  readonly flags: bigint;
  readonly policy: AcceptPolicy<Attempt>;
  /** Handed to the policy. */
  readonly attempt: Attempt;
  /** The flags we demand. Default: what OTP 26 and later demand. */
  readonly demanded?: bigint | undefined;
  /** Where our challenge is noted until this handshake ends. */
  readonly outstanding?: OutstandingChallenges | undefined;
  /** Answer `not_allowed` whatever the name: this source failed too often. */
  readonly refuse?: boolean | undefined;
  /** Whether peers may introduce themselves with the old `n`. Default true, as OTP 25.3 and later. */
  readonly oldName?: boolean | undefined;
}

/** Who the peer claims to be, once we have said yes to the name. */
interface Admitted {
  readonly name: string;
  readonly lease: NameLease | undefined;
  readonly replaces: boolean;
}

/**
 * The side that is dialled. Mirrors `dist_util:handshake_other_started/1` (OTP 29).
 *
 *     initiator        we
 *     N or n name ->
 *                 <-   s status         after alive: "true" or "false" comes back
 *                 <-   N challenge
 *     (c rest     ->)                   only after n
 *     r reply     ->
 *                 <-   a ack            after an old connection has ended
 *
 * Order of checks: form of the name, allow list, certificate, mandatory flags, whether the name can be had,
 * the rest of the flags, digest. A leased name goes back when the handshake fails.
 */
export function* accept<Attempt>(options: AcceptOptions<Attempt>): Handshake<AgreedPeer> {
  const outstanding = options.outstanding ?? new OutstandingChallenges();
  const introduced = packets.parseName(yield* expectPacket("name"));
  const admitted = yield* admit(introduced, options);
  const challenge = outstanding.issue();
  let done = false;
  try {
    const peer = yield* authenticate(introduced, admitted, challenge, options);
    done = true;
    return peer;
  } finally {
    outstanding.forget(challenge);
    if (!done) admitted.lease?.release();
  }
}

/** Everything up to the status, and the peer's answer to it. */
function* admit<Attempt>(
  introduced: packets.NamePacket,
  options: AcceptOptions<Attempt>,
): Handshake<Admitted> {
  const { name, flags, version } = introduced;
  const wantsName = version === 6 && (flags & DFLAG_NAME_ME) !== 0n;
  checkForm(introduced, wantsName, options);
  if (options.refuse === true || !options.policy.isAllowed(name)) {
    const why = options.refuse === true ? "its address failed too often" : "it is not allowed here";
    yield* refuse("not_allowed", refusal("ERR_HANDSHAKE_NOT_ALLOWED", name, why));
  }
  const problem = options.policy.claimProblem?.(name, options.attempt);
  if (problem !== undefined) yield* refuse("not_allowed", problem);
  try {
    refuseMissingFlags("name", name, flags, demandedFirst(introduced, options));
  } catch (error) {
    yield* refuse("not_allowed", error);
  }
  return wantsName ? yield* giveName(name, options) : yield* askNode(name, options);
}

/** Of an old `n` only the low half of the flags is known by now. */
function demandedFirst<Attempt>(
  { version }: packets.NamePacket,
  { demanded = MANDATORY_26 }: AcceptOptions<Attempt>,
): bigint {
  return version === 5 ? demanded & 0xffffffffn : demanded;
}

/** Hangs up without a word when this is not even the form of a name. */
function checkForm<Attempt>(
  { name, version }: packets.NamePacket,
  wantsName: boolean,
  options: AcceptOptions<Attempt>,
): void {
  if (version === 5 && options.oldName === false) {
    throw refusal("ERR_HANDSHAKE_OLD_VERSION", name, "the old handshake is switched off here");
  }
  const wellFormed = wantsName ? !name.includes("@") : splitName(name) !== undefined;
  if (!wellFormed) {
    throw refusal(
      "ERR_HANDSHAKE_NAME_INVALID",
      name,
      wantsName ? "it asks for a name but has one" : "a node name is name@host",
    );
  }
}

/** Lends a name to a node that has none. */
function* giveName<Attempt>(host: string, options: AcceptOptions<Attempt>): Handshake<Admitted> {
  const lease = isHostName(host) ? options.policy.nameFor?.(host, options.attempt) : undefined;
  if (lease === undefined) {
    const why =
      "it asks for a name, and its host is none, or there is no room for another connection, or that is off here";
    return yield* refuse("not_allowed", refusal("ERR_HANDSHAKE_NOT_ALLOWED", host, why));
  }
  yield* send(packets.buildStatus({ kind: "named", name: lease.name, creation: lease.creation }));
  return { name: lease.name, lease, replaces: false };
}

/** Asks the node about a name, and the peer whether it wants to replace a connection. */
function* askNode<Attempt>(name: string, options: AcceptOptions<Attempt>): Handshake<Admitted> {
  if (name === options.ourName) {
    yield* refuse("nok", refusal("ERR_HANDSHAKE_NOK", name, "that is our own name"));
  }
  if (!isNodeName(name)) {
    const why = "a node name has letters, digits, - and _ before the @ and no blanks or controls";
    yield* refuse("nok", refusal("ERR_HANDSHAKE_NAME_INVALID", name, why));
  }
  const claim: Claim = options.policy.claim(name, options.attempt);
  if (claim === "close") {
    throw refusal("ERR_HANDSHAKE_SUPERSEDED", name, "another connection of it is being made");
  }
  if (claim === "nok") {
    const why = "we are dialling it ourselves, and our name is greater";
    yield* refuse(claim, refusal("ERR_HANDSHAKE_NOK", name, why));
  }
  if (claim === "not_allowed") {
    const why = "there is no room for another connection";
    yield* refuse(claim, refusal("ERR_HANDSHAKE_NOT_ALLOWED", name, why));
  }
  yield* send(packets.buildStatus({ kind: claim }));
  if (claim !== "alive") return { name, lease: undefined, replaces: false };
  if (packets.parseStatusReply(yield* expectPacket("status reply"))) {
    return { name, lease: undefined, replaces: true };
  }
  const why = "it is connected already, and does not want to replace that connection";
  throw new HandshakeError("ERR_HANDSHAKE_ALIVE", "status reply", `"${name}": ${why}`);
}

/** Challenge, reply, ack. */
function* authenticate<Attempt>(
  introduced: packets.NamePacket,
  { name, lease, replaces }: Admitted,
  challenge: number,
  options: AcceptOptions<Attempt>,
): Handshake<AgreedPeer> {
  const { ourName, ourCreation, policy, attempt } = options;
  const flags =
    lease === undefined ? options.flags : (options.flags | DFLAG_NAME_ME) & ~DFLAG_PUBLISHED;
  yield* send(packets.buildChallenge({ name: ourName, flags, challenge, creation: ourCreation }));
  const rest = introduced.version === 5 ? yield* complement(introduced, options) : introduced;

  const reply = packets.parseChallengeReply(yield* expectPacket("challenge reply"));
  const cookie = policy.cookieFor(name);
  if (!sameDigest(cookie.digest(challenge), reply.digest)) {
    throw new HandshakeError(
      "ERR_HANDSHAKE_WRONG_COOKIE",
      "challenge reply",
      `whoever calls itself "${name}" does not know our cookie for that node: compare the cookie ` +
        "of the two nodes for each other",
    );
  }
  const agreed = agreedFlags(flags, rest.flags);
  const peer: AgreedPeer = {
    name,
    creation: lease?.creation ?? rest.creation,
    flags: agreed,
    peerFlags: rest.flags,
    hidden: (agreed & DFLAG_PUBLISHED) === 0n,
    version: introduced.version,
    named: lease !== undefined,
    ourName,
    ourCreation,
  };
  // `reply` is valid until the next effect only: its digest is checked, its challenge is a number.
  const ack = packets.buildAck(cookie.digest(reply.challenge));
  if (replaces) yield* waitFor("old connection", policy.replaceLive(name, attempt));
  if (!policy.authenticated(peer, attempt)) {
    const why = "another connection of it was faster";
    throw new HandshakeError("ERR_HANDSHAKE_SUPERSEDED", "challenge reply", `"${name}": ${why}`);
  }
  lease?.confirm();
  yield* send(ack);
  return peer;
}

/** The half of the flags, and the creation, that an old `n` has no room for. */
function* complement<Attempt>(
  { name, flags }: packets.NamePacket,
  options: AcceptOptions<Attempt>,
): Handshake<{ flags: bigint; creation: number }> {
  const { flagsHigh, creation } = packets.parseComplement(yield* expectPacket("complement"));
  const all = flags | flagsHigh;
  refuseMissingFlags("complement", name, all, options.demanded);
  return { flags: all, creation };
}

/** Sends a status that ends the handshake, then throws. */
function* refuse(kind: "nok" | "not_allowed", error: unknown): Handshake<never> {
  yield* send(packets.buildStatus({ kind }));
  throw error;
}

function refusal(code: HandshakeErrorCode, name: string, why: string): HandshakeError {
  return new HandshakeError(code, "name", `refused "${printable(name)}": ${why}`);
}
