import type { Node, StartNodeOptions } from "disterl";
import {
  type CEpmd,
  type OtpNode,
  type OtpRelease,
  startCEpmd,
  startOtpNode,
} from "disterl/testing";
import { COOKIE, startOurs } from "./node-setup.ts";

/** Visible nodes of Erlang's and of ours; nothing is connected yet. */
export interface Mesh extends AsyncDisposable {
  readonly epmd: CEpmd;
  readonly otp: readonly OtpNode[];
  readonly ours: readonly Node[];
  /** One more of Erlang's. */
  addOtp(release: OtpRelease, name?: string): Promise<OtpNode>;
  /** One more of ours. */
  addOurs(options?: StartNodeOptions): Promise<Node>;
}

export interface MeshOptions {
  /** One for each Erlang node. */
  readonly releases: readonly OtpRelease[];
  /** Names of the Erlang nodes, where it matters. */
  readonly names?: readonly string[];
  /** One for each node of ours. */
  readonly ours?: readonly StartNodeOptions[];
  readonly elixir?: boolean;
  readonly flags?: readonly string[];
}

export async function startMesh(options: MeshOptions): Promise<Mesh> {
  const [first] = options.releases;
  const epmd = await startCEpmd({ release: first });
  const otp: OtpNode[] = [];
  const ours: Node[] = [];
  const addOtp = async (release: OtpRelease, name?: string): Promise<OtpNode> => {
    const node = await startOtpNode({
      release,
      nameType: "short",
      cookie: COOKIE,
      epmdPort: epmd.port,
      flags: [...(options.flags ?? []), "-kernel", "logger_level", "error"],
      ...(name === undefined ? {} : { name }),
      ...(options.elixir === undefined ? {} : { elixir: options.elixir }),
    });
    otp.push(node);
    return node;
  };
  const addOurs = async (given: StartNodeOptions = {}): Promise<Node> => {
    const node = await startOurs(epmd.port, { hidden: false, ...given });
    ours.push(node);
    return node;
  };
  for (const [index, release] of options.releases.entries()) {
    await addOtp(release, options.names?.[index]);
  }
  for (const given of options.ours ?? [{}]) await addOurs(given);
  return {
    epmd,
    otp,
    ours,
    addOtp,
    addOurs,
    async [Symbol.asyncDispose]() {
      await Promise.all(ours.map((node) => node.stop()));
      await Promise.all(otp.map((node) => node.kill()));
      await epmd.stop();
    },
  };
}

/** Looks again and again until it holds: what takes a moment to get about. */
export async function eventually(holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error("it did not come to hold within 15 s");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Full names of the visible nodes that a node of Erlang's is connected to, sorted. */
export async function nodesOf(node: OtpNode): Promise<string[]> {
  const list = await node.eval("lists:sort(nodes())");
  return list
    .slice(1, -1)
    .split(",")
    .filter(Boolean)
    .map((name) => name.replaceAll("'", ""));
}

/** Every node is connected to every other, and in sync with it. */
export async function meshed({ otp, ours }: Pick<Mesh, "otp" | "ours">): Promise<void> {
  const all = [...otp.map((node) => node.nodeName), ...ours.map((node) => node.name)];
  await eventually(async () => {
    for (const node of ours) {
      const { known, synced } = node.global.info;
      if (known.length < all.length - 1 || synced.length < all.length - 1) return false;
    }
    for (const node of otp) if ((await nodesOf(node)).length < all.length - 1) return false;
    return true;
  });
  for (const node of otp) await node.eval("ok = global:sync()");
}
