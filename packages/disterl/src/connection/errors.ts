/**
 * Why a connection ended. OTP's words (`net_kernel:monitor_nodes/2`), and three of ours:
 * `slow_peer` (it does not read what waits for it), `protocol_error` (it sent what no node sends) and
 * `limit_exceeded` (it made us hold more than we allow).
 */
export type NodedownReason =
  | "connection_closed"
  | "connection_setup_failed"
  | "disconnect"
  | "net_kernel_terminated"
  | "net_tick_timeout"
  | "shutdown"
  | "slow_peer"
  | "protocol_error"
  | "limit_exceeded";
