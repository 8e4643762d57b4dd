import { readFileSync } from "node:fs";
import type { EpmdServerLimits } from "./server-options.ts";

/** Descriptors left alone: listeners, standard streams, what the rest of the process needs. */
const SPARE = 64;

/** How many files this process may have open, where the system tells it in a file. */
export function descriptorLimit(): number {
  try {
    const limits = readFileSync("/proc/self/limits", "latin1");
    const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/**
 * Limits that leave descriptors free. When they run out the system drops new connections unseen, so
 * idle ones have to make room before.
 */
export function limitsWithinDescriptors(
  limits: EpmdServerLimits,
  descriptors = descriptorLimit(),
): EpmdServerLimits {
  const usable = Math.max(descriptors - SPARE, 16);
  const connections = Math.min(limits.connections, Math.ceil(usable / 2));
  const registrations = Math.min(limits.registrations, usable - connections);
  const reservedForLoopback = Math.min(limits.reservedForLoopback, Math.ceil(connections / 4));
  return { ...limits, connections, registrations, reservedForLoopback };
}
