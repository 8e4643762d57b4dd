import { DistError } from "../errors.ts";

/** Codes of {@link TestingError}. */
export type TestingErrorCode =
  | "ERR_TESTING_OTP_MISSING"
  | "ERR_TESTING_OTP_START"
  | "ERR_TESTING_OTP_EXITED"
  | "ERR_TESTING_OTP_TIMEOUT"
  | "ERR_TESTING_OTP_EVAL"
  | "ERR_TESTING_CLUSTER";

/**
 * What goes wrong with the real Erlang beside a test (not installed, not started, gone, too slow), or
 * what a test asks of its cluster and cannot have.
 */
export class TestingError extends DistError<TestingErrorCode> {}

/** An expression that failed on the Erlang node: `Class:Reason`, as `catch` saw it there. */
export class OtpEvalError extends TestingError {
  /** `error`, `exit` or `throw`. */
  readonly class: string;
  /** The reason, printed as `~0tp`. */
  readonly reason: string;
  /** The stack trace on the node, printed as `~0tp`. */
  readonly erlangStack: string;

  constructor(expression: string, facts: { class: string; reason: string; stack: string }) {
    const text = expression.length > 200 ? `${expression.slice(0, 200)}…` : expression;
    super("ERR_TESTING_OTP_EVAL", `Erlang raised ${facts.class}:${facts.reason} for: ${text}`);
    this.class = facts.class;
    this.reason = facts.reason;
    this.erlangStack = facts.stack;
  }
}
