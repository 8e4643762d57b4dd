/**
 * The base of every error this library throws or reports on purpose.
 *
 * Match on {@link DistError.code}: codes are stable, messages are for people. Each floor has one
 * subclass in its own `errors.ts` with the facts of that floor (byte offset, handshake step, …).
 * `cause` is always kept. Wrong arguments are a `TypeError` at the call instead.
 */
export abstract class DistError<Code extends string = string> extends Error {
  /** Stable: match on it. `docs/errors.md` explains each. */
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}
