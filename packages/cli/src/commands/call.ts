import { type MfaCall, parseMfa } from "disterl/term";
import { CliFailure } from "../cli-failure.ts";
import type { CliIo } from "../cli-io.ts";
import type { Command, OptionValues, Result } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { withNode } from "../node-session.ts";
import { printTerm } from "../print-term.ts";
import { connectOptions } from "../shared-options.ts";
import { targetNode } from "../target-node.ts";
import { termJson } from "../term-json.ts";

/** No call is longer. */
const MAX_TEXT = 16 * 1024 * 1024;

/** `erpc:call/5` from the command line. */
export const call: Command = {
  name: "call",
  summary: "call a function on a node and print what it returns",
  description: `The call is written as in Erlang: module:function(arguments). Arguments are
data, terms written out: no variables, no operators, no calls inside. Given as
-, it is read from standard input.

What the function returns goes to standard output, as ~p prints it, or with
--json without loss; what it prints goes to standard error. An exception ends
with status 1.

Examples:
  disterl call app@host 'lists:seq(1, 3)'
  disterl call app@host "'Elixir.Enum':sum([1, 2, 3])"
  disterl call app@host 'erlang:memory()' --json
  disterl call app@db1 'erlang:memory()' --address 127.0.0.1:9100
  echo 'ets:info(my_table)' | disterl call app@host -`,
  operands: [
    { name: "node", description: "the node, name@host" },
    { name: "call", description: "module:function(arguments), or - to read it" },
  ],
  options: [
    ...connectOptions,
    { flags: "--full", description: "print all of the value, however long and deep" },
  ],
  run: callFunction,
};

async function callFunction(
  [node = "", written = ""]: readonly string[],
  options: OptionValues,
  io: CliIo,
): Promise<Result> {
  const target = targetNode(node);
  const {
    module,
    function: name,
    args,
  } = parsed(written === "-" ? await io.readStdin(MAX_TEXT) : written);
  return withNode(target, options, io, async (session) => {
    const value = await session.node.erpc(
      target.full,
      String(module),
      String(name),
      args,
      session.wait(),
    );
    return {
      text: `${printTerm(value, options["full"] === true)}\n`,
      json: () => termJson(value),
    };
  });
}

function parsed(text: string): MfaCall {
  try {
    return parseMfa(text);
  } catch (cause) {
    const { message } = cause as Error;
    throw new CliFailure(exitCodes.usage, "usage", "ERR_CLI_CALL", message, {
      notes: ["expected module:function(arguments) with arguments written out: lists:seq(1, 3)"],
      cause,
    });
  }
}
