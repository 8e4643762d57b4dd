const LEAST_SLOTS = 16;

/**
 * Values by a number of this node's choice, made for many that come and go very often: processes.
 * Open addressing; adding and removing writes to two arrays and allocates nothing, for the reason
 * that `ReferenceTable` gives: with a `Map`, processes that have ended stay in memory from one young
 * collection to the next.
 */
export class IdTable<Value> {
  #ids: number[] = [];
  #values: (Value | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): Value | undefined {
    return this.#size === 0 ? undefined : this.#values[this.#find(id)];
  }

  /** Replaces the value of an equal number. */
  set(id: number, value: Value): void {
    if (2 * (this.#size + 1) > this.#values.length) this.#resize(this.#values.length * 2);
    const at = this.#find(id);
    if (this.#values[at] === undefined) this.#size++;
    this.#ids[at] = id;
    this.#values[at] = value;
  }

  delete(id: number): void {
    if (this.#size === 0) return;
    const at = this.#find(id);
    if (this.#values[at] === undefined) return;
    this.#size--;
    this.#close(at);
    if (this.#values.length > LEAST_SLOTS && this.#size * 16 < this.#values.length) {
      this.#resize(this.#values.length / 4);
    }
  }

  /** All values of this moment, in the order of their numbers. */
  values(): Value[] {
    const used = this.#ids.filter((_, at) => this.#values[at] !== undefined);
    return used.sort((a, b) => a - b).map((id) => this.#values[this.#find(id)] as Value);
  }

  /** The slot of a number, or the free one where it belongs. */
  #find(id: number): number {
    const mask = this.#values.length - 1;
    let at = home(id, mask);
    while (this.#values[at] !== undefined && this.#ids[at] !== id) at = (at + 1) & mask;
    return at;
  }

  /** Frees a slot and moves up what stood behind it only because it was taken. */
  #close(free: number): void {
    const mask = this.#values.length - 1;
    let hole = free;
    for (let at = (free + 1) & mask; this.#values[at] !== undefined; at = (at + 1) & mask) {
      const id = this.#ids[at] as number;
      if (((at - home(id, mask)) & mask) < ((at - hole) & mask)) continue;
      this.#ids[hole] = id;
      this.#values[hole] = this.#values[at];
      hole = at;
    }
    this.#values[hole] = undefined;
  }

  #resize(slots: number): void {
    const [ids, values] = [this.#ids, this.#values];
    const size = Math.max(LEAST_SLOTS, slots);
    this.#ids = new Array<number>(size).fill(0);
    this.#values = new Array<Value | undefined>(size).fill(undefined);
    for (const [at, value] of values.entries()) {
      if (value === undefined) continue;
      const to = this.#find(ids[at] as number);
      this.#ids[to] = ids[at] as number;
      this.#values[to] = value;
    }
  }
}

/** Neighbours are spread: what lives long leaves no runs of taken slots for those that come later. */
function home(id: number, mask: number): number {
  return Math.imul(id, 0x9e3779b1) & mask;
}
