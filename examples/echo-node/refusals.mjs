// Whom the node turns away, and why: the peer itself is told little or nothing, so this is where to look.

/** Lines a second: who knocks all the time does not fill the log. */
const MOST = 10;

/** Writes a line to standard error for each connection that the node refuses, until the node stops. */
export async function tellRefusals(node) {
  let second = 0;
  let told = 0;
  for await (const event of node.status()) {
    if (event.type !== "refused") continue;
    const now = Math.floor(Date.now() / 1000);
    told = now === second ? told + 1 : 1;
    second = now;
    if (told > MOST) continue;
    const more = told === MOST ? " (others in this second are not shown)" : "";
    console.error(`echo-node: refused ${event.address}: ${event.error.message}${more}`);
  }
}
