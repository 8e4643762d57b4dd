import { agreedFlags, DFLAG_NAME_ME, DFLAG_PUBLISHED } from "../wire/flags.ts";
import { isNodeName, splitName } from "./claimed-name.ts";
import type { Cookie } from "./cookie.ts";
import { type OutstandingChallenges, randomChallenge, sameDigest } from "./digest.ts";
import { HandshakeError } from "./errors.ts";
import { type AgreedPeer, expectPacket, type Handshake, send } from "./handshake.ts";
import { refuseMissingFlags } from "./missing-flags.ts";
import * as packets from "./packets.ts";
import { printable } from "../bytes/printable.ts";

/** What the side that dials knows. */
export interface InitiateOptions {
  /** Our full name; only our host with {@link askForName}. */
  readonly ourName: string;
  readonly ourCreation: number;
  /** What we announce; {@link askForName} adds NAME_ME and takes PUBLISHED away. */
  readonly flags: bigint;
  /** Full name of the node dialled: no other may answer. */
  readonly peer: string;
  /** Our cookie for that node. */
  readonly cookie: Cookie;
  /** We have no name: the acceptor shall give us one. */
  readonly askForName?: boolean | undefined;
  /** The flags we demand. Default: what OTP 26 and later demand. */
  readonly demanded?: bigint | undefined;
  /** Challenges we wait for as acceptor: a node that sends us one of them is refused. */
  readonly outstanding?: OutstandingChallenges | undefined;
  /** Asked when the acceptor has a connection with us already: is this dial still wanted? Default yes. */
  readonly isStillWanted?: (() => boolean) | undefined;
  /** 32 random bits, unsigned: our challenge. Default: the system's generator. */
  readonly random?: (() => number) | undefined;
}

interface OurName {
  readonly name: string;
  readonly creation: number;
}

/**
 * The side that dials. Mirrors `dist_util:handshake_we_started/1` (OTP 29).
 *
 *     we               acceptor
 *     N name      ->
 *                 <-   s status       alive: we answer "true" or "false"
 *                 <-   N challenge
 *     r reply     ->
 *                 <-   a ack          now both know that the other knows the cookie
 *
 * Differs in: a challenge that is one of our own is refused, `nok` fails at once (whoever drives
 * this waits for the peer's own connection), and the reason of every refusal is told.
 */
export function* initiate(options: InitiateOptions): Handshake<AgreedPeer> {
  const nameless = options.askForName === true;
  const flags = nameless ? (options.flags | DFLAG_NAME_ME) & ~DFLAG_PUBLISHED : options.flags;
  const creation = nameless ? 0 : options.ourCreation;
  yield* send(packets.buildName({ version: 6, name: options.ourName, flags, creation }));
  const us = yield* awaitStatus(options, nameless);

  const theirs = packets.parseChallenge(yield* expectPacket("challenge"));
  checkChallenge(theirs, options);
  const challenge = (options.random ?? randomChallenge)();
  const digest = options.cookie.digest(theirs.challenge);
  yield* send(packets.buildChallengeReply({ challenge, digest }));

  const ack = packets.parseAck(yield* expectPacket("ack"));
  if (!sameDigest(options.cookie.digest(challenge), ack)) {
    throw new HandshakeError(
      "ERR_HANDSHAKE_WRONG_COOKIE",
      "ack",
      `the digest of ${theirs.name} is wrong: it does not know our cookie for it`,
    );
  }
  const agreed = agreedFlags(flags, theirs.flags);
  return {
    name: theirs.name,
    creation: theirs.creation,
    flags: agreed,
    peerFlags: theirs.flags,
    hidden: (agreed & DFLAG_PUBLISHED) === 0n,
    version: 6,
    named: nameless,
    ourName: us.name,
    ourCreation: us.creation,
  };
}

/** Reads the status, answers it where it asks; gives the name we have in this connection. */
function* awaitStatus(options: InitiateOptions, nameless: boolean): Handshake<OurName> {
  const status = packets.parseStatus(yield* expectPacket("status"));
  if (status.kind === "not_allowed") {
    throw new HandshakeError(
      "ERR_HANDSHAKE_NOT_ALLOWED",
      "status",
      `${options.peer} refuses us (not_allowed): we are not on its allow list, over TLS our ` +
        "certificate is not for our name, it demands flags that we lack, or it gives no names to " +
        "nodes without one; its log tells",
    );
  }
  if (nameless !== (status.kind === "named")) throw unexpected(status.kind, nameless);
  if (status.kind === "named") return checkGivenName(status, options.ourName);
  if (status.kind === "nok") {
    throw new HandshakeError(
      "ERR_HANDSHAKE_NOK",
      "status",
      `${options.peer} prefers a connection it is opening itself, or does not accept the name ` +
        options.ourName,
    );
  }
  if (status.kind === "alive") {
    const replace = options.isStillWanted?.() ?? true;
    yield* send(packets.buildStatusReply(replace));
    if (!replace) {
      throw new HandshakeError(
        "ERR_HANDSHAKE_ALIVE",
        "status",
        `${options.peer} has a connection with us already, and this one is not wanted any more`,
      );
    }
  }
  return { name: options.ourName, creation: options.ourCreation };
}

function unexpected(kind: string, nameless: boolean): HandshakeError {
  return new HandshakeError(
    "ERR_HANDSHAKE_UNEXPECTED_STATUS",
    "status",
    nameless
      ? `we asked for a name and the peer answers "${kind}": it does not give names`
      : `the peer gives us a name ("${kind}:") that we did not ask for`,
  );
}

function checkGivenName(given: OurName, ourHost: string): OurName {
  if (!isNodeName(given.name) || splitName(given.name)?.host !== ourHost || given.creation === 0) {
    throw new HandshakeError(
      "ERR_HANDSHAKE_NAME_INVALID",
      "status",
      `we asked for a name on ${ourHost} and are given "${printable(given.name)}" with creation ` +
        `${given.creation}`,
    );
  }
  return { name: given.name, creation: given.creation };
}

/** All that must hold before our digest leaves the house. */
function checkChallenge(theirs: packets.Challenge, options: InitiateOptions): void {
  if (theirs.name !== options.peer) {
    throw new HandshakeError(
      "ERR_HANDSHAKE_WRONG_NODE",
      "challenge",
      `we dialled ${options.peer} and "${printable(theirs.name)}" answers: what epmd or the ` +
        "address book says about that port is out of date, or somebody took the port",
    );
  }
  if (theirs.version === 5) {
    throw new HandshakeError(
      "ERR_HANDSHAKE_OLD_VERSION",
      "challenge",
      `${options.peer} speaks only the handshake of OTP 22 and before; OTP 25 or later is needed`,
    );
  }
  refuseMissingFlags("challenge", options.peer, theirs.flags, options.demanded);
  if (options.outstanding?.has(theirs.challenge) === true) {
    throw new HandshakeError(
      "ERR_HANDSHAKE_REFLECTED_CHALLENGE",
      "challenge",
      `whoever answers as ${options.peer} sent us a challenge that is our own: it tries to make ` +
        "us answer it; find out who listens at that address",
    );
  }
}
