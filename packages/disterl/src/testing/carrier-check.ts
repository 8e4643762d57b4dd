import type { CarrierRig } from "./carrier-rig.ts";

/** One promise of the carrier interface, and how to see whether it is kept. */
export interface CarrierCheck {
  /** The promise, as a sentence. */
  readonly name: string;
  /** Rejects with an AssertionError when the promise is broken. */
  run(rig: CarrierRig): Promise<void>;
}
