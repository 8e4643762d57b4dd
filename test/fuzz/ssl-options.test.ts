/**
 * The option file of TLS, `-ssl_dist_opt` and PEM files against what nobody would write: a value or
 * one error of ours, never another one, and never for long. `DISTERL_FUZZ_SECONDS` and
 * `DISTERL_FUZZ_SEED` as in the other tests.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CarrierError, inetTls, type TlsOptions } from "disterl/carrier";
import { FlagError, parseErlFlags, startOptionsFromFlags } from "disterl/flags";
import { TestAuthority } from "disterl/testing";
import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";

const SECONDS = Number(process.env["DISTERL_FUZZ_SECONDS"] ?? 4);
const SEED = Number(process.env["DISTERL_FUZZ_SEED"] ?? 1);
const settings = { numRuns: 1_000_000, interruptAfterTimeLimit: SECONDS * 1000, seed: SEED };

const folder = mkdtempSync(join(tmpdir(), "disterl-fuzz-ssl-"));
const authority = new TestAuthority();
afterAll(() => {
  rmSync(folder, { recursive: true });
  authority[Symbol.dispose]();
});

/** Milliseconds of processor time that one input may take, generously. */
const MOST_MS = 2_000;

/** Runs it; anything but one of our errors, that can be shown, is a failure. */
function onlyOurErrors<T>(run: () => T): T | undefined {
  const began = process.cpuUsage();
  try {
    return run();
  } catch (error) {
    const isOurs = error instanceof FlagError || error instanceof CarrierError;
    if (!isOurs) throw error;
    expect(error.message).not.toMatch(/[^\P{Cc}\n]/u);
    return undefined;
  } finally {
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1_000).toBeLessThan(MOST_MS);
  }
}

function fromFlags(...flags: string[]): TlsOptions | undefined {
  const argv = ["-sname", "a@localhost", "-proto_dist", "inet_tls", ...flags];
  return onlyOurErrors(() => startOptionsFromFlags(parseErlFlags(argv, {})))?.options.tls;
}

const WORDS = (
  "server client certfile keyfile password cacertfile cacerts cert key certs_keys verify verify_peer " +
  "verify_none verify_fun fail_if_no_peer_cert true false depth versions 'tlsv1.2' 'tlsv1.3' ciphers " +
  "dhfile crl_check crl_cache ssl_crl_hash_dir internal dir server_name_indication disable eccs " +
  "signature_algs sha256 ecdsa reuse_sessions raw binary fun a:b/1 undefined 0 1 -1 16#ff 1.5 $a " +
  '"a" "" <<1,2>> <<>> #{a=>b} [] {} [ ] { } ( ) << >> , , , | . : => % \n \\ \' " ~ \u0000 \u001b é'
).split(" ");

/** Pieces of option files in any order; bytes; and a good file with some of it changed. */
const GOOD = `[{server, [{certfile, "a.pem"}, {verify, verify_peer}, {depth, 2}, {versions, ['tlsv1.3']},
  {crl_cache, {ssl_crl_hash_dir, {internal, [{dir, "/crl"}]}}}, {certs_keys, [#{certfile => "b"}]}]},
 {client, [{cacertfile, "ca.pem"}, {server_name_indication, disable}]}].`;
const mutated = (seed: string): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(fc.nat(seed.length), fc.nat(8), fc.constantFrom(...WORDS)), {
      minLength: 1,
      maxLength: 4,
    })
    .map((changes) =>
      changes.reduce(
        (text, [from, length, word]) => text.slice(0, from) + word + text.slice(from + length),
        seed,
      ),
    );
const optionText = fc.oneof(
  mutated(GOOD),
  fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }).map((words) => words.join(" ")),
  fc.string({ unit: "binary", maxLength: 200 }),
);

test("the option file: options, or one error that names the file", () => {
  const path = join(folder, "ssl.conf");
  fc.assert(
    fc.property(optionText, fc.boolean(), (text, isUtf8) => {
      writeFileSync(path, isUtf8 ? `%% coding: utf-8\n${text}` : Buffer.from(text, "latin1"));
      const tls = fromFlags("-ssl_dist_optfile", path);
      for (const name of Object.keys(tls ?? {})) expect(name).toMatch(/^(server|client|family)$/);
    }),
    settings,
  );
});

test("-ssl_dist_opt: options, or one error that names the option", () => {
  const word = fc.oneof(
    fc.constantFrom(
      ...WORDS,
      ...WORDS.map((name) => `server_${name}`),
      ...WORDS.map((name) => `client_${name}`),
    ),
    fc.string({ maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      fromFlags(...["-ssl_dist_opt", ...words.filter((text) => !/^[-+]/.test(text))]);
    }),
    settings,
  );
});

test("PEM: a carrier, or one error that names the option", () => {
  const good = authority.issue("good");
  const [cert, key, ca, crl] = [
    good.certfile,
    good.keyfile,
    authority.cacertfile,
    authority.revocationList(),
  ].map((path) => readFileSync(path, "latin1")) as [string, string, string, string];
  const noise = fc.oneof(
    fc.constantFrom(
      "-----",
      "BEGIN ",
      "END ",
      "CERTIFICATE",
      "PRIVATE KEY-----",
      "\r",
      "\n",
      ":",
      "=",
    ),
    fc.string({ unit: "binary", maxLength: 6 }),
  );
  const bent = (seed: string): fc.Arbitrary<string> =>
    fc
      .array(fc.tuple(fc.nat(seed.length), fc.nat(seed.length), noise, fc.nat(3)), { maxLength: 3 })
      .map((changes) =>
        changes.reduce(
          (text, [from, length, word, kind]) =>
            text.slice(0, from) + word + text.slice(from + (kind === 0 ? length : kind)),
          seed,
        ),
      );
  const pem = (own: string): fc.Arbitrary<string> =>
    fc.oneof(bent(own), bent(own), fc.constantFrom(cert, key, ca, crl, cert + key, ca + cert, ""));
  const files = ["certfile", "keyfile", "cacertfile", "crlfile"] as const;
  fc.assert(
    fc.property(pem(cert), pem(key), pem(ca), pem(crl), (...texts) => {
      const given: Record<string, string> = {};
      for (const [index, name] of files.entries()) {
        given[name] = join(folder, name);
        writeFileSync(given[name], Buffer.from(texts[index] ?? "", "latin1"));
      }
      onlyOurErrors(() => inetTls({ ...given, onWarning: () => {} }));
    }),
    settings,
  );
});
