/**
 * How bytes travel between nodes: the interface that a carrier implements, TCP, TLS, unix sockets and
 * memory, and clocks.
 *
 * @module
 */
export type {
  Carrier,
  Channel,
  ChannelHandler,
  ConnectOptions,
  Listener,
  ListenOptions,
  NetAddress,
  SocketOptions,
} from "./carrier.ts";
export { type Clock, systemClock, type Timer } from "./clock.ts";
export { CarrierError, type CarrierErrorCode } from "./errors.ts";
export { inet6Tcp, inetTcp, TcpCarrier } from "./tcp.ts";
export { inet6Tls, inetTls } from "./tls/tls.ts";
export type { CertificateFacts, TlsCheck, TlsPeer, TlsProblem } from "./tls/tls-certificate.ts";
export { TlsCertificateError } from "./tls/tls-errors.ts";
export type { TlsFacts } from "./tls/tls-facts.ts";
export type {
  CertificateAndKey,
  CrlCheck,
  NameBinding,
  TlsClientSide,
  TlsOptions,
  TlsServerSide,
  TlsSide,
  TlsVersion,
} from "./tls/tls-options.ts";
export { type UnixSocketOptions, unixSocket } from "./unix/unix.ts";
export type { UnixAccess } from "./unix/unix-directory.ts";
export { type Latency, MemoryNetwork, type MemoryNetworkOptions } from "./memory.ts";
export type { Chunking } from "./memory-channel.ts";
export { VirtualClock } from "./virtual-clock.ts";
