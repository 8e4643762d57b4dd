/**
 * Figures that were taken by turns, and what is said about them. A slow moment of the machine hits
 * neighbours alike, so a ratio is taken within a round, and its median and extremes over the rounds.
 */

/**
 * Runs each task once a round.
 * @param {Map<string, () => Promise<number>>} tasks
 * @returns {Promise<Map<string, number[]>>} the figures of each.
 */
export async function interleaved(tasks, rounds) {
  const figures = new Map([...tasks.keys()].map((key) => [key, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [key, task] of tasks) figures.get(key).push(await task());
  }
  return figures;
}

/**
 * How often something is to be done to take `ms`; warms it up on the way.
 * @param {(count: number) => Promise<{ us: number }>} doing
 */
export async function calibrated(doing, ms, least = 4) {
  for (let count = least; ; ) {
    // Twice: one slow moment of the machine would make all figures short ones.
    const us = Math.min((await doing(count)).us, (await doing(count)).us);
    if (us >= ms * 500) return Math.max(2, Math.round((count * ms * 1000) / us));
    count *= us * 8 < ms * 1000 ? 4 : 2;
  }
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * A row of the table: a figure beside another one of the same rounds.
 * @param {object} row `name`, `unit`, `values`; `beside` and `to`: the figures it is divided by and
 *   whose they are; `least` or `most`: the target for the ratio, or for the value where nothing
 *   stands beside it; `id`: which of the project's targets it is; `why`: what limits the row, said
 *   when it falls short.
 */
export function rowOf({ name, unit, values, beside, to, least, most, id, why }) {
  const value = rounded(median(values));
  const ratios = beside === undefined ? [] : values.map((one, round) => one / beside[round]);
  const judged = beside === undefined ? value : median(ratios);
  const short = judged < (least ?? -Infinity) || judged > (most ?? Infinity);
  const target = least === undefined ? most && `<= ${most}` : `>= ${least}`;
  return {
    name,
    value,
    unit,
    ...(beside === undefined ? {} : { ratio: rounded(judged), to, spread: extremes(ratios) }),
    ...(beside === undefined && values.length > 1 ? { spread: extremes(values) } : {}),
    ...(target === undefined ? {} : { target, ...(id === undefined ? {} : { id }) }),
    ...(short ? { note: why === undefined ? "below target" : `below target: ${why}` } : {}),
  };
}

function extremes(values) {
  return [rounded(Math.min(...values)), rounded(Math.max(...values))];
}

function rounded(figure) {
  return Number(figure.toPrecision(3));
}

/** Prints rows when a file of `bench/` is run on its own. */
export function printRows(rows) {
  for (const { name, value, unit, ratio, spread, to, target, id, note } of rows) {
    const range = spread === undefined ? "" : ` (${spread[0]}..${spread[1]})`;
    const beside = ratio === undefined ? range : `  ${ratio} x ${to}${range}`;
    const wanted =
      target === undefined ? "" : `  target ${target}${id === undefined ? "" : ` (${id})`}`;
    console.log(`${name.padEnd(46)} ${value} ${unit}${beside}${wanted}${note ? `  ${note}` : ""}`);
  }
}
