// `-ping Node`: connects, as `erl -eval 'net_adm:ping(Node)'` would, and tells pong, or pang and why. It
// listens nowhere, is registered nowhere and starts no epmd, so it works beside whatever runs.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { ConnectError, startNode } from "disterl";
import { CarrierError, TlsCertificateError } from "disterl/carrier";
import { EpmdError } from "disterl/epmd";
import { CookieError, nameDomainOf, NodeNameError } from "disterl/node";

/** Seconds beyond those that a connection may take (net_setuptime), for the answer. */
const ANSWER_SECONDS = 3;

/**
 * @param {import("disterl").StartNodeOptions} options what the flags say
 * @param {string} target full name of a node
 * @returns {Promise<string[]>} lines: `pong`, or `pang` and the reason
 */
export async function ping(options, target) {
  if (options.carrier === "none") {
    return ["pang", "  layer: node", "  reason: -proto_dist none: such a node reaches no other"];
  }
  const timeout = 1000 * ((options.netSetupTime ?? 7) + ANSWER_SECONDS);
  try {
    const node = await startNode({
      ...{ ...options, ...ownName(options, target) },
      ...{ listen: false, hidden: true, epmd: { ...options.epmd, start: false } },
      onWarning: (message, code) => console.error(`echo-node: warning: ${message} (${code})`),
    });
    try {
      await node.ping(target, { timeout });
      return ["pong"];
    } finally {
      await node.stop();
    }
  } catch (error) {
    return ["pang", ...reason(error, options.discovery === undefined)];
  }
}

/** Without a name the node that answers gives us one, for our host: the one in our certificate. */
function ownName({ name, nameDomain, tls }, target) {
  if (name !== undefined) return { name, nameDomain };
  const domain = nameDomainOf(target.slice(target.indexOf("@") + 1));
  const suits = (host) => domain === "longnames" || !host.includes(".");
  const host = certifiedHosts(tls?.client).find(suits) ?? hostname();
  return {
    name: `undefined@${suits(host) ? host : host.split(".")[0]}`,
    nameDomain: domain,
  };
}

function certifiedHosts({ certfile } = {}) {
  try {
    const { subjectAltName = "" } = new X509Certificate(readFileSync(certfile));
    return subjectAltName.split(", ").flatMap((name) => /^DNS:([\w.-]+)$/.exec(name)?.[1] ?? []);
  } catch {
    return []; // that the file is of no use is told when it is used
  }
}

/** The layer that failed; with a certificate, which check on which; what happened and what to do. */
function reason(error, isEpmd) {
  const certificate = causes(error).find((cause) => cause instanceof TlsCertificateError);
  const lines = [`layer: ${layerOf(error, isEpmd)}`];
  if (certificate !== undefined) {
    const { check, certificate: facts } = certificate;
    lines.push(`check: ${check}${facts === undefined ? "" : ` of ${facts.subject}`}`);
  }
  return [...lines, `reason: ${error instanceof Error ? error.message : String(error)}`].map(
    (line) => `  ${line.replaceAll("\n", " ")}`,
  );
}

function layerOf(error, isEpmd) {
  const carrier = causes(error).find((cause) => cause instanceof CarrierError);
  if (carrier?.code.startsWith("ERR_CARRIER_TLS")) return "tls";
  if (error instanceof ConnectError && error.layer === "discovery") {
    return isEpmd || causes(error).some((cause) => cause instanceof EpmdError)
      ? "epmd"
      : "discovery";
  }
  if (error instanceof ConnectError) return error.layer;
  if (error instanceof CookieError) return "cookie";
  if (error instanceof NodeNameError) return "name";
  if (error instanceof EpmdError) return "epmd";
  return carrier === undefined ? "node" : "carrier";
}

function causes(error) {
  const found = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) found.push(cause);
  return found;
}
