import type { TlsClientSide, TlsServerSide } from "../carrier/tls/tls-options.ts";
import { Atom } from "../term/atom.ts";
import { isList } from "../term/list.ts";
import { integerValue } from "./parameter-values.ts";
import type { SslDistOption } from "./ssl-dist-option.ts";
import {
  certsKeysValue,
  crlDirValue,
  keyValue,
  refused,
  verifyFunValue,
  type VerifyModules,
} from "./ssl-structures.ts";
import {
  atomsValue,
  ciphersValue,
  expected,
  groupsValue,
  oneOf,
  pemValue,
  signatureAlgsValue,
  textValue,
} from "./ssl-values.ts";

type Mutable<Options> = { -readonly [Key in keyof Options]: Options[Key] };

/** One side while its options are gathered. */
export interface SideDraft {
  readonly options: Mutable<TlsServerSide & TlsClientSide>;
  readonly warnings: string[];
  readonly modules: VerifyModules;
  crlCheck: SslDistOption | undefined;
  crlDir: string | undefined;
  /** Where each option stands. */
  readonly flags: Map<string, string>;
}

/** What an option means here. */
export type Apply = (given: SslDistOption, draft: SideDraft) => void;

/** Holds only for one value, which is how it is here anyway. */
const only =
  (value: string, others: readonly string[], why: string): Apply =>
  (given) => {
    if (oneOf(given, [value, ...others]) !== value) throw refused(given, why);
  };

const noEffect =
  (why: string): Apply =>
  ({ flag }, { warnings }) => {
    warnings.push(`${flag} has no effect: ${why}`);
  };

/** Says so unless it asks for what is so anyway. */
const without =
  (value: string, why: string): Apply =>
  (given, { warnings }) => {
    if (oneOf(given, notBooleans) !== value) warnings.push(`${given.flag} has no effect: ${why}`);
  };

const NO_SESSIONS = "sessions are never resumed, for that skips checks";
const OLD_VERSIONS = "it is about versions of TLS that are not available";
const NO_OCSP = "Node.js does not check OCSP; use revocation lists, with crl_check";

const noSessions: Apply = (given, { warnings }) => {
  if (
    oneOf(given, [
      "false",
      "true",
      "save",
      "disabled",
      "stateful",
      "stateless",
      "auto",
      "manual",
      "stateful_with_cert",
      "stateless_with_cert",
    ]) === "false"
  )
    return;
  if (given.value instanceof Atom && given.value.text === "disabled") return;
  warnings.push(`${given.flag} has no effect: ${NO_SESSIONS}`);
};

const notBooleans = ["true", "false"];

