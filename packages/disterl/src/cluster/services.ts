import type { NetMessage } from "../node/net-message.ts";
import { atom } from "../term/atom.ts";
import { erpcCall } from "./erpc.ts";
import { ioServer } from "./io-server.ts";
import { netKernelServer } from "./net-kernel-server.ts";
import type { NodeParts } from "./net-sup.ts";
import { Rex } from "./rex.ts";
import type { FunctionServices } from "./run-for.ts";

/**
 * Starts the processes that other nodes count on: `net_kernel`, `rex` and `user`. They live as long as
 * the node, whether distribution runs or not.
 */
export function startServices(
  { processes, caller, spawnRequests }: NodeParts,
  local: NetMessage,
  services: FunctionServices,
  write: (text: string) => void,
): void {
  const system = true;
  const apply: Parameters<typeof ioServer>[0]["apply"] = (node, module, fun, args) =>
    erpcCall({ process: caller, spawnRequests }, node, module, fun, args, { timeout: 10_000 });
  const own = (): typeof processes.identity.node => processes.identity.node;

  const netKernel = processes.spawn({
    name: atom("net_kernel"),
    system,
    onMessage: (message) => answer(message, own()),
  });
  const answer = netKernelServer(services, netKernel);
  local.serve(netKernel, answer);

  const rexProcess = processes.spawn({
    name: atom("rex"),
    system,
    onMessage: (message) => rex.receive(message, own()),
  });
  const rex = new Rex(services, rexProcess);
  local.serve(rexProcess, (message, peer) => rex.receive(message, peer));

  const print = ioServer({ write, apply });
  const user = processes.spawn({
    name: atom("user"),
    system,
    onMessage: (message, self) => print(message, self, own()),
  });
  local.serve(user, (message, peer) => print(message, user, peer));
  caller.groupLeader = user.pid;
  processes.groupLeader = user.pid;
}
