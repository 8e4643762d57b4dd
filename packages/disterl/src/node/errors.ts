import { DistError } from "../errors.ts";

/** Codes of {@link NodeError}. */
export type NodeErrorCode =
  | "ERR_NODE_NOT_ALIVE"
  | "ERR_NODE_STOPPED"
  | "ERR_DISTRIBUTION_ALREADY_STARTED"
  | "ERR_DISTRIBUTION_NOT_STARTED"
  | "ERR_DISTRIBUTION_NONE"
  | "ERR_NODE_DISALLOWED_IP"
  | "ERR_SEND_QUEUE_FULL"
  | "ERR_SEND_NOT_ENCODABLE";

/** The node itself cannot do what it was asked. */
export class NodeError extends DistError<NodeErrorCode> {}

/** The layer at which a connection failed: what to look at. */
export type ConnectLayer = "name" | "discovery" | "carrier" | "handshake" | "policy";

/** Codes of {@link ConnectError}. */
export type ConnectErrorCode =
  | "ERR_CONNECT_NAME"
  | "ERR_CONNECT_NO_EPMD"
  | "ERR_CONNECT_DISCOVERY"
  | "ERR_CONNECT_NOT_REGISTERED"
  | "ERR_CONNECT_CARRIER"
  | "ERR_CONNECT_HANDSHAKE"
  | "ERR_CONNECT_POLICY"
  | "ERR_CONNECT_TIMEOUT";

/** A node could not be connected; `layer` says where it failed, `cause` has the details. */
export class ConnectError extends DistError<ConnectErrorCode> {
  /** Where to look. */
  readonly layer: ConnectLayer;
  /** The node that was to be connected. */
  readonly node: string;

  constructor(
    code: ConnectErrorCode,
    layer: ConnectLayer,
    node: string,
    message: string,
    cause?: unknown,
  ) {
    super(code, message, cause === undefined ? undefined : { cause });
    this.layer = layer;
    this.node = node;
  }
}
