import { createRequire } from "node:module";
import { Command as Program, CommanderError, InvalidArgumentError } from "commander";
import pc from "picocolors";
import type { CliFailure } from "./cli-failure.ts";
import type { CliIo } from "./cli-io.ts";
import { refuseCookieArgument } from "./cli-cookie.ts";
import { refusePassphraseArgument } from "./certificates/passphrase.ts";
import type { Command, CommandGroup, OptionSpec, OptionValues, Result } from "./command.ts";
import { commands } from "./commands/index.ts";
import { exitCodes } from "./exit-codes.ts";
import { explainError } from "./explain-error.ts";
import { plainJson, termJson } from "./term-json.ts";

const DESCRIPTION = `Look at and call Erlang nodes, run epmd and make certificates, without Erlang installed.`;

const EPILOGUE = `
  epmd [arguments]              be the Erlang port mapper, with the arguments of
                                the real one (-help shows them)

The cookie is never an argument: it is read from --cookie-file, else from the
environment variable DISTERL_COOKIE or RABBITMQ_ERLANG_COOKIE, else from
~/.erlang.cookie.

Nodes with TLS (-proto_dist inet_tls) are reached with --ssl-dist-optfile, the
file that Erlang takes, or with --tls-cacertfile, --tls-certfile and
--tls-keyfile; over IPv6 with --proto-dist inet6_tcp or inet6_tls. A node behind
an SSH tunnel is reached with --address, by the name that it has itself.

Exit status:
  0  it worked
  1  the node was reached and said no, or the function raised an exception; a
     certificate is not valid, or was not made
  2  the command line is wrong
  3  the node was not reached; the message names the layer: name, cookie, epmd,
     tcp, tls, handshake, dist
  4  the node was reached, and gave no answer in time
  70  a fault of this tool
  130  interrupted
`;

/**
 * Runs one command line of `disterl`, all but `disterl epmd`.
 *
 * @param argv the arguments after the program.
 * @returns the exit status. Never throws for anything a user or a node did.
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  let asJson = argv.includes("--json");
  let result: Result | undefined;
  const program = makeProgram(io, async (command, operands, options) => {
    asJson = options["json"] === true;
    result = await command.run(operands, options, io);
  });
  try {
    refuseCookieArgument(argv);
    refusePassphraseArgument(argv);
    await program.parseAsync(argv, { from: "user" });
    if (result !== undefined) printResult(result, asJson, io);
    return result?.exitCode ?? exitCodes.ok;
  } catch (error) {
    if (io.signal.aborted) return exitCodes.interrupted;
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const failure = explainError(error);
    if (failure === undefined) throw error;
    printFailure(failure, asJson, io);
    return failure.exitCode;
  }
}

/** Characters of JSON that are written at once. */
const BATCH = 65_536;

type Run = (command: Command, operands: readonly string[], options: OptionValues) => Promise<void>;

function makeProgram(io: CliIo, run: Run): Program {
  const program = configured(new Program("disterl"), io)
    .description(DESCRIPTION)
    .version(ownVersion(), "-v, --version", "print the version")
    .addHelpText("after", EPILOGUE)
    .showSuggestionAfterError();
  for (const command of commands) {
    if ("commands" in command) mountGroup(program, command, io, run);
    else mount(program, command, io, run);
  }
  return program;
}

function ownVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)("@disterl/cli/package.json");
  return (manifest as { readonly version: string }).version;
}

function mountGroup(program: Program, group: CommandGroup, io: CliIo, run: Run): void {
  const mounted = configured(program.command(group.name), io)
    .summary(group.summary)
    .description(group.description)
    .showSuggestionAfterError();
  for (const command of group.commands) mount(mounted, command, io, run);
}

function mount(program: Program, command: Command, io: CliIo, run: Run): void {
  const mounted = configured(program.command(command.name), io)
    .summary(command.summary)
    .description(command.description)
    .option("--json", "print one JSON document");
  for (const { name, description, optional } of command.operands) {
    mounted.argument(optional === true ? `[${name}]` : `<${name}>`, description);
  }
  for (const option of command.options) addOption(mounted, option);
  mounted.action(async (...given: unknown[]) => {
    const operands = given.slice(0, command.operands.length) as (string | undefined)[];
    const present = operands.filter((operand) => operand !== undefined);
    await run(command, present, mounted.opts<Record<string, unknown>>());
  });
}

/** Commander neither ends the process nor writes to it. */
function configured(program: Program, io: CliIo): Program {
  return program.exitOverride().configureOutput({
    writeOut: io.stdout,
    writeErr: io.stderr,
    getOutHasColors: () => io.colors,
    getErrHasColors: () => io.colors,
  });
}

function addOption(mounted: Program, { flags, description, read }: OptionSpec): void {
  if (read === undefined) {
    mounted.option(flags, description);
    return;
  }
  mounted.option(flags, description, (text: string) => {
    try {
      return read(text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  });
}

function printResult({ text, json }: Result, asJson: boolean, io: CliIo): void {
  if (!asJson) {
    io.stdout(text);
    return;
  }
  let batch = "";
  for (const piece of json()) {
    batch += piece;
    if (batch.length < BATCH) continue;
    io.stdout(batch);
    batch = "";
  }
  io.stdout(`${batch}\n`);
}

function printFailure(failure: CliFailure, asJson: boolean, io: CliIo): void {
  const colors = pc.createColors(io.colors);
  const notes = (failure.details.notes ?? []).map((note) => `  ${note.replaceAll("\n", "\n  ")}\n`);
  // The library's messages begin with their floor, which often is the layer.
  const { layer } = failure;
  const repeats =
    failure.message.startsWith(`${layer}: `) || failure.message.startsWith(`${layer}, `);
  const message = repeats
    ? failure.message.slice(layer.length + 2)
    : failure.message.replace(`: ${layer}: `, ": ");
  io.stderr(`${colors.red("disterl")}: ${layer}: ${message}\n${notes.join("")}`);
  if (asJson) io.stdout(failureJson(failure));
}

function failureJson({ layer, code, message, exitCode, details }: CliFailure): string {
  const head = plainJson({ layer, code, message, exitCode, ...details.facts }).slice(0, -1);
  let terms = "";
  for (const [name, term] of Object.entries(details.terms ?? {})) {
    terms += `,${plainJson(name)}:${[...termJson(term)].join("")}`;
  }
  return `{"error":${head}${terms}}}\n`;
}
