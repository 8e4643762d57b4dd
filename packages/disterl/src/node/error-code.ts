import { DistError } from "../errors.ts";

/** The `ERR_…` code of an error of this library, or of what caused it to be thrown. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof DistError ? String(error.code) : undefined;
}
