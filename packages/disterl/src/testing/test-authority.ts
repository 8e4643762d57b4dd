import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate of a test, in PEM files. */
export interface TestCertificate {
  readonly certfile: string;
  readonly keyfile: string;
}

/** What a certificate is to be; by default one for `localhost`, valid today. */
export interface TestCertificateOptions {
  /** `DNS:localhost,IP:127.0.0.1` is the default. */
  readonly names?: string;
  /** `serverAuth,clientAuth` is the default. */
  readonly uses?: string;
  /** Days from now. Default -1 and 30. */
  readonly days?: readonly [from: number, to: number];
  /** Makes it a CA. */
  readonly authority?: boolean;
}

/**
 * A certificate authority of a test, made with the `openssl` command in a folder of its own. Its
 * certificates are for tests only: keys lie open in the folder.
 */
export class TestAuthority {
  /** Where all files are. Dispose removes it. */
  readonly folder: string;
  /** PEM file of the CA's certificate. */
  readonly cacertfile: string;
  readonly #keyfile: string;

  /** `within`: a folder to make the authority's own folder in. Default: the system's for such. */
  constructor(name = "disterl test CA", within: string = tmpdir()) {
    this.folder = mkdtempSync(join(within, "disterl-ca-"));
    this.cacertfile = join(this.folder, "ca.pem");
    this.#keyfile = join(this.folder, "ca.key");
    const subject = ["-subj", `/O=disterl/CN=${name}`];
    const files = ["-keyout", this.#keyfile, "-out", this.cacertfile];
    this.#openssl(["req", "-x509", ...NEW_KEY, ...files, ...subject, "-days", "30"]);
    mkdirSync(join(this.folder, "issued"));
    writeFileSync(join(this.folder, "index.txt"), "");
    writeFileSync(join(this.folder, "index.txt.attr"), "unique_subject = no\n");
    writeFileSync(join(this.folder, "crlnumber"), "01\n");
  }

  /** Issues a certificate; `name` is its CN and names its files. */
  issue(name: string, options: TestCertificateOptions = {}, issuer = this.#self): TestCertificate {
    const { names = "DNS:localhost,IP:127.0.0.1,IP:::1", uses = "serverAuth,clientAuth" } = options;
    const { days: [from, to] = [-1, 30] } = options;
    const certfile = join(this.folder, `${name}.pem`);
    const keyfile = join(this.folder, `${name}.key`);
    const request = join(this.folder, `${name}.csr`);
    const subject = ["-subj", `/O=disterl/CN=${name}`];
    this.#openssl(["req", "-new", ...NEW_KEY, "-keyout", keyfile, "-out", request, ...subject]);
    const extensions =
      options.authority === true
        ? "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign"
        : `basicConstraints=CA:FALSE\nextendedKeyUsage=${uses}\nsubjectAltName=${names}`;
    const config = join(this.folder, `${name}.cnf`);
    writeFileSync(config, `${this.#config(issuer)}\n[extensions]\n${extensions}\n`);
    const dates = ["-startdate", date(from), "-enddate", date(to)];
    this.#openssl([
      "ca",
      "-batch",
      "-notext",
      "-config",
      config,
      ...dates,
      "-in",
      request,
      "-out",
      certfile,
    ]);
    return { certfile, keyfile };
  }

  /** A certificate that vouches for itself. */
  selfSigned(name: string): TestCertificate {
    const certfile = join(this.folder, `${name}.pem`);
    const keyfile = join(this.folder, `${name}.key`);
    const files = ["-keyout", keyfile, "-out", certfile, "-days", "30"];
    const about = ["-subj", `/O=disterl/CN=${name}`, "-addext", "subjectAltName=DNS:localhost"];
    this.#openssl(["req", "-x509", ...NEW_KEY, ...files, ...about]);
    return { certfile, keyfile };
  }

  revoke({ certfile }: TestCertificate): void {
    this.#openssl(["ca", "-batch", "-config", this.#plainConfig(), "-revoke", certfile]);
  }

  /** Writes the list of revoked certificates; gives its PEM file. */
  revocationList(): string {
    const crlfile = join(this.folder, "crl.pem");
    const when = ["-crldays", "30", "-out", crlfile];
    this.#openssl(["ca", "-batch", "-gencrl", "-config", this.#plainConfig(), ...when]);
    return crlfile;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #self(): TestCertificate {
    return { certfile: this.cacertfile, keyfile: this.#keyfile };
  }

  #plainConfig(): string {
    const path = join(this.folder, "plain.cnf");
    writeFileSync(path, `${this.#config(this.#self)}\n[extensions]\nbasicConstraints=CA:FALSE\n`);
    return path;
  }

  #config({ certfile, keyfile }: TestCertificate): string {
    return [
      "[ca]",
      "default_ca=own",
      "[own]",
      `certificate=${certfile}`,
      `private_key=${keyfile}`,
      `database=${this.folder}/index.txt`,
      `crlnumber=${this.folder}/crlnumber`,
      `new_certs_dir=${this.folder}/issued`,
      "rand_serial=yes",
      "default_md=sha256",
      "policy=any",
      "x509_extensions=extensions",
      "[any]",
      "organizationName=optional",
      "commonName=supplied",
    ].join("\n");
  }

  #openssl(args: readonly string[]): void {
    execFileSync("openssl", args, { stdio: "pipe" });
  }
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** `20260131000000Z`. */
function date(days: number): string {
  const text = new Date(Date.now() + days * 86_400_000).toISOString();
  return `${text.replaceAll(/[-:T]/g, "").slice(0, 14)}Z`;
}
