import { type Atom, atom } from "../term/atom.ts";
import { Pid } from "../term/pid.ts";
import { Reference } from "../term/reference.ts";

/** The name of a node that has none (yet), as in Erlang. */
export const NONODE: Atom = atom("nonode@nohost");

const REF_WORD0 = 2 ** 18;
/** How many earlier names of a nameless node are remembered, and creations of each. */
const FORMER = 10_000;

/**
 * Who this node is, and the maker of its identifiers. A node with a dynamic name learns its name
 * from the first node it connects to; whatever it made before carries `nonode@nohost`.
 */
export class Identity {
  node: Atom = NONODE;
  creation = 0;
  #nextId = 1;
  #serial = 0;
  #refCounter = 0;
  /** Names that this node has had, with their creations, the last ones last. */
  readonly #former = new Map<Atom, Set<number>>();
  /** Tells references of this run from those of an earlier run with an equal creation. */
  readonly #refSalt: number;

  /** For tables whose keys are of a peer's choice: it never leaves the node. */
  readonly hashSalt: number;

  /** `random` gives 32 bits, unsigned. */
  constructor(random: () => number) {
    this.#refSalt = random() >>> 0;
    this.hashSalt = random() >>> 0;
  }

  /** How many references were made: the {@link referenceNumber} of the last one. */
  get referenceCount(): number {
    return this.#refCounter;
  }

  /** Whether numbers of pids come again: some may be in use still. */
  get pidsWrapped(): boolean {
    return this.#serial > 0;
  }

  /** Is that a pid of this node, under its name of now or an earlier one? */
  isOwnPid(pid: Pid): boolean {
    return (pid.node === this.node && pid.creation === this.creation) || this.isFormer(pid);
  }

  /** The node gets a name, or loses it. What was made before is known still. */
  adopt(node: Atom, creation: number): void {
    const creations = this.#former.get(this.node) ?? new Set();
    this.#former.delete(this.node);
    this.#former.set(this.node, creations);
    creations.delete(this.creation);
    creations.add(this.creation);
    forgetOldest(this.#former);
    forgetOldest(creations);
    this.node = node;
    this.creation = creation;
  }

  /** Was that node this one, under an earlier name? Another may have got that name since. */
  wasOwn(node: Atom): boolean {
    return this.#former.has(node);
  }

  /** Was that pid or reference made by this node, under an earlier name? */
  isFormer({ node, creation }: { readonly node: Atom; readonly creation: number }): boolean {
    return this.#former.get(node)?.has(creation) === true;
  }

  /** Is that node this one, in this incarnation? */
  isOwn(node: Atom, creation: number): boolean {
    return node === this.node && creation === this.creation;
  }

  /** Numbers go up to 2^28 - 1, then the serial counts on: no pid comes twice (protocol ID-10). */
  nextPid(): Pid {
    const id = this.#nextId++;
    if (this.#nextId === 2 ** 28) {
      this.#nextId = 1;
      this.#serial++;
    }
    return new Pid(this.node, id, this.#serial, this.creation);
  }

  /** Three words, the first below 2^18 (protocol ID-5): 50 bits of counter and a salt. */
  nextReference(): Reference {
    const count = ++this.#refCounter;
    const words = [count % REF_WORD0, Math.floor(count / REF_WORD0), this.#refSalt];
    return new Reference(this.node, this.creation, words);
  }
}

function forgetOldest<Key>(kept: Map<Key, unknown> | Set<Key>): void {
  if (kept.size <= FORMER) return;
  const [oldest] = kept.keys();
  kept.delete(oldest as Key);
}

/**
 * The counter inside a reference of ours: a number, for use as a key. Meaningless for references of
 * others, whose holder compares the whole reference anyway.
 */
export function referenceNumber(ref: Reference): number {
  return (ref.words[1] ?? 0) * REF_WORD0 + (ref.words[0] ?? 0);
}