/** Every option that is honoured. What is neither here nor among the refusals is unknown. */
export const sslOptions: Readonly<Record<string, Apply>> = {
  certfile: (given, { options }) => void (options.certfile = textValue(given)),
  keyfile: (given, { options }) => void (options.keyfile = textValue(given)),
  password: (given, { options }) => void (options.password = textValue(given)),
  cacertfile: (given, { options }) => void (options.cacertfile = textValue(given)),
  cert: (given, { options }) => {
    const ders = isList(given.value) ? given.value : [given.value];
    options.cert = ders.map((der) => pemValue(given, "CERTIFICATE", der)).join("");
  },
  key: (given, { options }) => void (options.key = keyValue(given, given.value)),
  cacerts: (given, { options }) => {
    if (!isList(given.value)) throw expected(given.flag, "a list of DER in binaries", given.value);
    options.cacerts = given.value.map((der) => pemValue(given, "CERTIFICATE", der));
  },
  certs_keys: (given, { options }) => void (options.certsKeys = certsKeysValue(given)),
  verify: (given, { options }) => {
    const verify = oneOf(given, ["verify_peer", "verify_none"]);
    options.verify = verify === "verify_peer" ? "verify_peer" : "verify_none";
  },
  verify_fun: (given, draft) =>
    void (draft.options.verifyFun = verifyFunValue(given, draft.modules)),
  fail_if_no_peer_cert: (given, { options }) => {
    serverOnly(given);
    options.failIfNoPeerCert = oneOf(given, notBooleans) === "true";
  },
  depth: (given, { options }) => {
    if (given.value === undefined) throw expected(given.flag, "a number", undefined);
    options.depth = integerValue({ flag: given.flag, value: given.value }, 0, 255);
  },
  versions: (given, { options }) => {
    options.versions = atomsValue(given).map((version) => {
      if (version === "tlsv1.2" || version === "tlsv1.3") return version;
      throw refused(given, `${version} is not available; 'tlsv1.2' and 'tlsv1.3' are`);
    });
  },
  ciphers: (given, { options }) => void (options.ciphers = ciphersValue(given)),
  honor_cipher_order: (given, { options }) => {
    serverOnly(given);
    options.honorCipherOrder = oneOf(given, notBooleans) === "true";
  },
  eccs: (given, { options }) => void (options.groups ??= groupsValue(given)),
  supported_groups: (given, { options }) => void (options.groups = groupsValue(given)),
  signature_algs: (given, { options }) => {
    options.signatureAlgs = signatureAlgsValue(given);
  },
  dhfile: (given, { options }) => {
    serverOnly(given);
    options.dhfile = textValue(given);
  },
  server_name_indication: (given, { options }) => {
    if (given.side === "server") throw refused(given, "is an option of the client");
    const isOff = given.value instanceof Atom && given.value.text === "disable";
    options.serverNameIndication = isOff ? false : textValue(given);
  },
  crl_check: (given, draft) => {
    draft.crlCheck = given;
  },
  crl_cache: (given, draft) => {
    draft.crlDir = crlDirValue(given);
  },
  max_handshake_size: (given) => {
    if (given.value === undefined) throw expected(given.flag, "a number", undefined);
    const bytes = integerValue({ flag: given.flag, value: given.value }, 1, 8_388_607);
    if (bytes < 102_400) throw refused(given, "OpenSSL reads certificates of 102400 bytes");
  },
  certificate_authorities: (given) => {
    const wanted = given.side === "server" ? "true" : "false";
    if (oneOf(given, notBooleans) === wanted) return;
    throw refused(given, "a server here names the CAs that it trusts, and a client does not");
  },
  secure_renegotiate: only("true", ["false"], "it cannot be turned off"),
  client_renegotiation: without("false", "connections are never renegotiated"),
  ktls: without("false", "the kernel's TLS is not available in Node.js; its peers notice nothing"),
  honor_ecc_order: (given, draft) => {
    serverOnly(given);
    without("false", "honor_cipher_order stands for both")(given, draft);
  },
  padding_check: without("true", OLD_VERSIONS),
  beast_mitigation: noEffect(OLD_VERSIONS),
  fallback: only("false", ["true"], "a dial is not tried again with an older version"),
  cookie: without("false", "a server here keeps what it needs itself"),
  allow_any_ca_purpose: only("false", ["true"], "OpenSSL checks the purpose of CAs"),
  stapling: only("no_staple", ["staple"], NO_OCSP),
  ocsp_stapling: only("false", ["true"], NO_OCSP),
  keep_secrets: only("false", ["true"], "secrets are not kept"),
  middlebox_comp_mode: only("true", ["false"], "it cannot be turned off"),
  protocol: only("tls", ["dtls"], "distribution needs a stream"),
  handshake: only("full", ["hello"], "distribution does the whole handshake at once"),
  reuse_sessions: noSessions,
  session_tickets: noSessions,
  reuse_session: noEffect(NO_SESSIONS),
  session_lifetime: noEffect(NO_SESSIONS),
  use_ticket: noEffect(NO_SESSIONS),
  anti_replay: noEffect(NO_SESSIONS),
  stateless_tickets_seed: noEffect(NO_SESSIONS),
  hibernate_after: noEffect("it is about processes of Erlang"),
  sender_spawn_opts: noEffect("it is about processes of Erlang"),
  receiver_spawn_opts: noEffect("it is about processes of Erlang"),
  spawn_opts: noEffect("it is about processes of Erlang"),
  log_level: noEffect("there is no log; node.status() tells why connections are refused"),
  log_alert: noEffect("there is no log; node.status() tells why connections are refused"),
};

function serverOnly(given: SslDistOption): void {
  if (given.side === "client") throw refused(given, "is an option of the server");
}
