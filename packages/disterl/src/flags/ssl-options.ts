import type { CertificateAndKey, TlsClientSide, TlsServerSide } from "../carrier/tls-options.ts";
import { Atom } from "../term/atom.ts";
import { isList } from "../term/list.ts";
import { ExternalFun } from "../term/fun.ts";
import type { Term } from "../term/term.ts";
import { TermMap } from "../term/term-map.ts";
import { isTuple } from "../term/tuple.ts";
import { FlagError } from "./errors.ts";
import { integerValue } from "./parameter-values.ts";
import type { SslDistOption } from "./ssl-dist-option.ts";
import { sslRefusals } from "./ssl-refusals.ts";
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

/** Modules of the program, by the name a `verify_fun` calls them. */
export type VerifyModules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

type Mutable<Options> = { -readonly [Key in keyof Options]: Options[Key] };

/** One side while its options are gathered. */
interface SideDraft {
  readonly options: Mutable<TlsServerSide & TlsClientSide>;
  readonly warnings: string[];
  readonly modules: VerifyModules;
  crlCheck: SslDistOption | undefined;
  crlDir: string | undefined;
}

/** What an option means here. */
type Apply = (given: SslDistOption, draft: SideDraft) => void;

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
  warnings.push(`${given.flag} has no effect: sessions are never resumed, for that skips checks`);
};

const notBooleans = ["true", "false"];

/** Every option that is honoured. What is neither here nor among the refusals is unknown. */
const OPTIONS: Readonly<Record<string, Apply>> = {
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
    const check = oneOf(given, [...notBooleans, "peer", "best_effort"]);
    if (check === "true") draft.crlCheck = given;
    else if (check !== "false") {
      throw refused(given, `${check} is not available; true checks the whole chain`);
    }
  },
  crl_cache: (given, draft) => {
    draft.crlDir = crlDirValue(given);
  },
  secure_renegotiate: only("true", ["false"], "it cannot be turned off"),
  client_renegotiation: only("false", ["true"], "connections are never renegotiated"),
  ktls: only("false", ["true"], "the kernel's TLS is not available in Node.js"),
  keep_secrets: only("false", ["true"], "secrets are not kept"),
  middlebox_comp_mode: only("true", ["false"], "it cannot be turned off"),
  protocol: only("tls", ["dtls"], "distribution needs a stream"),
  handshake: only("full", ["hello"], "distribution does the whole handshake at once"),
  reuse_sessions: noSessions,
  session_tickets: noSessions,
  hibernate_after: noEffect("it is about processes of Erlang"),
  sender_spawn_opts: noEffect("it is about processes of Erlang"),
  receiver_spawn_opts: noEffect("it is about processes of Erlang"),
  spawn_opts: noEffect("it is about processes of Erlang"),
  log_level: noEffect("there is no log; node.status() tells why connections are refused"),
  log_alert: noEffect("there is no log; node.status() tells why connections are refused"),
};

/** What the options of one side, of a command line and then of a file, come to. */
export function tlsSide(
  side: "server" | "client",
  given: readonly SslDistOption[],
  modules: VerifyModules,
  warnings: string[],
): TlsServerSide & TlsClientSide {
  const draft: SideDraft = {
    options: {},
    warnings,
    modules,
    crlCheck: undefined,
    crlDir: undefined,
  };
  const seen = new Set<string>();
  for (const option of given) {
    if (option.side !== side) continue;
    if (seen.has(option.name)) {
      warnings.push(`${option.flag} is given more than once, and the first one counts`);
      continue;
    }
    seen.add(option.name);
    apply(option, draft);
  }
  if (draft.crlCheck !== undefined) {
    if (draft.crlDir === undefined) {
      const how = '{crl_cache, {ssl_crl_hash_dir, {internal, [{dir, "..."}]}}}';
      throw refused(draft.crlCheck, `needs the folder of the lists: ${how}`);
    }
    draft.options.crlDir = draft.crlDir;
  }
  // As OTP has it: the client checks unless told not to, the server only when told to.
  if (side === "server") draft.options.verify ??= "verify_none";
  return draft.options;
}

