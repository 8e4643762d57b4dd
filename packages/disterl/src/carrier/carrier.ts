import type { TickSlot, TickSlots, TickTimes } from "./ticks/tick-slots.ts";
import type { TlsFacts } from "./tls/tls-facts.ts";

/**
 * The door through which bytes come and go: Erlang's `-proto_dist`. TCP, TLS, unix sockets and
 * memory are carriers; a program may bring its own. Mirrors the `*_dist` callback modules of
 * `erts/doc/guides/alt_dist.md`; differs in: a carrier knows nothing of handshakes or frames, only of
 * bytes in order, and nothing of names at epmd. Where a node listens is asked of a discovery, and what
 * `listen` has got is made known there, unless the carrier {@link findsNodes} itself.
 *
 * Whatever implements this passes `carrierSuite` of `disterl/testing`, which has a check for each promise
 * here and at {@link Channel}. The guide's chapter "Your own carrier" writes one.
 */
export interface Carrier {
  /**
   * As `-proto_dist` and `FoundNode.carrier` of a discovery name it: `inet_tcp`, `inet_tls`, … Small letters,
   * digits and `_`; each of a node's carriers has its own.
   */
  readonly name: string;
  /** Bytes of the length before each handshake packet: 2 on TCP and unix sockets, 4 on TLS. */
  readonly handshakeLengthBytes: 2 | 4;
  /**
   * Whether what goes over it is encrypted. A node that listens beyond this machine on a carrier that
   * does not says so, once. Default false.
   */
  readonly encrypted?: boolean | undefined;
  /**
   * Whether it finds nodes by their names itself, as unix sockets do: no discovery is asked, and
   * nothing is registered there (`-no_epmd`). {@link ListenOptions.node} and
   * {@link ConnectOptions.node} are what it has to go by; `port` is 0. Default false.
   */
  readonly findsNodes?: boolean | undefined;
  /**
   * Whether it can reach the node of that full name (`Mod:select/1`). Asked where a node has several
   * carriers: the first that can is dialled on. It answers at once, from what it knows. Default: it can.
   */
  reaches?(node: string): boolean;
  /**
   * Starts to accept. `onChannel` is called once per connection, before any of its bytes are read.
   * @throws CarrierError when the address cannot be had.
   */
  listen(options: ListenOptions, onChannel: (channel: Channel) => void): Promise<Listener>;
  /**
   * Dials. An abort, also after the dial began, closes what was opened and rejects with the signal's
   * reason.
   * @throws CarrierError when nobody answers there.
   */
  connect(options: ConnectOptions): Promise<Channel>;
}

/** Where to listen. */
export interface ListenOptions {
  /** Address to bind, in text form; default all. */
  readonly host?: string | undefined;
  /** First port to try; 0 or nothing takes any free one. */
  readonly port?: number | undefined;
  /** Last port to try: the first free one from `port` to here is taken. Default `port`. */
  readonly lastPort?: number | undefined;
  /** Connections that may wait to be accepted. Default 511. */
  readonly backlog?: number | undefined;
  /**
   * Full name of the node that listens, for carriers that {@link Carrier.findsNodes}, or that hold what
   * they show to others against it.
   */
  readonly node?: string | undefined;
  /** Settings of the sockets, for carriers that have sockets. */
  readonly socket?: SocketOptions | undefined;
  /**
   * Told of a connection that ended before it was a channel, where the carrier has something to check
   * first, as TLS has.
   */
  readonly onRefused?: ((remote: NetAddress, error: Error) => void) | undefined;
}

/** What can be set on the sockets of a carrier that has some (`inet_dist_listen_options`). */
export interface SocketOptions {
  /** Small packets go out at once (`nodelay`). Default true. */
  readonly noDelay?: boolean | undefined;
  /** The system probes connections that are silent (`keepalive`). Default false: nodes tick. */
  readonly keepAlive?: boolean | undefined;
  /** On IPv6: not IPv4, too (`ipv6_v6only`). Default true. */
  readonly ipv6Only?: boolean | undefined;
  /** When dialling: the address of ours to dial from (`ip`, `ifaddr`). Default: the system chooses. */
  readonly localAddress?: string | undefined;
}

