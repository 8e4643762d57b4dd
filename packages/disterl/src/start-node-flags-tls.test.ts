import { expect, test } from "vitest";
import { noDiscovery } from "./epmd/discovery.ts";
import { parseErlFlags } from "./flags/erl-flags.ts";
import { startOptionsFromFlags } from "./flags/start-options-from-flags.ts";
import { startNode } from "./start-node.ts";

const cookie = "a cookie for tests only";

/** What a node is started with on plain TCP and TLS, or on TLS alone. */
function options(carriers: readonly string[], tls: readonly string[]) {
  const argv = ["-sname", "app@localhost", "-proto_dist", ...carriers, "-ssl_dist_opt", ...tls];
  const found = startOptionsFromFlags(parseErlFlags(argv, {}));
  expect(found.warnings).toEqual([]);
  const listen = { host: "127.0.0.1" };
  return { ...found.options, cookie, listen, discovery: noDiscovery };
}

test.each([[["inet_tls"]], [["inet_tcp", "inet_tls"]], [["inet_tls", "inet6_tls"]]])(
  "-proto_dist %j: what is insecure about TLS is told to the node's onWarning",
  async (carriers) => {
    const told: string[] = [];
    const given = options(carriers, ["client_verify", "verify_none"]);
    const onWarning = (message: string, code: string): void => {
      told.push(`${code} ${message.split(",")[0]}`);
    };
    await using node = await startNode({ ...given, onWarning });
    expect(node.addresses).toHaveLength(carriers.length);
    expect(told).toContain("DISTERL_TLS_INSECURE tls: server: peers are not verified");
    expect(told).toContain(
      "DISTERL_TLS_INSECURE tls: client: nodes that are dialled are not verified",
    );
  },
);

test.each([[["inet_tls"]], [["inet_tcp", "inet_tls"]]])(
  "-proto_dist %j: certificates that cannot be used are errors of startNode",
  async (carriers) => {
    const given = options(carriers, ["server_certfile", "no-such.pem"]);
    await expect(startNode(given)).rejects.toMatchObject({ code: "ERR_CARRIER_TLS_CONFIG" });
  },
);