function apply(option: SslDistOption, draft: SideDraft): void {
  const known = Object.hasOwn(OPTIONS, option.name) ? OPTIONS[option.name] : undefined;
  if (known !== undefined) return known(option, draft);
  const why = sslRefusals.get(option.name);
  if (why !== undefined) throw refused(option, why);
  throw new FlagError("ERR_FLAG_VALUE", option.flag, "there is no such option of TLS");
}

function refused({ flag }: SslDistOption, why: string): FlagError {
  return new FlagError("ERR_FLAG_NOT_SUPPORTED", flag, why);
}

function serverOnly(given: SslDistOption): void {
  if (given.side === "client") throw refused(given, "is an option of the server");
}

const KEY_LABELS: Readonly<Record<string, string>> = {
  ECPrivateKey: "EC PRIVATE KEY",
  RSAPrivateKey: "RSA PRIVATE KEY",
  DSAPrivateKey: "DSA PRIVATE KEY",
  PrivateKeyInfo: "PRIVATE KEY",
};

function keyValue(given: SslDistOption, value: Term | undefined): string {
  const [kind, der] = isTuple(value) && value.length === 2 ? value : [];
  const label = kind instanceof Atom ? KEY_LABELS[kind.text] : undefined;
  if (label === undefined || der === undefined) {
    // The key itself is not shown.
    const what = `expected {Kind, DER} with Kind one of ${Object.keys(KEY_LABELS).join(", ")}`;
    throw new FlagError("ERR_FLAG_VALUE", given.flag, what);
  }
  return pemValue(given, label, der);
}

function certsKeysValue(given: SslDistOption): CertificateAndKey[] {
  if (!isList(given.value)) throw expected(given.flag, "a list of maps", given.value);
  return given.value.map((entry) => {
    if (!(entry instanceof TermMap)) throw expected(given.flag, "a list of maps", entry);
    const pair: Mutable<CertificateAndKey> = {};
    for (const [key, value] of entry) {
      const name = key instanceof Atom ? key.text : "";
      if (name === "certfile" || name === "keyfile" || name === "password") {
        pair[name] = textValue(given, value);
      } else if (name === "cert") {
        const ders = isList(value) ? value : [value];
        pair.cert = ders.map((der) => pemValue(given, "CERTIFICATE", der)).join("");
      } else if (name === "key") {
        pair.key = keyValue(given, value);
      } else {
        throw expected(given.flag, "maps with certfile, keyfile, password, cert or key", key);
      }
    }
    return pair;
  });
}

/** `{ssl_crl_hash_dir, {internal, [{dir, Folder}]}}`. */
function crlDirValue(given: SslDistOption): string {
  const [module, inner] = isTuple(given.value) ? given.value : [];
  const [, options] = isTuple(inner) ? inner : [];
  const [option] = isList(options) ? options : [];
  const [key, folder] = isTuple(option) ? option : [];
  const isDir = key instanceof Atom && key.text === "dir";
  if (module instanceof Atom && module.text === "ssl_crl_hash_dir" && isDir) {
    return textValue(given, folder);
  }
  const how = '{ssl_crl_hash_dir, {internal, [{dir, "..."}]}}';
  throw refused(given, `lists are read from a folder only: ${how}`);
}

/** `{fun Module:Name/3, State}`: the function of that name of a module the program has given. */
function verifyFunValue(
  given: SslDistOption,
  modules: VerifyModules,
): NonNullable<TlsServerSide["verifyFun"]> {
  const [fun] = isTuple(given.value) && given.value.length === 2 ? given.value : [];
  if (!(fun instanceof ExternalFun) || !(fun.module instanceof Atom)) {
    throw expected(given.flag, "{fun Module:Name/3, State}", given.value);
  }
  const module = fun.module.text;
  const name = fun.name instanceof Atom ? fun.name.text : String(fun.name);
  const exports = Object.hasOwn(modules, module) ? modules[module] : undefined;
  const found = exports !== undefined && Object.hasOwn(exports, name) ? exports[name] : undefined;
  if (typeof found === "function") return found as NonNullable<TlsServerSide["verifyFun"]>;
  const how =
    module === "inet_tls_dist"
      ? "that function of Erlang does not run here"
      : `the program has not given it: startOptionsFromFlags(flags, { modules: { ${module} } })`;
  throw refused(given, how);
}
