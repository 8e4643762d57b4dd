import type { ListenAt, StartNodeOptions } from "../start-options.ts";

/** What the flags are gathered in. */
export type OptionsDraft = { -readonly [Key in keyof StartNodeOptions]: StartNodeOptions[Key] };

/** Where the node is going to listen. */
export type ListenDraft = { -readonly [Key in keyof ListenAt]: ListenAt[Key] };

/** Of which kind the addresses of the carriers are; `both`: there are carriers of IPv4 and of IPv6. */
export type AddressFamily = "inet" | "inet6" | "both";
