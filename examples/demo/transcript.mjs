// How the demo talks: one line a step, what was learned below it, and the layer that failed.
import { styleText } from "node:util";

const style = (format, text) =>
  process.stdout.isTTY && !process.env.NO_COLOR ? styleText(format, text) : text;

let layer = "start";

export function heading(text) {
  console.log(`\n${style("bold", text)}`);
}

export function say(text) {
  console.log(`    ${text}`);
}

/** Does one step of a layer, and tells how long it took. */
export async function step(name, what, work) {
  layer = name;
  const start = performance.now();
  console.log(`${style("cyan", name.padEnd(10))} ${what}`);
  const result = await work();
  const took = (performance.now() - start).toFixed(1);
  console.log(`    ${style("dim", `done in ${took} ms`)}`);
  return result;
}

export function fail(error) {
  console.error(`\n${style("red", "FAILED")} at the layer "${layer}"`);
  console.error(`    ${error.code ?? error.name}: ${error.message}`);
  if (error.reason !== undefined) console.error(`    reason: ${String(error.reason)}`);
}
