/** The exit statuses of the `disterl` command. `disterl epmd` has those of epmd instead. */
export const exitCodes = {
  /** It worked. */
  ok: 0,
  /** The node was reached and said no, the function raised an exception, or a certificate is not valid or was not made. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The node was not reached; the message names the layer that failed. */
  notConnected: 3,
  /** The node was reached, and gave no answer in time. */
  timeout: 4,
  /** A fault of the tool itself. */
  internal: 70,
  /** Ended by SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
