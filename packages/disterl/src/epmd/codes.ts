/** The port of epmd unless `ERL_EPMD_PORT` or an option says otherwise. */
export const EPMD_PORT = 4369;

/** First byte of each request and reply. Spec: erl_dist_protocol, "EPMD Protocol". */
export const ALIVE2_REQ = 120;
export const ALIVE2_RESP = 121;
export const ALIVE2_X_RESP = 118;
export const PORT_PLEASE2_REQ = 122;
export const PORT2_RESP = 119;
export const NAMES_REQ = 110;
export const DUMP_REQ = 100;
export const KILL_REQ = 107;
export const STOP_REQ = 115;

/** `NodeType` of an Erlang node. Nodes started with `-hidden` register as this one too. */
export const NODE_NORMAL = 77;
/** `NodeType` of a hidden node (C nodes). */
export const NODE_HIDDEN = 72;

/** `Protocol`: TCP over IPv4, the only one in use. */
export const PROTOCOL_TCP = 0;

/** Highest version of the distribution protocol: 32-bit creations, handshake name `N`. */
export const DIST_VERSION_HIGH = 6;
/** Lowest one, handshake name `n`. */
export const DIST_VERSION_LOW = 5;

/** What is in the creation field of a refusal. */
export const REFUSED_CREATION = 99;

/** Characters and bytes of a node name; bytes of the extra field. */
export const MAX_NAME_CHARS = 255;
export const MAX_NAME_BYTES = 1020;
export const MAX_EXTRA_BYTES = 1020;
/** The largest request body, as the C daemon's input buffer has it. */
export const MAX_REQUEST_BYTES = 3057;
