import { NodeNameError, type NodeName, parseNodeName } from "disterl/node";
import { printable } from "disterl/epmd";
import { CliFailure } from "./cli-failure.ts";
import { exitCodes } from "./exit-codes.ts";

/**
 * The node that an operand names.
 * @throws CliFailure of the layer `name`, exit status 2: it is no node name.
 */
export function targetNode(text: string): NodeName {
  try {
    return parseNodeName(text);
  } catch (error) {
    if (!(error instanceof NodeNameError)) throw error;
    throw new CliFailure(exitCodes.usage, "name", error.code, error.message, { cause: error });
  }
}

/**
 * The host that an operand names.
 * @throws CliFailure of the layer `name`, exit status 2, when no host can be called that.
 */
export function targetHost(text: string): string {
  if (/^[!-~]{1,253}$/.test(text) && !text.includes("@")) return text;
  const shown = printable(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  const message = text.includes("@")
    ? `"${shown}" is a node; expected a host: what stands behind the @`
    : `"${shown}" is no host name: at most 253 printable ASCII characters, no spaces`;
  throw new CliFailure(exitCodes.usage, "name", "ERR_CLI_HOST", message);
}
