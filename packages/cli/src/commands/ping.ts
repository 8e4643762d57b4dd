import type { CliIo } from "../cli-io.ts";
import type { Command, OptionValues, Result } from "../command.ts";
import { withNode } from "../node-session.ts";
import { connectOptions } from "../shared-options.ts";
import { targetNode } from "../target-node.ts";
import { plainJson } from "../term-json.ts";

/** `net_adm:ping/1`, with the reason when it is pang. */
export const ping: Command = {
  name: "ping",
  summary: "connect to a node and ask whether it is there",
  description: `Finds the node by epmd, or dials --address; shakes hands and asks its
net_kernel. Prints pong and the round-trip time; or says which layer failed:
name, cookie, epmd, tcp, tls, handshake, dist.

Examples:
  disterl ping app@host
  disterl ping app@10.0.0.7 --cookie-file ./cookie --timeout 2
  disterl ping app@db1 --address 127.0.0.1:9100
  disterl ping app@host --ssl-dist-optfile certs/me@host/inet_tls.conf`,
  operands: [{ name: "node", description: "the node, name@host" }],
  options: connectOptions,
  run: pingNode,
};

async function pingNode(
  [given = ""]: readonly string[],
  options: OptionValues,
  io: CliIo,
): Promise<Result> {
  const target = targetNode(given);
  return withNode(target, options, io, async ({ node, wait }) => {
    const { roundTripMs } = await node.ping(target.full, wait());
    const rounded = Math.round(roundTripMs * 1000) / 1000;
    return {
      text: `pong  ${target.full}  ${rounded} ms\n`,
      json: () => [plainJson({ node: target.full, result: "pong", roundTripMs: rounded })],
    };
  });
}
