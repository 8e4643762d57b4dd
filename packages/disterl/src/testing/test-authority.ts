import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate of a test, in PEM files. */
export interface TestCertificate {
  /** Path of its PEM file. */
  readonly certfile: string;
  /** Path of the PEM file of its key. */
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
  /** Default P-256. */
  readonly algorithm?: "P-256" | "P-192" | "RSA-1024" | "RSA-2048" | "Ed25519";
  /** The key of that one in place of a new one. Its keyfile stays where it is. */
  readonly keyOf?: TestCertificate;
  /** What the CA signs it with. Default SHA-256. */
  readonly digest?: "sha1" | "sha256";
  /** `keyUsage`, such as `keyCertSign`. Default: none, which allows all. */
  readonly keyUsage?: string;
  /** Encrypts the key. */
  readonly password?: string;
  /** More lines of the configuration of `openssl`: extensions, and sections that they name. */
  readonly more?: string;
}

/** What a revocation list is to be; by default of this CA, and good for thirty days from yesterday. */
export interface TestListOptions {
  /** Another CA. */
  readonly issuer?: TestCertificate;
  /** Days from now. */
  readonly days?: readonly [from: number, to: number];
  /** Lines of the configuration of `openssl` for extensions, such as `issuingDistributionPoint=…`. */
  readonly extensions?: string;
  /** Signed with RSA-PSS, by an issuer with an RSA key. */
  readonly pss?: boolean;
  /** Default `crl.pem`. */
  readonly file?: string;
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
    const { password, digest = "sha256", algorithm = "P-256" } = options;
    const lock = password === undefined ? ["-nodes"] : ["-passout", `pass:${password}`];
    const newKey = ["-newkey", ...NEW_KEYS[algorithm], ...lock, "-keyout", keyfile];
    const key = options.keyOf === undefined ? newKey : ["-key", options.keyOf.keyfile];
    this.#openssl(["req", "-new", ...key, "-out", request, ...subject]);
    const config = join(this.folder, `${name}.cnf`);
    const extensions = extensionsOf(options, names, uses);
    writeFileSync(config, `${this.#config(issuer)}\n[extensions]\n${extensions}\n`);
    const dates = ["-md", digest, "-startdate", date(from), "-enddate", date(to)];
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
    return { certfile, keyfile: options.keyOf?.keyfile ?? keyfile };
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

  /** Puts a certificate on the next {@link revocationList}. */
  revoke({ certfile }: TestCertificate): void {
    this.#openssl(["ca", "-batch", "-config", this.#plainConfig(), "-revoke", certfile]);
  }

  /** Writes the list of revoked certificates; gives its PEM file. */
  revocationList(options: TestListOptions = {}): string {
    const { issuer = this.#self, days: [from, to] = [-1, 30], file = "crl.pem" } = options;
    const crlfile = join(this.folder, file);
    const config = this.#plainConfig(issuer, options.extensions);
    const when = ["-crl_lastupdate", date(from), "-crl_nextupdate", date(to), "-out", crlfile];
    const extensions = options.extensions === undefined ? [] : ["-crlexts", "list"];
    const pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"];
    const how = [...extensions, ...(options.pss === true ? pss : [])];
    this.#openssl(["ca", "-batch", "-gencrl", "-config", config, ...how, ...when]);
    return crlfile;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #self(): TestCertificate {
    return { certfile: this.cacertfile, keyfile: this.#keyfile };
  }

  #plainConfig(issuer = this.#self, list = ""): string {
    const path = join(this.folder, "plain.cnf");
    const sections = `[extensions]\nbasicConstraints=CA:FALSE\n[list]\n${list}\n`;
    writeFileSync(path, `${this.#config(issuer)}\n${sections}`);
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

const NEW_KEYS = {
  "P-256": ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
  "P-192": ["ec", "-pkeyopt", "ec_paramgen_curve:prime192v1"],
  "RSA-1024": ["rsa:1024"],
  "RSA-2048": ["rsa:2048"],
  Ed25519: ["ed25519"],
} as const;

function extensionsOf(
  { authority, keyUsage, more }: TestCertificateOptions,
  names: string,
  uses: string,
): string {
  const lines =
    authority === true
      ? ["basicConstraints=critical,CA:TRUE", `keyUsage=${keyUsage ?? "keyCertSign,cRLSign"}`]
      : [
          "basicConstraints=CA:FALSE",
          ...(uses === "" ? [] : [`extendedKeyUsage=${uses}`]),
          ...(names === "" ? [] : [`subjectAltName=${names}`]),
          ...(keyUsage === undefined ? [] : [`keyUsage=${keyUsage}`]),
        ];
  return [...lines, ...(more === undefined ? [] : [more])].join("\n");
}

/** `20260131000000Z`. */
function date(days: number): string {
  const text = new Date(Date.now() + days * 86_400_000).toISOString();
  return `${text.replaceAll(/[-:T]/g, "").slice(0, 14)}Z`;
}
