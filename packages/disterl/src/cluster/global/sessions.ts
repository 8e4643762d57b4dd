import type { Atom } from "../../term/atom.ts";
import { equalTerms } from "../../term/equal-terms.ts";
import type { Term } from "../../term/term.ts";
import type { LockId } from "./lock-table.ts";
import type { GlobalName } from "./name-table.ts";
import type { Operation, PeerMessage, Resolved } from "./messages.ts";

/** How far the merge with the partition of one node has come. */
export interface Session {
  readonly node: Atom;
  /** Ours: the other side says it with every message of the session. */
  readonly myTag: number;
  /** Theirs, once they have said it. */
  hisTag: Term | undefined;
  version: number;
  /** The lock that both lockers hold. */
  lockId: LockId | undefined;
  /** Their names, when they came before both partitions were locked. */
  theirNames: readonly GlobalName[] | undefined;
  /** Both partitions are locked, and their names did not come yet. */
  locked: boolean;
  /** What is to be done here, once our names and theirs have been compared. */
  ours: readonly Operation[] | undefined;
  /** What they came to, when that came first. */
  theirs: Resolved | undefined;
  /** Stops a resolver at work. */
  readonly abort: AbortController;
}

type InitConnect = Extract<PeerMessage, { type: "init_connect" }>;

/** The sessions that are open, one for each node that is connected and not yet merged with. */
export class Sessions {
  /** Connects that came before their session was open: it takes them up. */
  readonly early = new Map<Atom, InitConnect>();
  readonly #open = new Map<Atom, Session>();
  #lastTag = 0;

  get(node: Atom): Session | undefined {
    return this.#open.get(node);
  }

  /** The session of a node, if the tag is the one that we gave for it. */
  find(node: Atom, myTag: Term | undefined): Session | undefined {
    const session = this.#open.get(node);
    if (session === undefined || myTag === undefined) return undefined;
    return equalTerms(session.myTag, myTag) ? session : undefined;
  }

  open(node: Atom): Session {
    const session: Session = {
      node,
      myTag: ++this.#lastTag,
      hisTag: undefined,
      version: 0,
      lockId: undefined,
      theirNames: undefined,
      locked: false,
      ours: undefined,
      theirs: undefined,
      abort: new AbortController(),
    };
    this.#open.set(node, session);
    return session;
  }

  /** Ends the session of a node, and forgets what was kept for the next one. */
  close(node: Atom): void {
    this.#open.get(node)?.abort.abort();
    this.#open.delete(node);
    this.early.delete(node);
  }

  nodes(): Atom[] {
    return [...this.#open.keys()];
  }
}
