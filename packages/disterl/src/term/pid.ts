import type { Atom } from "./atom.ts";

/**
 * A process identifier. The creation tells incarnations of a node apart: pids that differ in it are
 * different pids. Wire: NEW_PID_EXT, protocol ID-1.
 */
export class Pid {
  /** The node it lives on. */
  readonly node: Atom;
  /** 32 bits, unsigned. */
  readonly id: number;
  /** 32 bits, unsigned. */
  readonly serial: number;
  /** 32 bits, unsigned; 0 only from ancient peers. */
  readonly creation: number;

  constructor(node: Atom, id: number, serial: number, creation: number) {
    this.node = node;
    this.id = id;
    this.serial = serial;
    this.creation = creation;
  }

  /** Stable text for use as a key in a `Map`: equal pids, equal keys. */
  get key(): string {
    return `p:${this.id}.${this.serial}.${this.creation}@${this.node.text}`;
  }

  /** Whether the other is a pid of the same process, of the same run of its node. */
  equals(other: unknown): boolean {
    return (
      other instanceof Pid &&
      other.id === this.id &&
      other.serial === this.serial &&
      other.node === this.node &&
      other.creation === this.creation
    );
  }

  /** `<app@host.87.0>`: as Erlang prints it, with the node's name in place of a local index. */
  toString(): string {
    return `<${this.node.text}.${this.id}.${this.serial}>`;
  }

  toJSON(): string {
    return this.toString();
  }
}
