import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { NodeTlsOptions } from "../cluster/distribution-options.ts";
import { parseErlFlags } from "./erl-flags.ts";
import { FlagError, type FlagErrorCode } from "./errors.ts";
import { startOptionsFromFlags } from "./start-options-from-flags.ts";
import type { VerifyModules } from "./ssl-structures.ts";

const folder = mkdtempSync(join(tmpdir(), "disterl-optfile-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "ssl.conf");

function from(argv: readonly string[], modules: VerifyModules = {}) {
  const all = ["-sname", "a", "-proto_dist", "inet_tls", ...argv];
  return startOptionsFromFlags(parseErlFlags(all, {}), { modules });
}

/** What a file comes to. */
function read(text: string | Uint8Array, modules?: VerifyModules): NodeTlsOptions | undefined {
  writeFileSync(path, text);
  return from(["-ssl_dist_optfile", path], modules).options.tls;
}

function refusal(attempt: () => unknown): FlagError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof FlagError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

test("a whole file: comments, both sides, every kind of option", () => {
  const tls = read(`%% -*- coding: utf-8 -*-
[{server, % those who connect
  [{certfile, "/etc/zürich.pem"}, {keyfile, <<"/etc/node.key">>}, {password, "s3cret"},
   {cacertfile, "/etc/ca.pem"}, {verify, verify_peer}, {fail_if_no_peer_cert, true},
   {depth, 2}, {versions, ['tlsv1.3', 'tlsv1.2']}, {honor_cipher_order, true},
   {ciphers, ["TLS_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"]},
   {supported_groups, [x25519, secp256r1]}, {dhfile, "/etc/dh.pem"},
   {signature_algs, [rsa_pss_rsae_sha256, {sha256, ecdsa}]},
   {crl_check, true}, {crl_cache, {ssl_crl_hash_dir, {internal, [{dir, "/etc/crls"}]}}},
   {secure_renegotiate, true}, {client_renegotiation, false}, {ktls, false}]},
 {client,
  [{certs_keys, [#{certfile => "/a.pem", keyfile => "/a.key"}, #{certfile => "/b.pem"}]},
   {cacertfile, "/etc/ca.pem"}, {server_name_indication, "other"}, {eccs, [secp384r1]}]}].
`);
  expect(tls).toEqual({
    server: {
      certfile: "/etc/zürich.pem",
      keyfile: "/etc/node.key",
      password: "s3cret",
      cacertfile: "/etc/ca.pem",
      verify: "verify_peer",
      failIfNoPeerCert: true,
      depth: 2,
      versions: ["tlsv1.3", "tlsv1.2"],
      honorCipherOrder: true,
      ciphers: ["TLS_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"],
      groups: ["X25519", "prime256v1"],
      dhfile: "/etc/dh.pem",
      signatureAlgs: ["rsa_pss_rsae_sha256", "ECDSA+SHA256"],
      crlDir: "/etc/crls",
      crlCheck: true,
    },
    client: {
      certsKeys: [{ certfile: "/a.pem", keyfile: "/a.key" }, { certfile: "/b.pem" }],
      cacertfile: "/etc/ca.pem",
      serverNameIndication: "other",
      groups: ["secp384r1"],
    },
  });
});

test("without a comment about it, a file is Latin-1", () => {
  const bytes = Buffer.from('[{server, [{certfile, "/z\u00fc.pem"}]}].', "latin1");
  expect(read(bytes)?.server?.certfile).toBe("/zü.pem");
});

test("DER in binaries becomes PEM", () => {
  const tls = read(`[{client, [{cert, <<1,2,3>>}, {key, {'ECPrivateKey', <<4>>}},
    {cacerts, [<<5>>]}]}].`);
  expect(tls?.client).toEqual({
    cert: "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n",
    key: "-----BEGIN EC PRIVATE KEY-----\nBA==\n-----END EC PRIVATE KEY-----\n",
    cacerts: ["-----BEGIN CERTIFICATE-----\nBQ==\n-----END CERTIFICATE-----\n"],
  });
});

test("defaults are those of OTP: the client checks, the server does when told to", () => {
  const tls = read('[{server, [{certfile, "a.pem"}]}, {client, [{secure_renegotiate, true}]}].');
  expect(tls).toEqual({ server: { certfile: "a.pem", verify: "verify_none" }, client: {} });
});

test("-ssl_dist_opt: pairs, repeated, before the file", () => {
  writeFileSync(path, '[{server, [{certfile, "file.pem"}, {depth, 1}]}].');
  const { options, warnings } = from([
    ...["-ssl_dist_opt", "server_certfile", "line.pem", "client_verify", "verify_none"],
    ...[
      "-ssl_dist_opt",
      "server_fail_if_no_peer_cert",
      "false",
      "client_ciphers",
      "AES128-SHA:AES256-SHA",
    ],
    ...["-ssl_dist_opt", "client_versions", "tlsv1.3", "server_hibernate_after", "5000"],
    ...["-ssl_dist_optfile", path],
  ]);
  expect(options.tls).toEqual({
    server: { certfile: "line.pem", failIfNoPeerCert: false, depth: 1, verify: "verify_none" },
    client: { verify: "verify_none", ciphers: ["AES128-SHA", "AES256-SHA"], versions: ["tlsv1.3"] },
  });
  expect(warnings).toHaveLength(2);
  expect(warnings.join()).toMatch(/hibernate_after has no effect.*more than once/);
});

test("verify_fun is an export of a module that the program gives", () => {
  const check = (): true => true;
  const text = "[{client, [{verify_fun, {fun mine:check/3, []}}]}].";
  expect(read(text, { mine: { check } })?.client?.verifyFun).toBe(check);
  const legacy = ["-ssl_dist_opt", "client_verify_fun", "{mine,check,[]}"];
  expect(from(legacy, { mine: { check } }).options.tls?.client?.verifyFun).toBe(check);
  const missing = refusal(() => read(text));
  expect(missing.message).toContain("modules: { mine }");
  const theirs = "[{server, [{verify_fun, {fun inet_tls_dist:verify_client/3, []}}]}].";
  expect(refusal(() => read(theirs)).message).toContain("does not run here");
});

test("inet6_tls is TLS over IPv6, with addresses to match", () => {
  writeFileSync(path, '[{server, [{certfile, "a.pem"}]}].');
  const flags = ["-proto_dist", "inet6_tls", "-ssl_dist_optfile", path];
  const { options, warnings } = from([
    ...flags,
    ...["-kernel", "inet_dist_use_interface", "{0,0,0,0,0,0,0,1}"],
  ]);
  expect(options.tls?.family).toBe("inet6");
  expect(options.listen).toEqual({ host: "::1" });
  expect(warnings).toEqual([]);
  const wrong = [...flags, "-kernel", "inet_dist_use_interface", "{127,0,0,1}"];
  expect(refusal(() => from(wrong)).code).toBe("ERR_FLAG_CONFLICT");
});

test.each<[string, FlagErrorCode, RegExp]>([
  [
    '[{server, [\n {certfile, "a"},\n {nodelay, true}]}].',
    "ERR_FLAG_NOT_SUPPORTED",
    /line 3: server nodelay.*distribution sets it/,
  ],
  ["[{client, [binary]}].", "ERR_FLAG_NOT_SUPPORTED", /line 1: client binary/],
  ["[{client, [{raw, 6, 9, <<1>>}]}].", "ERR_FLAG_NOT_SUPPORTED", /client raw.*socket option/],
  [
    "[{server, []},\n{client, [{depth, 1},\n\n{partial_chain, fun a:b/1}]}].",
    "ERR_FLAG_NOT_SUPPORTED",
    /line 4: client partial_chain/,
  ],
  [
    "[{server, [{fail_if_no_peer_certs, true}]}].",
    "ERR_FLAG_VALUE",
    /no such option.*; is fail_if_no_peer_cert meant\?/,
  ],
  ["[{server, [{verify, peer}]}].", "ERR_FLAG_VALUE", /verify_peer or verify_none; found peer/],
  ["[{server, [{verify, 1}]}].", "ERR_FLAG_VALUE", /found 1/],
  ["[{server, [{versions, ['tlsv1.1']}]}].", "ERR_FLAG_NOT_SUPPORTED", /tlsv1\.1 is not available/],
  ["[{server, [{depth, -1}]}].", "ERR_FLAG_VALUE", /0 to 255/],
  ["[{server, [{certfile, a}]}].", "ERR_FLAG_VALUE", /expected text/],
  [
    '[{server,\n [{ciphers, ["ECDHE-NOPE"]}]}].',
    "ERR_FLAG_VALUE",
    /line 2.*no cipher "ECDHE-NOPE"/,
  ],
  ["[{client, [{supported_groups, [secp999]}]}].", "ERR_FLAG_VALUE", /no group "secp999"/],
  ["[{client, [{signature_algs, [rot13]}]}].", "ERR_FLAG_VALUE", /algorithm "rot13"/],
  ["[{server, [{ciphers, [#{cipher => aes}]}]}].", "ERR_FLAG_VALUE", /maps and tuples/],
  ["[{server, [{crl_check, true}]}].", "ERR_FLAG_NOT_SUPPORTED", /ssl_crl_hash_dir/],
  ["[{server, [{crl_check, peer}]}].", "ERR_FLAG_NOT_SUPPORTED", /ssl_crl_hash_dir/],
  [
    "[{server, [{verify, verify_none}, {fail_if_no_peer_cert, true}]}].",
    "ERR_FLAG_CONFLICT",
    /server fail_if_no_peer_cert: does not go with verify_none/,
  ],
  ["[{client, [{cacerts, public_key:cacerts_get()}]}].", "ERR_FLAG_SYNTAX", /line 1/],
  ["[{server, [{secure_renegotiate, false}]}].", "ERR_FLAG_NOT_SUPPORTED", /turned off/],
  ["[{client, [{fail_if_no_peer_cert, true}]}].", "ERR_FLAG_NOT_SUPPORTED", /of the server/],
  ['[{server, [{server_name_indication, "a"}]}].', "ERR_FLAG_NOT_SUPPORTED", /of the client/],
  ["[{server, [{verify_fun, fun(X) -> X end}]}].", "ERR_FLAG_SYNTAX", /line 1, column/],
  ['[{server, [{certfile, "a"}]}', "ERR_FLAG_SYNTAX", /line 1/],
  ["[{server, []}]. [].", "ERR_FLAG_VALUE", /one list/],
  ["[{server, []}, {server, []}].", "ERR_FLAG_CONFLICT", /twice/],
  ["[{servr, []}].", "ERR_FLAG_VALUE", /found \{servr/],
  ["{server, []}.", "ERR_FLAG_VALUE", /one list.*; found \{server, \.\.\.\}/],
  ["", "ERR_FLAG_VALUE", /one list.*; found 0 terms/],
  [
    '  [{certfile, "a"}]},\n  [{depth, 1}]}].',
    "ERR_FLAG_SYNTAX",
    /line 1.*; expected one list, \[\{server/,
  ],
])("%s is refused", (text, code, message) => {
  const error = refusal(() => read(text));
  expect(error.message).toMatch(message);
  expect(error.code).toBe(code);
  expect(error.flag).toContain("-ssl_dist_optfile");
});

test("a byte order mark is told with what wrote it", () => {
  const withMark = (bytes: string) => refusal(() => read(Buffer.from(bytes, "latin1"))).message;
  expect(withMark("\u00ef\u00bb\u00bf[].")).toContain("byte order mark (UTF-8)");
  expect(withMark("\u00ff\u00fe[\0]\0.\0")).toContain("byte order mark (UTF-16)");
});

test("100,000 lists in each other are refused, not a crash", () => {
  const text = `[{server, [{depth, ${"[".repeat(1e5)}${"]".repeat(1e5)}}]}].`;
  expect(refusal(() => read(text)).code).toBe("ERR_FLAG_VALUE");
});

test("a password and a key are not shown in errors", () => {
  const wrong = refusal(() => read("[{server, [{key, {hush, <<1,2,3>>}}]}].")).message;
  expect(wrong).not.toMatch(/hush|<<1/);
  expect(refusal(() => read("[{server, [{password, hush}]}].")).message).not.toContain("hush");
  for (const text of ['[{servr, [{password, "hush"}]}].', '{server, [{password, "hush"}]}.']) {
    expect(refusal(() => read(text)).message).not.toContain("hush");
  }
});

test("crl_check peer and best_effort; without lists the second one checks nothing, and says so", () => {
  const cache = '{crl_cache, {ssl_crl_hash_dir, {internal, [{dir, "/crls"}]}}}';
  const found = read(`[{client, [{crl_check, peer}, ${cache}]}].`);
  expect(found?.client).toEqual({ crlCheck: "peer", crlDir: "/crls" });
  writeFileSync(path, "[{client, [{crl_check, best_effort}]}].");
  const { options, warnings } = from(["-ssl_dist_optfile", path]);
  expect(options.tls?.client).toEqual({});
  expect(warnings.join()).toContain("client crl_check has no effect without a folder of lists");
  writeFileSync(path, `[{client, [${cache}]}].`);
  const unasked = from(["-ssl_dist_optfile", path]).warnings.join();
  expect(unasked).toContain(
    "client crl_cache has no effect: nobody is looked up without crl_check",
  );
});

test("what takes the place of another option, as in OTP, is a warning", () => {
  writeFileSync(
    path,
    `[{client, [{cacertfile, "a.pem"}, {cacerts, [<<1>>]}, {certfile, "b.pem"},
      {certs_keys, [#{certfile => "c.pem"}]}]}].`,
  );
  const { options, warnings } = from(["-ssl_dist_optfile", path]);
  expect(Object.keys(options.tls?.client ?? {})).toEqual(["cacerts", "certsKeys"]);
  expect(warnings.join()).toMatch(/cacertfile has no effect: cacerts.*certfile has no effect/);
});

test("-ssl_dist_name_binding", () => {
  writeFileSync(path, "[{client, []}].");
  const binding = (...values: string[]) =>
    from(["-ssl_dist_optfile", path, "-ssl_dist_name_binding", ...values]).options.tls?.nameBinding;
  expect([binding("host"), binding("node"), binding("none")]).toEqual(["host", "node", "none"]);
  expect(binding("none", "-ssl_dist_name_binding", "node")).toBe("node"); // the last one counts
  for (const wrong of [[], ["hosts"], ["host", "node"]]) {
    expect(refusal(() => binding(...wrong)).message).toContain("expected host, node, none; found");
  }
});

test.each<[string[], FlagErrorCode, RegExp]>([
  [[], "ERR_FLAG_VALUE", /needs -ssl_dist_optfile/],
  [
    ["-ssl_dist_optfiel", "a"],
    "ERR_FLAG_VALUE",
    /needs -ssl_dist_optfile.*; -ssl_dist_optfiel is not known/,
  ],
  [["-ssl_dist_optfile"], "ERR_FLAG_VALUE", /one file, once; found nothing/],
  [["-ssl_dist_optfile", "a", "b"], "ERR_FLAG_VALUE", /one file, once; found a b$/],
  [
    ["-ssl_dist_optfile", "a", "-ssl_dist_optfile", "b"],
    "ERR_FLAG_VALUE",
    /one file, once; found a, b$/,
  ],
  [
    ["-ssl_dist_opt", "server_certfiel", "a"],
    "ERR_FLAG_VALUE",
    /no such option; is server_certfile meant\?/,
  ],
  [["-ssl_dist_optfile", "/nowhere/x"], "ERR_FLAG_FILE", /does not exist \(ENOENT\)/],
  [["-ssl_dist_opt", "certfile", "a"], "ERR_FLAG_VALUE", /server_ or client_/],
  [["-ssl_dist_opt", "server_certfile"], "ERR_FLAG_VALUE", /a value/],
  [["-ssl_dist_opt", "server_cacerts", "a"], "ERR_FLAG_VALUE", /known are/],
  [["-ssl_dist_opt", "client_dhfile", "a"], "ERR_FLAG_VALUE", /known are/],
  [["-ssl_dist_opt", "server_depth", "two"], "ERR_FLAG_VALUE", /0 to 255/],
  [["-ssl_dist_opt", "server_verify_fun", "{a"], "ERR_FLAG_VALUE", /not an Erlang term/],
])("inet_tls %j is refused", (argv, code, message) => {
  const error = refusal(() => from(argv));
  expect(error.message).toMatch(message);
  expect(error.code).toBe(code);
});

test("TLS options without TLS are refused: they would protect nothing", () => {
  for (const flag of ["-ssl_dist_optfile", "-ssl_dist_opt", "-ssl_dist_name_binding"]) {
    const error = refusal(() => startOptionsFromFlags(parseErlFlags([flag, "a", "b"], {})));
    expect(error.code).toBe("ERR_FLAG_CONFLICT");
    expect(error.message).toContain("-proto_dist inet_tls");
  }
});
