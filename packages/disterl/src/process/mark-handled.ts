/**
 * That a process has ended is told by its exit reason. Who does not look at a promise of it, because
 * its code waits for another one at the moment, must not end the program.
 */
export function markHandled<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {});
  return promise;
}
