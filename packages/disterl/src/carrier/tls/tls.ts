import type { Carrier, Channel, ConnectOptions, Listener, ListenOptions } from "../carrier.ts";
import { type Clock, systemClock } from "../clock.ts";
import { tlsDial } from "./tls-dial.ts";
import { TlsIdentity, type Warn } from "./tls-identity.ts";
import { TlsListener } from "./tls-listener.ts";
import {
  checkTlsOptions,
  clientSide,
  nameBindingOf,
  serverSide,
  type TlsClientSide,
  type TlsOptions,
  type TlsServerSide,
} from "./tls-options.ts";

/**
 * TLS over TCP. Mirrors `inet_tls_dist` and `inet6_tls_dist` (OTP 29): TLS from the first byte,
 * handshake packets with a length of four bytes, the host of a node's name as server name. Differs
 * in: both sides are verified unless asked otherwise, sessions are never resumed, and files are read
 * again when they change.
 */
class TlsCarrier implements Carrier {
  readonly name: "inet_tls" | "inet6_tls";
  readonly handshakeLengthBytes = 4;
  readonly encrypted = true;
  readonly #family: "inet" | "inet6";
  readonly #options: TlsOptions;
  readonly #clock: Clock;
  readonly #serverSide: TlsServerSide;
  readonly #clientSide: TlsClientSide;
  readonly #warn: Warn;
  /** A side that no option is given for is looked at when it is needed. */
  readonly #identities: { server?: TlsIdentity; client?: TlsIdentity } = {};

  constructor(family: "inet" | "inet6", options: TlsOptions) {
    checkTlsOptions(options);
    this.name = `${family}_tls`;
    this.#family = family;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#serverSide = serverSide(options);
    this.#clientSide = clientSide(options);
    this.#warn = eachOnce(options.onWarning ?? emitWarning);
    if (Object.keys(this.#serverSide).length > 0) this.#identity("server");
    if (Object.keys(this.#clientSide).length > 0) this.#identity("client");
    for (const text of insecurities(options, this.#serverSide, this.#clientSide)) {
      this.#warn(text, "DISTERL_TLS_INSECURE");
    }
  }

  #identity(where: "server" | "client"): TlsIdentity {
    const [server, client] = [this.#serverSide, this.#clientSide];
    const [side, other] = where === "server" ? [server, client] : [client, server];
    this.#identities[where] ??= new TlsIdentity(where, side, this.#warn, this.#clock, other);
    return this.#identities[where];
  }

  async listen(options: ListenOptions, onChannel: (channel: Channel) => void): Promise<Listener> {
    const identity = this.#identity("server");
    if (identity.own === undefined) {
      const text =
        "tls: server: without a certificate nobody can connect; give certfile and keyfile";
      this.#warn(text, "DISTERL_TLS_CERTIFICATE");
    }
    const { tlsHandshakeMs = 5_000, tlsPending = 256 } = this.#options;
    const nameBinding = nameBindingOf(this.#options);
    if (options.node !== undefined && nameBinding !== "none") {
      identity.checkName(options.node, nameBinding);
    }
    const parts = {
      family: this.#family,
      side: this.#serverSide,
      identity,
      clock: this.#clock,
      handshakeMs: tlsHandshakeMs,
      pending: tlsPending,
      nameBinding,
    };
    return TlsListener.open(parts, options, onChannel);
  }

  async connect(options: ConnectOptions): Promise<Channel> {
    const { tlsHandshakeMs = 5_000 } = this.#options;
    const parts = {
      family: this.#family,
      side: this.#clientSide,
      identity: this.#identity("client"),
      clock: this.#clock,
      handshakeMs: tlsHandshakeMs,
      nameBinding: nameBindingOf(this.#options),
    };
    return tlsDial(parts, options);
  }
}

/** What works and protects less than it seems to. */
function insecurities(options: TlsOptions, server: TlsServerSide, client: TlsClientSide): string[] {
  const found: string[] = [...withoutEffect("server", server), ...withoutEffect("client", client)];
  const { nameBinding } = options;
  if (server.verify === "verify_none") {
    found.push(
      "tls: server: peers are not verified, anybody who knows the cookie can connect; use " +
        "verify_peer and cacertfile",
    );
    if (nameBinding === "host" || nameBinding === "node") {
      found.push(
        `tls: server: nameBinding ${nameBinding} has no effect on who connects, for peers are not ` +
          "verified; use verify_peer and cacertfile",
      );
    }
  } else {
    if (server.failIfNoPeerCert === false) {
      found.push(
        "tls: server: peers without a certificate are let in, and may claim any name; leave out " +
          "fail_if_no_peer_cert false",
      );
    }
    if (nameBinding === undefined && nameBindingOf(options) === "none") {
      found.push(
        "tls: server: each node that connects can pretend to be any other, for with " +
          "server_name_indication certificates are taken to name no hosts; if they do, set nameBinding " +
          "(-ssl_dist_name_binding) to host or node",
      );
    }
  }
  if (client.verify === "verify_none") {
    found.push(
      "tls: client: nodes that are dialled are not verified, anybody between can pretend to be " +
        "them; use verify_peer and cacertfile",
    );
  } else if (client.serverNameIndication === false) {
    found.push(
      "tls: client: the host in a certificate is not looked at, each node can pretend to be any " +
        "other; leave out server_name_indication disable",
    );
  }
  return found;
}

/** What is asked for and cannot be had when nobody is verified. */
function withoutEffect(where: "server" | "client", side: TlsServerSide): string[] {
  if (side.verify !== "verify_none") return [];
  const { crlfile, crlDir, crlCheck, verifyFun } = side;
  const isAsked = crlfile !== undefined || crlDir !== undefined || crlCheck !== undefined;
  const lists = isAsked && crlCheck !== false ? ["revocation lists have"] : [];
  // Nobody is asked for a certificate that there could be a last word about.
  const fun = where === "server" && verifyFun !== undefined ? ["verifyFun has"] : [];
  return [...lists, ...fun].map(
    (what) => `tls: ${where}: ${what} no effect with verify_none; use verify_peer and cacertfile`,
  );
}

function eachOnce(tell: Warn): Warn {
  const told = new Set<string>();
  return (message, code) => {
    if (told.has(message)) return;
    told.add(message);
    tell(message, code);
  };
}

const emitWarning: Warn = (message, code) => {
  process.emitWarning(message, { type: "DisterlWarning", code });
};

/**
 * TLS over IPv4: `-proto_dist inet_tls`.
 *
 *     const carrier = inetTls({ certfile: "node.pem", cacertfile: "ca.pem" });
 *
 * Files are read at once, and again when they have changed.
 * @throws CarrierError `ERR_CARRIER_TLS_CONFIG` when they cannot be used; TypeError (options).
 */
export function inetTls(options: TlsOptions): Carrier {
  return new TlsCarrier("inet", options);
}

/** TLS over IPv6: `-proto_dist inet6_tls`. As {@link inetTls}. */
export function inet6Tls(options: TlsOptions): Carrier {
  return new TlsCarrier("inet6", options);
}
