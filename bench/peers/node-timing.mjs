/** What the commands of a node of ours have in common: they run in a process, and are timed. */

/** What an asynchronous function gives that runs as the body of a process of its own. */
export function inProcess(node, work) {
  return new Promise((resolve, reject) => {
    node.spawn((self) => work(self).then(resolve, reject));
  });
}

/** Microseconds that something took. */
export async function timed(work) {
  const start = process.hrtime.bigint();
  await work();
  return { us: nanosecondsSince(start) / 1000 };
}

export function nanosecondsSince(start) {
  return Number(process.hrtime.bigint() - start);
}

export function percentiles(times) {
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor(times.length * share)];
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  return { p50: at(0.5), p99: at(0.99), mean };
}

/** A turn of the event loop. */
export function turn() {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Looks again each turn until it is so. */
export async function until(isSo) {
  for (const start = Date.now(); !isSo(); await turn()) {
    if (Date.now() - start > 60_000) throw new Error("waited for a minute in vain");
  }
}
