import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parseErlFlags } from "./erl-flags.ts";
import { FlagError } from "./errors.ts";
import { sslOptions } from "./ssl-options.ts";
import { sslRefusals } from "./ssl-refusals.ts";
import { startOptionsFromFlags } from "./start-options-from-flags.ts";

const folder = mkdtempSync(join(tmpdir(), "disterl-options-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Row {
  readonly name: string;
  readonly side: string;
  readonly here: string;
  readonly example: string;
  readonly about: string;
}

const page = readFileSync(new URL("../../../../docs/tls-options.md", import.meta.url), "utf8");
const rows: Row[] = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => {
    const [, name = "", side = "", here = "", example = "", about = ""] = line.split("|");
    const bare = (cell: string) => cell.trim().replace(/^`(.*)`$/, "$1");
    return {
      ...{ name: bare(name), side: side.trim(), here: here.trim() },
      ...{ example: bare(example), about: about.trim() },
    };
  });

/** Options of `ssl` in OTP 25 and 29, without those of sockets. */
const OF_OTP = `allow_any_ca_purpose alpn_advertised_protocols alpn_preferred_protocols anti_replay
  beast_mitigation cacertfile cacerts cert cert_policy_opts certfile certificate_authorities certs_keys
  ciphers client_preferred_next_protocols client_renegotiation cookie crl_cache crl_check
  customize_hostname_check depth dh dhfile early_data eccs fail_if_no_peer_cert fallback handshake
  hibernate_after honor_cipher_order honor_ecc_order keep_secrets key key_update_at keyfile ktls log_alert
  log_level max_fragment_length max_handshake_size middlebox_comp_mode next_protocol_selector
  next_protocols_advertised ocsp_nonce ocsp_responder_certs ocsp_stapling padding_check partial_chain
  password protocol psk_groups psk_identity receiver_spawn_opts renegotiate_at reuse_session reuse_sessions
  secure_renegotiate sender_spawn_opts server_name_indication session_tickets signature_algs
  signature_algs_cert sni_fun sni_hosts srp_identity stapling stateless_tickets_seed supported_groups
  use_srtp use_ticket user_lookup_fun verify verify_fun versions erl_dist`;

function read(options: string, side: string) {
  const path = join(folder, "ssl.conf");
  writeFileSync(path, `[{${side === "client" ? "client" : "server"}, [${options}]}].`);
  const flags = ["-sname", "a", "-proto_dist", "inet_tls", "-ssl_dist_optfile", path];
  const modules = { my_checks: { peer: (): true => true } };
  const { options: found, warnings } = startOptionsFromFlags(parseErlFlags(flags, {}), { modules });
  return { tls: found.tls, warnings };
}

function refusal(options: string, side: string): FlagError {
  try {
    read(options, side);
  } catch (error) {
    if (error instanceof FlagError) return error;
    throw error;
  }
  throw new Error(`${options} was not refused`);
}

test("the page has each option that is known here once, and each option of OTP", () => {
  const names = rows.map(({ name }) => name);
  expect(names.toSorted()).toEqual([...Object.keys(sslOptions), ...sslRefusals.keys()].toSorted());
  expect(OF_OTP.split(/\s+/).filter((name) => !names.includes(name))).toEqual([]);
  expect(rows.every(({ here }) => ["taken", "no effect", "fixed", "refused"].includes(here))).toBe(
    true,
  );
});

const WITH: Readonly<Record<string, string>> = {
  crl_check: '{crl_cache, {ssl_crl_hash_dir, {internal, [{dir, "/etc/app/crls"}]}}}',
  crl_cache: "{crl_check, best_effort}",
  fail_if_no_peer_cert: "{verify, verify_peer}",
};

test.each(rows.filter(({ here }) => here === "taken"))("$name is taken", (row) => {
  const { name, side, example } = row;
  const other = WITH[name] ?? "{client_renegotiation, false}";
  const { tls, warnings } = read(`{${name}, ${example}}, ${other}`, side);
  expect(warnings).toEqual([]);
  if (name !== "max_handshake_size") expect(tls).not.toEqual(read(other, side).tls);
  if (name !== "server_name_indication" && name !== "cacerts" && name !== "key") {
    expect(refusal(`{${name}, {nonsense}}, ${other}`, side).message).toContain(` ${name}: `);
  }
  if (side !== "both") {
    expect(refusal(`{${name}, ${example}}`, side === "server" ? "client" : "server").code).toBe(
      "ERR_FLAG_NOT_SUPPORTED",
    );
  }
});

test.each(rows.filter(({ here }) => here === "no effect"))("$name has no effect", (row) => {
  const { tls, warnings } = read(`{${row.name}, ${row.example}}`, row.side);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(` ${row.name} has no effect: ${row.about}`);
  expect(tls).toEqual(read("", row.side).tls);
});

test.each(rows.filter(({ here }) => here === "fixed"))("$name is fixed", (row) => {
  expect(read(`{${row.name}, ${row.example}}`, row.side).warnings).toEqual([]);
  const others = { true: "false", false: "true", tls: "dtls", full: "hello", no_staple: "staple" };
  const other = others[row.example as keyof typeof others];
  const error = refusal(`{${row.name}, ${other}}`, row.side);
  expect(error.code).toBe("ERR_FLAG_NOT_SUPPORTED");
  expect(error.message).toContain(`line 1: server ${row.name}: ${row.about}`);
});

test.each(rows.filter(({ here }) => here === "refused"))("$name is refused", ({ name, about }) => {
  const error = refusal(`{${name}, true}`, "server");
  expect(error.code).toBe("ERR_FLAG_NOT_SUPPORTED");
  expect(error.message).toContain(`line 1: server ${name}: ${about}`);
});