/** Whom to dial. */
export interface ConnectOptions {
  /** Address or name of the host. */
  readonly host: string;
  /** 0 where the carrier finds nodes itself. */
  readonly port: number;
  /**
   * Full name of the node that is to be found there, for carriers that check who answers. Default: a
   * node on {@link host}.
   */
  readonly node?: string | undefined;
  /** Settings of the socket, for carriers that have sockets. */
  readonly socket?: SocketOptions | undefined;
  /** Gives the dial up. */
  readonly signal?: AbortSignal | undefined;
}

/** Where one end of a channel is. */
export interface NetAddress {
  /** What kind of address it is. */
  readonly family: "inet" | "inet6" | "local" | "memory";
  /** IP address; path of a unix socket, empty at the end that dialled; name of a host in memory. */
  readonly address: string;
  /** 0 of a unix socket. */
  readonly port: number;
}

/** A carrier that accepts. */
export interface Listener {
  /** Where it listens; the port is the one taken. */
  readonly address: NetAddress;
  /** Stops accepting; channels already handed out stay. Resolves when the address is free again. */
  close(): Promise<void>;
}

/** What a channel tells its owner, never during a call of the owner. Exactly one `onClose` is last. */
export interface ChannelHandler {
  /**
   * Bytes, in order, cut anywhere. `chunk` is valid **during the call only**: the carrier reuses its
   * memory. Who wants to keep bytes copies them.
   */
  onData(chunk: Uint8Array): void;
  /** What was written has left the process, after {@link Channel.write} returned false. */
  onDrain(): void;
  /**
   * The channel is gone: the peer closed it, or {@link Channel.end} or {@link Channel.destroy} did
   * (`undefined`), or something failed, or destroy was given an error.
   */
  onClose(error: Error | undefined): void;
}

/** One connection: bytes both ways, in order. */
export interface Channel {
  /** Our end. */
  readonly local: NetAddress;
  /** The other end. */
  readonly remote: NetAddress;
  /** Of a channel over TLS: what was agreed and shown when it was opened. */
  readonly tls?: TlsFacts | undefined;
  /** Bytes accepted by {@link write} that have not left the process yet. */
  readonly pendingBytes: number;
  /** Bytes received since the channel opened: what the tick check looks at. */
  readonly receivedBytes: number;
  /**
   * Reads, also when paused, and tells the handler. May be called again to hand over to another one,
   * which is told from then on. Never calls back during the call; a handler that comes after the end
   * is told of it.
   */
  handle(handler: ChannelHandler): void;
  /** Stops reading, at once, so that the peer is slowed down: no onData until {@link resume}. */
  pause(): void;
  /** Goes on to hand out bytes. */
  resume(): void;
  /**
   * Sends the chunks, in order, with one system call where the carrier can. Their memory belongs to
   * the carrier until `flushed` is called, and is the caller's again then. `flushed` is also called
   * when the channel closes first, before onClose; never during this call.
   * @returns false when more is pending than the carrier likes to hold: `onDrain` will tell when all
   *   has gone. Also false when the channel is closing or closed.
   */
  write(chunks: readonly Uint8Array[], flushed?: () => void): boolean;
  /** Sends what is pending, then closes; nothing more is received. `onClose(undefined)` follows. */
  end(): void;
  /** Closes at once, pending bytes are lost; `onClose(error)` follows, after this call. */
  destroy(error?: Error): void;
  /**
   * Why the peer must not be the node of that full name (or, while it has none, of that host), by what
   * the carrier knows of it, such as its certificate; undefined: it may. Asked of whoever claims a name
   * in a handshake, whoever has dialled. Absent on carriers that know nothing of their peers.
   */
  claimProblem?(node: string): Error | undefined;
  /**
   * For `ticks: "worker"`: while the program's own code keeps the event loop busy, another thread
   * sends this channel's ticks, each four zero bytes, by writing to its file descriptor. `slots` is the
   * memory that the two threads share; the slot that is opened there says whose turn it is to write, so
   * that a tick never gets into the middle of something: the channel locks it before it writes, and
   * unlocks it when the system has taken everything. `times` are those of the ticks. `closed` is to be
   * called when the descriptor is about to be closed, for it may be another connection's next.
   *
   * Called at most once; `undefined` when the channel has ended. Carriers leave it out where there is no
   * descriptor, or where bytes are changed on their way, as by encryption: then the event loop ticks alone.
   * @throws CarrierError `ERR_CARRIER_NO_TICKS` when it cannot here. @internal
   */
  tickFrom?(slots: TickSlots, times: TickTimes, closed: () => void): TickSlot | undefined;
}
