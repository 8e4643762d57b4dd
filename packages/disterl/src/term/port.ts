import type { Atom } from "./atom.ts";

/** A port identifier. Wire: V4_PORT_EXT or NEW_PORT_EXT, protocol ID-7. */
export class Port {
  /** The node it lives on. */
  readonly node: Atom;
  /** 64 bits, unsigned: a number while it is a safe integer, a bigint above. */
  readonly id: number | bigint;
  /** 32 bits, unsigned. */
  readonly creation: number;

  constructor(node: Atom, id: number | bigint, creation: number) {
    this.node = node;
    this.id = typeof id === "bigint" && id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id;
    this.creation = creation;
  }

  /** Stable text for use as a key in a `Map`: equal ports, equal keys. */
  get key(): string {
    return `o:${this.id}.${this.creation}@${this.node.text}`;
  }

  /** Whether the other is the same port. */
  equals(other: unknown): boolean {
    return (
      other instanceof Port &&
      other.id === this.id &&
      other.node === this.node &&
      other.creation === this.creation
    );
  }

  toString(): string {
    return `#Port<${this.node.text}.${this.id}>`;
  }

  toJSON(): string {
    return this.toString();
  }
}
