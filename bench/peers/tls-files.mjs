/** Credentials of the TLS benchmarks: one CA, one certificate for `localhost`, both sides verified. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestAuthority } from "disterl/testing";

export class TlsFiles {
  /** @readonly */
  #authority = new TestAuthority("disterl benchmarks");
  /** @readonly */
  #certificate = this.#authority.issue("node");

  /** Options of a node of ours. @param {"tlsv1.3" | "tlsv1.2"} version */
  node(version) {
    return { tls: { ...this.#paths(), versions: [version] } };
  }

  /** Flags of a node of Erlang's. */
  otp(version) {
    const { certfile, keyfile, cacertfile } = this.#paths();
    const side = `{certfile, "${certfile}"}, {keyfile, "${keyfile}"}, {cacertfile, "${cacertfile}"},
    {verify, verify_peer}, {versions, ['${version}']}`;
    const optfile = join(this.#authority.folder, `${version}.conf`);
    writeFileSync(
      optfile,
      `[{server, [${side}, {fail_if_no_peer_cert, true}]},\n {client, [${side}]}].\n`,
    );
    return ["-proto_dist", "inet_tls", "-ssl_dist_optfile", optfile];
  }

  /** Settings of a bare socket. */
  socket(version) {
    return { tls: { ...this.#paths(), version: version.replace("tlsv", "TLSv") } };
  }

  #paths() {
    return { ...this.#certificate, cacertfile: this.#authority.cacertfile };
  }

  [Symbol.dispose]() {
    this.#authority[Symbol.dispose]();
  }
}
