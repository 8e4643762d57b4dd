import type { Term } from "../term/term.ts";

/** One option of TLS distribution, as the user wrote it. */
export interface SslDistOption {
  readonly side: "server" | "client";
  readonly name: string;
  /** Undefined for an option that stands without a value. */
  readonly value: Term | undefined;
  /** Where it stands, for errors: `-ssl_dist_optfile a.conf, line 3: server certfile`. */
  readonly flag: string;
}
