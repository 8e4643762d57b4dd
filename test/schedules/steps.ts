import { Choices } from "./choices.ts";

/**
 * What a schedule is made of. Nodes, actors, monitors and aliases are numbers that are taken modulo how
 * many there are when the step comes, so that a step means something whatever was left out before it.
 */
export type Step =
  | { readonly op: "spawn"; readonly node: number; readonly trap: boolean }
  | {
      readonly op: "spawnAt";
      readonly from: number;
      readonly node: number;
      readonly link: boolean;
      readonly monitor: boolean;
    }
  | {
      readonly op: "send";
      readonly from: number;
      readonly to: number;
      readonly via: Via;
      /** Of a binary that goes along: large ones are cut into fragments. */
      readonly bytes: number;
    }
  | { readonly op: "sendAlias"; readonly from: number; readonly alias: number }
  | { readonly op: "link" | "unlink"; readonly from: number; readonly to: number }
  | { readonly op: "monitor"; readonly from: number; readonly to: number; readonly via: Via }
  | { readonly op: "demonitor"; readonly monitor: number; readonly flush: boolean }
  | { readonly op: "exit"; readonly actor: number; readonly reason: Reason }
  | {
      readonly op: "signal";
      readonly from: number;
      readonly to: number;
      readonly reason: Reason | "kill";
    }
  | { readonly op: "alias"; readonly actor: number; readonly once: boolean }
  | { readonly op: "unalias"; readonly alias: number }
  | { readonly op: "register"; readonly actor: number; readonly name: number }
  | { readonly op: "unregister"; readonly node: number; readonly name: number }
  | { readonly op: "call"; readonly from: number; readonly node: number }
  | PairStep
  | { readonly op: NodeOp; readonly node: number }
  | { readonly op: "time"; readonly ms: number };

export type PairStep = {
  readonly op: PairOp;
  readonly one: number;
  readonly other: number;
  /** Of a delay. */
  readonly ms?: number;
};
export type Via = "pid" | "name";
export type Reason = "normal" | "crash";
export type PairOp =
  | "connect"
  | "disconnect"
  | "cut"
  | "hold"
  | "heal"
  | "drop"
  | "halfOpen"
  | "delay";
type NodeOp = "freeze" | "thaw" | "kill" | "restart" | "stop";

/** How often each kind of step comes. */
export type Weights = Readonly<Partial<Record<Step["op"], number>>>;

const OF_ACTORS = 64;
const FEW = 4;
/** Milliseconds: within a round trip, after it, beyond some timeouts, beyond all. */
const TIMES = [0, 1, 3, 10, 30, 100, 1000, 5000, 12_000];

const SIZES = [0, 0, 0, 0, 0, 0, 0, 100, 40_000, 400_000];

/** The steps of a seed. */
export function randomSteps(seed: number, weights: Weights): Step[] {
  const choices = new Choices(seed);
  const length = 20 + choices.below(60);
  return Array.from({ length }, () => randomStep(choices, choices.weighted(weights)));
}

function randomStep(choices: Choices, op: Step["op"]): Step {
  // Mostly the same few: what crosses on the way has to do with the same two.
  const any = (): number => choices.below(choices.chance(0.5) ? FEW : OF_ACTORS);
  const via = (): Via => (choices.chance(0.75) ? "pid" : "name");
  const reason = (): Reason => (choices.chance(0.3) ? "normal" : "crash");
  switch (op) {
    case "spawn":
      return { op, node: any(), trap: choices.chance(0.6) };
    case "spawnAt":
      return {
        op,
        from: any(),
        node: any(),
        link: choices.chance(0.6),
        monitor: choices.chance(0.6),
      };
    case "send":
      return { op, from: any(), to: any(), via: via(), bytes: choices.pick(SIZES) };
    case "monitor":
      return { op, from: any(), to: any(), via: via() };
    case "sendAlias":
      return { op, from: any(), alias: any() };
    case "link":
    case "unlink":
      return { op, from: any(), to: any() };
    case "demonitor":
      return { op, monitor: any(), flush: choices.chance(0.5) };
    case "exit":
      return { op, actor: any(), reason: reason() };
    case "signal":
      return { op, from: any(), to: any(), reason: choices.chance(0.2) ? "kill" : reason() };
    case "alias":
      return { op, actor: any(), once: choices.chance(0.3) };
    case "unalias":
      return { op, alias: any() };
    case "register":
      return { op, actor: any(), name: choices.below(2) };
    case "unregister":
      return { op, node: any(), name: choices.below(2) };
    case "call":
      return { op, from: any(), node: any() };
    case "delay":
      return { op, one: any(), other: any(), ms: choices.pick([0, 50, 500]) };
    case "time":
      return { op, ms: choices.pick(TIMES) };
    case "freeze":
    case "thaw":
    case "kill":
    case "restart":
    case "stop":
      return { op, node: any() };
    default:
      return { op, one: any(), other: any() };
  }
}
