const OWNED = "distribution sets it itself, for both sides the same way";
const SOCKET =
  "is a socket option; -kernel inet_dist_listen_options and inet_dist_connect_options set such";
const FAMILY = "the address family is what -proto_dist says: inet_tls or inet6_tls";
const NO_SHARED_KEYS = "keys without certificates are not available; use certificates";
const NO_RULE = "Node.js has no such setting, and its default is not known to be the one wanted";
const NO_FUN = "it takes a function of Erlang, which cannot run here; verify_fun takes one of ours";
const ONE_CERTIFICATE = "a node has one name; certs_keys gives more certificates for it";

const all = (reason: string, names: string): [string, string][] =>
  names.split(" ").map((name) => [name, reason]);

/** Options of OTP's `ssl` and its sockets that a node here cannot honour, and why. */
export const sslRefusals: ReadonlyMap<string, string> = new Map([
  ...all(
    OWNED,
    "list binary mode active packet packet_size nodelay deliver header read_ahead erl_dist " +
      "exit_on_close line_delimiter",
  ),
  ...all(FAMILY, "inet inet6 local ipv6_v6only"),
  ...all(
    SOCKET,
    "ip ifaddr port fd backlog reuseaddr reuseport reuseport_lb keepalive linger buffer recbuf sndbuf " +
      "high_watermark low_watermark high_msgq_watermark low_msgq_watermark delay_send send_timeout " +
      "send_timeout_close show_econnreset priority tos tclass ttl raw bind_to_device netns " +
      "inet_backend cb_info tcp_module",
  ),
  ...all(
    NO_SHARED_KEYS,
    "psk_identity psk_groups user_lookup_fun srp_identity pre_shared_key_identity shared_key",
  ),
  ...all(NO_FUN, "partial_chain customize_hostname_check sni_fun cert_policy_opts"),
  ...all(ONE_CERTIFICATE, "sni_hosts"),
  ...all(
    NO_RULE,
    "signature_algs_cert max_fragment_length key_update_at renegotiate_at early_data " +
      "ocsp_nonce ocsp_responder_certs use_srtp client_preferred_next_protocols " +
      "next_protocol_selector next_protocols_advertised alpn_advertised_protocols " +
      "alpn_preferred_protocols",
  ),
  ["dh", "write the parameters into a PEM file and name it with dhfile"],
]);
