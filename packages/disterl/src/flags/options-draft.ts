import { EpmdClient } from "../epmd/client.ts";
import { fixedPort } from "../epmd/discovery.ts";
import type { ListenAt, StartNodeOptions } from "../start-options.ts";

/** What the flags are gathered in. */
export type OptionsDraft = { -readonly [Key in keyof StartNodeOptions]: StartNodeOptions[Key] };

/** Where the node is going to listen. */
export type ListenDraft = { -readonly [Key in keyof ListenAt]: ListenAt[Key] };

/** Listens on that port, finds every other node on it, and does without epmd where there is none. */
export function useFixedPort(draft: OptionsDraft, port: number): void {
  const epmd = new EpmdClient({ port: draft.epmd?.port, allowStart: draft.epmd?.start });
  draft.discovery = fixedPort(port, epmd);
}
