import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import { resolve } from "node:path";
import type { StartNodeOptions } from "disterl";
import { FlagError, parseErlFlags, startOptionsFromFlags } from "disterl/flags";
import { CliFailure } from "./cli-failure.ts";
import type { CliIo } from "./cli-io.ts";
import type { OptionSpec, OptionValues } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { givenAddress } from "./node-address.ts";

const CARRIERS = ["inet_tcp", "inet6_tcp", "inet_tls", "inet6_tls"] as const;

/** How the connection to a node travels: options of every command that connects to one. */
export const carrierOptions: readonly OptionSpec[] = [
  {
    flags: "--proto-dist <carrier>",
    description: `as the node's -proto_dist: ${CARRIERS.join(", ")} (default: inet_tls with an option of TLS, else inet_tcp; inet6_ of those with an --address of IPv6)`,
    read: carrierName,
  },
  {
    flags: "--ssl-dist-optfile <file>",
    description: "TLS as Erlang's file says, such as the inet_tls.conf of disterl cert",
  },
  { flags: "--tls-cacertfile <file>", description: "TLS: PEM file of the CA that is trusted" },
  {
    flags: "--tls-certfile <file>",
    description: "TLS: PEM file of the certificate to show (default: none)",
  },
  {
    flags: "--tls-keyfile <file>",
    description: "TLS: PEM file of its private key (default: in the --tls-certfile)",
  },
];

/** The part of `startNode`'s options that {@link carrierOptions} stand for. */
export type SessionCarrier = Pick<StartNodeOptions, "tls" | "carrier">;

/**
 * What the command line says about the connection.
 * @throws CliFailure, exit status 2, when it contradicts itself, or the file of options is of no use.
 */
export function sessionCarrier(values: OptionValues, { stderr }: CliIo): SessionCarrier {
  const given = (name: string): string | undefined => values[name] as string | undefined;
  const optfile = given("sslDistOptfile");
  const [cacertfile, certfile, keyfile] = [
    given("tlsCacertfile"),
    given("tlsCertfile"),
    given("tlsKeyfile"),
  ];
  const hasFiles = cacertfile !== undefined || certfile !== undefined || keyfile !== undefined;
  const inet = isIPv6(givenAddress(values)?.host ?? "") ? "inet6" : "inet";
  const isForTls = hasFiles || optfile !== undefined;
  const protoDist = given("protoDist") ?? `${inet}_${isForTls ? "tls" : "tcp"}`;
  const isTls = protoDist.endsWith("_tls");
  if (!isTls && (hasFiles || optfile !== undefined)) {
    throw contradiction(`--proto-dist ${protoDist} has no use for options of TLS`);
  }
  if (optfile !== undefined && hasFiles) {
    throw contradiction("--ssl-dist-optfile and --tls-… are given: choose one");
  }
  if (!isTls || optfile !== undefined) return fromFlags(protoDist, optfile, stderr);
  if (cacertfile === undefined) {
    throw contradiction(
      hasFiles
        ? "TLS needs --tls-cacertfile as well: who answers has to show a certificate of that CA"
        : `--proto-dist ${protoDist} needs --ssl-dist-optfile, or --tls-cacertfile, --tls-certfile and --tls-keyfile`,
    );
  }
  const family = protoDist === "inet6_tls" ? "inet6" : "inet";
  return {
    tls: {
      family,
      client: {
        cacertfile,
        ...(certfile === undefined ? {} : { certfile }),
        ...(keyfile === undefined ? {} : { keyfile }),
      },
    },
  };
}

function fromFlags(
  protoDist: string,
  optfile: string | undefined,
  stderr: CliIo["stderr"],
): SessionCarrier {
  const flags = ["-proto_dist", protoDist];
  // An absolute path is no flag, whatever the name of the file.
  if (optfile !== undefined) flags.push("-ssl_dist_optfile", resolve(optfile));
  try {
    const { options, warnings } = startOptionsFromFlags(
      parseErlFlags(["-dist_listen", "false", ...flags], {}),
    );
    for (const warning of warnings) stderr(`disterl: warning: ${warning}\n`);
    const { tls, carrier } = options;
    return { ...(tls === undefined ? {} : { tls }), ...(carrier === undefined ? {} : { carrier }) };
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    throw new CliFailure(exitCodes.usage, "tls", error.code, error.message, { cause: error });
  }
}

/**
 * The host to go by, where the node that answers gives the name: the one in our certificate, since the
 * other side may hold our name against it.
 */
export function certifiedHost(
  { tls }: SessionCarrier,
  suits: (host: string) => boolean,
): string | undefined {
  const certfile = tls?.client?.certfile ?? tls?.certfile;
  if (certfile === undefined) return undefined;
  try {
    const { subjectAltName = "" } = new X509Certificate(readFileSync(certfile));
    const hosts = subjectAltName.split(", ").map((name) => /^DNS:([\w.-]+)$/.exec(name)?.[1]);
    return hosts.find((host) => host !== undefined && suits(host));
  } catch {
    return undefined; // that the file is of no use is told when it is used
  }
}

function carrierName(text: string): string {
  if (CARRIERS.some((name) => name === text)) return text;
  throw new TypeError(`expected one of ${CARRIERS.join(", ")}`);
}

function contradiction(message: string): CliFailure {
  return new CliFailure(exitCodes.usage, "usage", "ERR_CLI_TLS_OPTIONS", message, {
    notes: [
      "disterl cert makes certificates and a file for --ssl-dist-optfile: disterl cert --help",
    ],
  });
}
