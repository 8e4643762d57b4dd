/** What an epmd server tells its owner. Texts from peers are raw: print them with `printable`. */
export type EpmdEvent =
  | { readonly type: "listening"; readonly address: string; readonly port: number }
  /** A loopback address that was added by itself, or IPv6, is not to be had here. */
  | { readonly type: "address_skipped"; readonly address: string; readonly error: Error }
  | { readonly type: "connected"; readonly peer: string; readonly local: boolean }
  | { readonly type: "request"; readonly peer: string; readonly request: string }
  | {
      readonly type: "registered";
      readonly name: string;
      readonly port: number;
      readonly creation: number;
    }
  | {
      readonly type: "unregistered";
      readonly name: string;
      readonly port: number;
      readonly reason: "closed" | "unexpected_bytes" | "stopped";
    }
  /** A registration was answered with an error. */
  | { readonly type: "refused"; readonly name: string; readonly reason: string }
  /** A connection was closed without an answer. */
  | { readonly type: "rejected"; readonly peer: string; readonly reason: string }
  | { readonly type: "timeout"; readonly peer: string }
  /** A limit was reached; told once a minute for each. */
  | { readonly type: "limit"; readonly limit: string; readonly peer: string }
  | { readonly type: "accept_error"; readonly error: Error }
  | { readonly type: "killed"; readonly peer: string };
