import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { type OtpRelease, otpProgram } from "disterl/testing";

/**
 * What Erlang does with the packets of this test: a letter, then bytes.
 *
 *     r  an external term: written again as it is by default
 *     d  an external term: written again with `deterministic`
 *     c  two lists of external terms, as one external term: how many pairs are not =:=
 *     g  a number: a list of so many random terms, each as the binary that term_to_binary makes
 */
const program = `
rand:seed(exsss, 20261121),
Rand = fun(N) -> rand:uniform(N) - 1 end,
Id = fun(Head, Words) ->
  Node = lists:nth(rand:uniform(3), [<<"app@host">>, <<"b@127.0.0.1">>, <<"c@h">>]),
  Rest = << <<(Rand(1 bsl 18)):32>> || _ <- lists:seq(1, Words) >>,
  binary_to_term(<<131, Head/binary, 119, (byte_size(Node)), Node/binary, Rest/binary>>) end,
Leaf = fun
  (0) -> Rand(300) - 20;
  (1) -> Rand(1 bsl rand:uniform(80)) - (1 bsl 40);
  (2) -> (1 bsl Rand(2200)) - Rand(3);
  (3) -> rand:normal() * math:pow(10, Rand(600) - 300);
  (4) -> float(Rand(1000));
  (5) -> lists:nth(rand:uniform(6), [ok, '', 'a b', true, 'x\\x{e5}', 'y\\x{4d2}\\x{1f600}']);
  (6) -> rand:bytes(Rand(70));
  (7) -> B = Rand(70), <<X:B/bits, _/bits>> = rand:bytes(10), X;
  (8) -> [Rand(256) || _ <- lists:seq(1, Rand(20))];
  (9) -> Id(<<88>>, 3);
  (10) -> Id(<<90, 3:16>>, 4);
  (11) -> Id(<<120>>, 3);
  (12) -> fun lists:map/2;
  (13) -> rand:bytes(5000) end,
Term = fun
  Term(0) -> Leaf(Rand(14));
  Term(Depth) ->
    Some = fun() -> [Term(Depth - 1) || _ <- lists:seq(1, Rand(6))] end,
    case Rand(7) of
      0 -> Some();
      1 -> list_to_tuple(Some());
      2 -> maps:from_list(lists:zip([1, a, {}] , [Term(Depth - 1) || _ <- [1, 2, 3]]));
      3 -> maps:from_list([{Term(Depth - 1), X} || X <- Some()]);
      4 -> maps:from_list([{Leaf(Rand(7)), X} || X <- lists:seq(1, 40)]);
      5 -> [Term(Depth - 1) | Leaf(5)];
      6 -> Leaf(Rand(14)) end end,
Port = open_port({fd, 0, 1}, [binary, {packet, 4}, eof]),
Answer = fun
  (<<"r", Bytes/binary>>) -> term_to_binary(binary_to_term(Bytes));
  (<<"d", Bytes/binary>>) -> term_to_binary(binary_to_term(Bytes), [deterministic]);
  (<<"c", Bytes/binary>>) ->
    {As, Bs} = binary_to_term(Bytes),
    Different = [x || {A, B} <- lists:zip(As, Bs), binary_to_term(A) =/= binary_to_term(B)],
    integer_to_binary(length(Different));
  (<<"g", Count:32>>) ->
    term_to_binary([term_to_binary(Term(Rand(5))) || _ <- lists:seq(1, Count)]) end,
Loop = fun Loop() -> receive
  {Port, {data, Packet}} -> port_command(Port, Answer(Packet)), Loop();
  {Port, eof} -> halt() end end,
Loop().
`;

/** An Erlang that answers packets over its standard input and output. */
export class CodecErlang implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #waiting: ((answer: Buffer) => void)[] = [];
  #received: Buffer = Buffer.alloc(0);

  constructor(otp: OtpRelease) {
    const { file, args } = otpProgram(otp, "erl", ["-noinput", "-eval", program]);
    this.#child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdout.on("data", (chunk: Buffer) => this.#receive(chunk));
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      if (this.#received.length < 4) return;
      const end = 4 + this.#received.readUInt32BE(0);
      if (this.#received.length < end) return;
      this.#waiting.shift()?.(this.#received.subarray(4, end));
      this.#received = this.#received.subarray(end);
    }
  }

  ask(what: "r" | "d" | "c" | "g", bytes: Uint8Array): Promise<Buffer> {
    const head = Buffer.from("0000 ");
    head.writeUInt32BE(1 + bytes.length, 0);
    head.write(what, 4);
    this.#child.stdin.write(Buffer.concat([head, bytes]));
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.stdin.end();
    await ended;
  }
}
