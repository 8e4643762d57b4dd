import type { Cookie } from "./cookie.ts";
import type { NameLease } from "./dynamic-names.ts";
import type { AgreedPeer } from "./handshake.ts";

/**
 * What the node decides about a claimed name, before anything is proved:
 *
 * - `ok`: there is neither connection nor dial;
 * - `ok_simultaneous`: we dial that node ourselves, and its name is greater than ours;
 * - `nok`: we dial that node ourselves, and our name is greater;
 * - `alive`: there is a connection already: the peer says whether the new one shall replace it;
 * - `not_allowed`: no room for another connection;
 * - `close`: hang up without a word.
 */
export type Claim = "ok" | "ok_simultaneous" | "nok" | "alive" | "not_allowed" | "close";

/**
 * What the acceptor asks the node; `net_kernel` is the one behind it in OTP.
 *
 * Nothing is reserved by {@link claim}: whoever holds a handshake open holds nothing up, our own
 * dial to that name included. Who gets the place is settled in {@link authenticated}, among those
 * that have proved to know the cookie.
 *
 * @typeParam Attempt whatever the node tells its attempts apart by.
 */
export interface AcceptPolicy<Attempt = unknown> {
  /** The allow list (`net_kernel:allow/1`): names or hosts. A filter, not a proof. */
  isAllowed(name: string): boolean;
  /**
   * Why the peer may not be called that, by what the connection tells of it (its certificate);
   * `undefined`: it may. The answer is `not_allowed`, and the error is what the handshake fails with.
   * Asked before anything else is done with a name: the host of a node that asks for one, too.
   */
  claimProblem?(name: string, attempt: Attempt): Error | undefined;
  /** What to answer to that name now. */
  claim(name: string, attempt: Attempt): Claim;
  /** Our cookie for that node. */
  cookieFor(name: string): Cookie;
  /**
   * A name for a node that has none, or `undefined` when we give none. The handshake releases the
   * lease when it fails; the node does, when the connection ends.
   */
  nameFor?(host: string, attempt: Attempt): NameLease | undefined;
  /**
   * After `alive`, "true" and the right digest: ends the old connection. The ack is sent when the
   * promise resolves.
   */
  replaceLive(name: string, attempt: Attempt): Promise<void>;
  /**
   * The peer is who it says. Last call before the ack: true gives it the place (and ends a dial of
   * our own to it), false means another connection won and closes this one.
   */
  authenticated(peer: AgreedPeer, attempt: Attempt): boolean;
}
