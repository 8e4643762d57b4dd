import type { Clock } from "../carrier/clock.ts";
import { EpmdClient } from "../epmd/client.ts";
import { type Discovery, fixedPort } from "../epmd/discovery.ts";
import type { StatusFeed } from "../node/status.ts";
import type { DistributionSettings } from "./distribution-settings.ts";

/** What of a node the default discovery goes by. */
export interface EpmdDiscoveryParts {
  readonly clock: Clock;
  /** 32 random bits, unsigned. */
  readonly random: () => number;
  /** Where epmd's variables are looked up. */
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
  readonly status: StatusFeed;
}

/**
 * How a node finds others, and is found, when the program says nothing else: by epmd, or on the port that
 * all nodes listen on.
 */
export function epmdDiscovery(
  { clock, random, env, status }: EpmdDiscoveryParts,
  { epmd, carriers }: Pick<DistributionSettings, "epmd" | "carriers">,
): Discovery {
  const first = carriers.find(({ findsNodes }) => findsNodes !== true);
  const client = new EpmdClient({
    port: epmd?.port,
    // The address at which epmd has answered is the one that is dialled.
    family: first?.name.startsWith("inet6_") === true ? 6 : 0,
    allowStart: epmd?.start ?? true,
    clock,
    random: () => random() / 2 ** 32,
    environment: env,
    onEvent: (event) => {
      status.publish({
        type: "epmd",
        event: event.type,
        error: "error" in event ? event.error : undefined,
        holderPort: "holderPort" in event ? event.holderPort : undefined,
      });
    },
  });
  return epmd?.nodePort === undefined ? client : fixedPort(epmd.nodePort, client);
}
