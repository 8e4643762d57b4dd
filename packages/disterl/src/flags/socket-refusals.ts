const OURS = "distribution sets it itself";
const NOT_IN_NODE = "Node.js has no such setting";
const BUFFERS = `${NOT_IN_NODE}; +zdbbl says how much may wait for a peer`;
const SLOW_PEERS = `${NOT_IN_NODE}; limits.stallMs of startNode ends peers that take nothing`;
const TRAFFIC = `${NOT_IN_NODE}; mark the packets outside, for instance with nftables`;

/**
 * The options of `gen_tcp:listen/2` and `gen_tcp:connect/4` that a node in this runtime cannot follow,
 * and why.
 */
export const socketRefusals: ReadonlyMap<string, string> = new Map(
  Object.entries({
    active: OURS,
    binary: OURS,
    buffer: BUFFERS,
    bind_to_device: `${NOT_IN_NODE}; name the address of the device: {ip, Address}`,
    debug: NOT_IN_NODE,
    delay_send: `${OURS}: what is sent in one go leaves in one go`,
    deliver: OURS,
    dontroute: NOT_IN_NODE,
    exclusiveaddruse: NOT_IN_NODE,
    exit_on_close: OURS,
    fd: "a node opens its sockets itself",
    header: OURS,
    high_msgq_watermark: BUFFERS,
    high_watermark: BUFFERS,
    inet_backend: "it chooses between two implementations within Erlang",
    keepcnt: NOT_IN_NODE,
    keepidle: NOT_IN_NODE,
    keepintvl: NOT_IN_NODE,
    line_delimiter: OURS,
    linger: `${NOT_IN_NODE}; what was sent before a node stops is sent, in any case`,
    list: OURS,
    local: "of another kind than TCP: see unix sockets in the guide",
    low_msgq_watermark: BUFFERS,
    low_watermark: BUFFERS,
    mode: OURS,
    netns: "start the whole program in the network namespace: ip netns exec Name",
    nopush: NOT_IN_NODE,
    packet: OURS,
    packet_size: `${OURS}; limits.frameBytes of startNode is its limit`,
    pktoptions: NOT_IN_NODE,
    port: "inet_dist_listen_min and inet_dist_listen_max choose the port that is listened on",
    priority: TRAFFIC,
    raw: NOT_IN_NODE,
    read_packets: NOT_IN_NODE,
    recbuf: `${NOT_IN_NODE}; the system adapts it, within net.ipv4.tcp_rmem`,
    recvtclass: NOT_IN_NODE,
    recvtos: NOT_IN_NODE,
    recvttl: NOT_IN_NODE,
    reuseport: `${NOT_IN_NODE}; a node has its port for itself`,
    reuseport_lb: `${NOT_IN_NODE}; a node has its port for itself`,
    send_timeout: SLOW_PEERS,
    send_timeout_close: SLOW_PEERS,
    show_econnreset: "how a connection was lost is always told",
    sndbuf: `${NOT_IN_NODE}; the system adapts it, within net.ipv4.tcp_wmem`,
    tclass: TRAFFIC,
    tcp_module: "it names a module of Erlang; -proto_dist chooses the carrier",
    tos: TRAFFIC,
    ttl: TRAFFIC,
  }),
);
