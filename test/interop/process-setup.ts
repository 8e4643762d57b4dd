// What the tests of processes have in common.
import { atom, atoms, match, type Node, type Process, t } from "disterl";
import type { Pid, Term } from "disterl/term";
import { expect } from "vitest";
import type { Pair } from "./node-setup.ts";

export const WAIT = { timeout: 5000 };
export const QUIET = { timeout: 0 };

export const node = ({ otp }: Pair): string => otp.nodeName;

/** A fresh process over there that sleeps. */
export async function sleeper({ ours, otp }: Pair): Promise<Pid> {
  const args = [atom("timer"), atom("sleep"), [60_000]];
  return (await ours.erpc(otp.nodeName, "erlang", "spawn", args)) as Pid;
}

export function isAlive({ ours, otp }: Pair, pid: Pid): Promise<Term> {
  return ours.erpc(otp.nodeName, "erlang", "is_process_alive", [pid]);
}

/** A process of ours under a name that Erlang knows; it keeps what it gets. */
export function inbox(ours: Node, name: string): Process {
  return ours.spawn({ name, trapExit: true });
}

/** Whatever was sent before is there. */
export async function settled({ ours, otp }: Pair): Promise<void> {
  await ours.ping(otp.nodeName);
}

export async function expectNothing(process: Process): Promise<void> {
  await expect(process.receive(QUIET)).rejects.toMatchObject({ code: "ERR_RECEIVE_TIMEOUT" });
}

/** The message that says that it ended. */
export function downOf(pid: Pid) {
  return t(atoms.DOWN, match.reference, atoms.process, pid, match.any);
}
