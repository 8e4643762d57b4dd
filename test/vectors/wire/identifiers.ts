import { ByteSink, MessageReader, MessageWriter, type Signal, WireError } from "disterl/wire";
import { atom, Pid, Reference, t } from "disterl/term";
import { frame } from "./streams.ts";

/** Of the peer, ours, and of a third node, in hex and as values. */
export const P = "58 7703704068 0000000a 00000000 00000001";
export const M = "58 77036d4068 0000000b 00000000 00000002";
export const X = "58 7703784068 0000000c 00000000 00000003";
export const R = "5a 0003 7703704068 00000001 00000001 00000002 00000003";
export const p = new Pid(atom("p@h"), 10, 0, 1);
export const m = new Pid(atom("m@h"), 11, 0, 2);
export const x = new Pid(atom("x@h"), 12, 0, 3);
export const r = new Reference(atom("p@h"), 1, [1, 2, 3]);
export const token = t(atom("tok"), 1);
export const TOK = "6802 7703 746f6b 6101";
export const NAME = "7704 6563686f";
export const echo = atom("echo");

/** The signals of one frame with an empty header, from p@h. */
export function read(flags: bigint, ...parts: (string | Uint8Array)[]): Signal[] {
  const signals: Signal[] = [];
  const reader = new MessageReader({
    flags,
    peer: "p@h",
    onSignal: (signal) => signals.push(signal),
    onTick() {},
  });
  reader.push(frame("8344 00", ...parts));
  return signals;
}

/** One signal as hex, its length included. */
export function write(flags: bigint, signal: Signal): string {
  const sink = new ByteSink();
  if (new MessageWriter({ flags }).write(signal, sink) !== undefined) throw new Error("fragments");
  return Buffer.concat(sink.pieces()).toString("hex");
}

/** The WireError that `f` throws. */
export function catching(f: () => unknown): WireError {
  try {
    f();
  } catch (error) {
    if (error instanceof WireError) return error;
    throw error;
  }
  throw new Error("no error was thrown");
}
