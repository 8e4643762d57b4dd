import { DistError } from "../errors.ts";

/** What can go wrong between a node and epmd. Stable; `docs/errors.md` explains each. */
export type EpmdErrorCode =
  /** A request breaks the protocol. The server answers with a closed connection. */
  | "ERR_EPMD_BAD_REQUEST"
  /** A reply breaks the protocol: whoever answered on that port is no epmd, or a broken one. */
  | "ERR_EPMD_BAD_REPLY"
  /** A reply is longer than the client is willing to read. */
  | "ERR_EPMD_REPLY_TOO_LARGE"
  /** Another live node has the name. */
  | "ERR_EPMD_NAME_TAKEN"
  /** This client has registered a name already. */
  | "ERR_EPMD_ALREADY_REGISTERED"
  /** No epmd answers there. */
  | "ERR_EPMD_UNREACHABLE"
  /** The resolver does not know the host. */
  | "ERR_EPMD_HOST_UNKNOWN"
  /** epmd closed the connection where a reply was due. */
  | "ERR_EPMD_CLOSED"
  /** No answer within the deadline. */
  | "ERR_EPMD_TIMEOUT"
  /** The port is in use, by another epmd as a rule. */
  | "ERR_EPMD_ADDRESS_IN_USE"
  /** An address cannot be bound. */
  | "ERR_EPMD_LISTEN"
  /** A list of addresses holds something that is no IP address, or is too long. */
  | "ERR_EPMD_BAD_ADDRESS"
  /** An environment variable does not hold what it should. */
  | "ERR_EPMD_BAD_ENVIRONMENT";

/** Facts of an {@link EpmdError}; those that apply. */
export interface EpmdErrorFacts {
  /** Which request it was about: `ALIVE2_REQ`, `NAMES_REQ`, … */
  readonly request?: string | undefined;
  /** The node name in question. */
  readonly nodeName?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** Port of the node that has the name, when epmd told. */
  readonly holderPort?: number | undefined;
  /** Byte of the packet at which it went wrong. */
  readonly offset?: number | undefined;
  readonly address?: string | undefined;
  readonly variable?: string | undefined;
}

/** Every error of the epmd floor. */
export class EpmdError extends DistError<EpmdErrorCode> {
  /** What the message is about. */
  readonly facts: EpmdErrorFacts;

  constructor(
    code: EpmdErrorCode,
    message: string,
    facts: EpmdErrorFacts = {},
    options?: ErrorOptions,
  ) {
    super(code, `epmd: ${message}`, options);
    this.facts = facts;
  }
}

/**
 * - `FILE`: the file that lists the nodes cannot be used as it is.
 * - `DNS`: the name servers gave no answer, or one that cannot be used.
 */
export type DiscoveryErrorCode = "ERR_DISCOVERY_FILE" | "ERR_DISCOVERY_DNS";

/** Facts of a {@link DiscoveryError}; those that apply. */
export interface DiscoveryErrorFacts {
  /** The file. */
  readonly path?: string | undefined;
  /** From 1. */
  readonly line?: number | undefined;
  /** In characters, from 1. */
  readonly column?: number | undefined;
  /** The name that was asked for. */
  readonly query?: string | undefined;
}

/** A discovery other than epmd could not say where a node is. */
export class DiscoveryError extends DistError<DiscoveryErrorCode> {
  /** What the message is about. */
  readonly facts: DiscoveryErrorFacts;

  constructor(
    code: DiscoveryErrorCode,
    message: string,
    facts: DiscoveryErrorFacts = {},
    options?: ErrorOptions,
  ) {
    super(code, message, options?.cause === undefined ? {} : options);
    this.facts = facts;
  }
}
