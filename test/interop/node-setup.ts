import { genRequest, isTaggedTuple, isTuple, reply, startNode, t } from "disterl";
import type { Node, StartNodeOptions } from "disterl";
import {
  type CEpmd,
  type OtpNode,
  type OtpRelease,
  startCEpmd,
  startOtpNode,
} from "disterl/testing";
import { Pid } from "disterl/term";

export const COOKIE = "a cookie for tests only";

/** One of ours and one of Erlang's that can find each other; nothing is connected yet. */
export interface Pair extends AsyncDisposable {
  readonly epmd: CEpmd;
  readonly ours: Node;
  readonly otp: OtpNode;
}

export interface PairOptions {
  readonly ours?: StartNodeOptions;
  readonly flags?: readonly string[];
  readonly elixir?: boolean;
}

export async function startPair(release: OtpRelease, options: PairOptions = {}): Promise<Pair> {
  const epmd = await startCEpmd({ release });
  const [ours, otp] = await Promise.all([
    startOurs(epmd.port, options.ours),
    startOtpNode({
      release,
      nameType: "short",
      cookie: COOKIE,
      epmdPort: epmd.port,
      ...(options.flags === undefined ? {} : { flags: options.flags }),
      ...(options.elixir === undefined ? {} : { elixir: options.elixir }),
    }),
  ]);
  return {
    epmd,
    ours,
    otp,
    async [Symbol.asyncDispose]() {
      await ours.stop();
      await otp.stop();
      await epmd.stop();
    },
  };
}

/** A node of ours with a name of its own on `localhost`. */
export function startOurs(epmdPort: number, options: StartNodeOptions = {}): Promise<Node> {
  const name = `ours_${process.pid}_${Math.random().toString(36).slice(2, 8)}@localhost`;
  return startNode({ name, cookie: COOKIE, epmd: { port: epmdPort, start: false }, ...options });
}

/** Registers `echo`: it answers `{From, Ref, Term}` and `gen_server:call(echo, {echo, Term})`. */
export function spawnEcho(node: Node): void {
  node.spawn({
    name: "echo",
    onMessage(message, self) {
      const request = genRequest(message);
      if (request?.kind === "call" && isTaggedTuple(request.request, "echo", 2)) {
        reply(self, request.from, request.request[1]);
      } else if (isTuple(message, 3) && message[0] instanceof Pid) {
        const [from, ref, term] = message;
        self.send(from, t(ref, term));
      }
    },
  });
}

/** The next event of a kind. */
export async function nextStatus<Type extends string>(
  events: ReturnType<Node["status"]>,
  type: Type,
): Promise<Extract<Awaited<ReturnType<typeof events.next>>["value"], { type: Type }>> {
  for await (const event of { [Symbol.asyncIterator]: () => ({ next: () => events.next() }) }) {
    if (event.type === type) return event as never;
  }
  throw new Error(`the node ended before ${type}`);
}

/** A process on the Erlang node registered as `mirror`, which answers `{From, Msg}` with `{self(), Msg}`. */
export const MIRROR =
  "register(mirror, spawn(fun F() -> receive {P, M} -> P ! {self(), M}, F() end end)).";
