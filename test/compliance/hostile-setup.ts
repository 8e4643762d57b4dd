import { genRequest, type Node, reply, startNode } from "disterl";
import { noDiscovery } from "disterl/epmd";
import { RawPeer } from "disterl/testing";
import { expect } from "vitest";

export const COOKIE = "hostile";

/** A node of ours, a healthy peer that must not notice anything, and room for hostile ones. */
export interface Scene extends AsyncDisposable {
  readonly node: Node;
  readonly port: number;
  readonly events: { readonly type: string; readonly error?: unknown; readonly reason?: unknown }[];
  /** A peer that has shaken hands properly, under a name of its own. */
  peer(name?: string): Promise<RawPeer>;
  /** The node lives, the healthy peer is connected and served. */
  assertUnharmed(): Promise<void>;
}

let count = 0;

export async function hostileScene(options: Parameters<typeof startNode>[0] = {}): Promise<Scene> {
  const node = await startNode({
    name: "victim@localhost",
    cookie: COOKIE,
    discovery: noDiscovery,
    ...options,
  });
  node.spawn({
    name: "echo",
    onMessage: (message, self) => {
      const request = genRequest(message);
      if (request?.kind === "call") reply(self, request.from, request.request);
    },
  });
  const events: { type: string; error?: unknown; reason?: unknown }[] = [];
  void (async () => {
    for await (const event of node.status()) events.push(event);
  })();
  const port = node.address?.port ?? 0;
  const peer = async (name = `peer${++count}@localhost`): Promise<RawPeer> => {
    const raw = await RawPeer.dial({ port });
    await raw.initiate({ name, cookie: COOKIE });
    return raw;
  };
  const healthy = await peer("healthy@localhost");
  return {
    node,
    port,
    events,
    peer,
    async assertUnharmed() {
      expect(node.alive).toBe(true);
      expect(node.nodes("connected").concat(node.nodes())).toContain("healthy@localhost");
      healthy.sendHex(IS_AUTH);
      const answer = await healthy.receiveMessage(5000);
      expect(answer.includes(Buffer.from("yes"))).toBe(true);
    },
    async [Symbol.asyncDispose]() {
      healthy.close();
      await node.stop();
    },
  };
}

/** Pid `<5.0>` of `healthy@localhost`, creation 77: V4, node in full. */
const PID = `58 7711${hex("healthy@localhost")} 00000005 00000000 0000004d`;

/** `{6, Pid, '', net_kernel}` and `{'$gen_call', {Pid, Ref}, {is_auth, x}}`: what ping sends. */
const IS_AUTH = frame(
  `8344 00 6804 6106 ${PID} 7700 770a${hex("net_kernel")}
   6803 7709${hex("$gen_call")} 6802 ${PID}
   5a0003 7711${hex("healthy@localhost")} 0000004d 00000001 00000002 00000003
   6802 7707${hex("is_auth")} 770178`,
);

/** The hex of a text. */
export function hex(text: string): string {
  return Buffer.from(text).toString("hex");
}

/** A frame around hex: four bytes of length in front. */
export function frame(body: string): string {
  const bytes = body.replaceAll(/\s/g, "");
  return (bytes.length / 2).toString(16).padStart(8, "0") + bytes;
}

/** A pid of a peer in full, as hex. */
export function pidOf(name: string, creation = 77): string {
  const atom = `77${name.length.toString(16).padStart(2, "0")}${hex(name)}`;
  return `58 ${atom} 00000005 00000000 ${creation.toString(16).padStart(8, "0")}`;
}

/** A reference of a peer in full, as hex. */
export function refOf(name: string, number = 1): string {
  const atom = `77${name.length.toString(16).padStart(2, "0")}${hex(name)}`;
  return `5a0003 ${atom} 0000004d ${number.toString(16).padStart(8, "0")} 00000002 00000003`;
}
