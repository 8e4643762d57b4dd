import type { Clock } from "../carrier/clock.ts";
import type { ResolveHost } from "./dial.ts";
import type { Environment } from "./environment.ts";
import type { EpmdServerOptions } from "./server-options.ts";

/** What an epmd client tells its owner. */
export type EpmdClientEvent =
  | {
      readonly type: "registered";
      readonly name: string;
      readonly port: number;
      readonly creation: number;
    }
  /** epmd has closed the connection that is the registration; it is being tried again. */
  | { readonly type: "lost"; readonly name: string }
  /** Registered again. `creation` is what epmd says now; the node keeps the one it has. */
  | { readonly type: "reregistered"; readonly name: string; readonly creation: number }
  /**
   * The name belongs to another node now, which listens on `holderPort` (`undefined`: it has gone
   * again). It is being tried on.
   */
  | {
      readonly type: "name_lost";
      readonly name: string;
      readonly holderPort: number | undefined;
    }
  /** No epmd answered, so one was started in this process. */
  | { readonly type: "epmd_started"; readonly port: number }
  /** An attempt to register again has failed. */
  | { readonly type: "retry_failed"; readonly name: string; readonly error: Error };

/** Options of {@link EpmdClient}. */
export interface EpmdClientOptions {
  /** Port of epmd, here and elsewhere. Default `ERL_EPMD_PORT`, or 4369. */
  readonly port?: number | undefined;
  /** 4 or 6: use only that family for look-ups, and try it first here. Default 0: both, 4 first. */
  readonly family?: 0 | 4 | 6 | undefined;
  /** Start an epmd in this process when none answers on loopback, now and later. Default false. */
  readonly allowStart?: boolean | undefined;
  /** For the epmd that is started. */
  readonly server?: EpmdServerOptions | undefined;
  /** Deadline of a look-up or of `names`, resolving and connecting included. Default 5000. */
  readonly lookupTimeoutMs?: number | undefined;
  /** Deadline of one attempt to register. Default 10 000. */
  readonly registerTimeoutMs?: number | undefined;
  /** How long to wait before registering again, on average. Default 2000. */
  readonly retryMs?: number | undefined;
  /**
   * How long "the name is taken" is not believed: a node that restarts may be quicker than epmd
   * notices its end. Default 2000.
   */
  readonly duplicateRetryMs?: number | undefined;
  /** The longest listing that is read. Default 1 MiB. */
  readonly maxReplyBytes?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Numbers from 0 to 1, to spread attempts. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Default `process.env`. */
  readonly environment?: Environment | undefined;
  /** Default: the system's resolver. */
  readonly resolve?: ResolveHost | undefined;
  /** Is told what happens. Must not throw. */
  readonly onEvent?: ((event: EpmdClientEvent) => void) | undefined;
}
