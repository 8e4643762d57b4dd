import { TO_WHO_ASKED } from "../otp/gen.ts";
import type { Process } from "../process/process.ts";
import { Atom, atom, atoms } from "../term/atom.ts";
import { Binary, isBinary } from "../term/binary.ts";
import { ImproperList, isList, type List } from "../term/list.ts";
import { Pid } from "../term/pid.ts";
import type { Term } from "../term/term.ts";
import { isTuple, t } from "../term/tuple.ts";

const IO_REQUEST = atom("io_request");
const IO_REPLY = atom("io_reply");
const PUT_CHARS = atom("put_chars");
const LATIN1 = atom("latin1");
const REQUESTS = atom("requests");
const GETOPTS = atom("getopts");
const SETOPTS = atom("setopts");
const GET_GEOMETRY = atom("get_geometry");
const EOF = atom("eof");
const ENOTSUP = atom("enotsup");
const REQUEST = atom("request");
const TERMINATED = atom("terminated");
/** How many functions of peers may be running at once: each holds a request here. */
const CALLS = 256;
const INPUT = new Set<Term>(
  ["get_line", "get_chars", "get_until", "get_password"].map((name) => atom(name)),
);

export interface IoServerOptions {
  /** Takes what remote processes print. */
  readonly write: (text: string) => void;
  /** Calls a function on the node of the process that prints: `io_lib:format/2` is run there. */
  readonly apply: (node: Atom, module: string, fun: string, args: List) => Promise<Term>;
}

/**
 * A group leader: takes what processes that we started on other nodes print, and answers every
 * request, since the process over there waits for the answer. It has no input to give.
 *
 *     {io_request, From, ReplyAs, Request}   →   {io_reply, ReplyAs, Reply}
 *
 * Source: the Erlang I/O protocol (`io_protocol.md`). `{put_chars, Enc, M, F, Args}` asks for the
 * characters that `M:F(Args)` makes: the node that asks has the function, so it is called there. The
 * server is told which node a message came from (`peer`), for the pid in it may be anybody's.
 */
export function ioServer({ write, apply }: IoServerOptions) {
  let calls = 0;

  return (message: Term, self: Process, peer?: Atom): void => {
    if (!isTuple(message) || message.length !== 4 || message[0] !== IO_REQUEST) return;
    const [, from, replyAs, request] = message as readonly Term[];
    if (!(from instanceof Pid)) return;
    const answer = (reply: Term): void => {
      if (self.alive) self.send(from, t(IO_REPLY, replyAs as Term, reply), TO_WHO_ASKED);
    };
    // Whoever asks has functions called on its own node only.
    const node = peer === undefined || peer === from.node ? from.node : undefined;
    const result = handle(request as Term, node);
    if (!(result instanceof Promise)) return answer(result);
    result
      .catch(() => t(atoms.error, REQUEST))
      .then(answer)
      .catch((error: unknown) => self.crash(error));
  };

  function handle(request: Term, node: Atom | undefined): Term | Promise<Term> {
    if (!isTuple(request)) return request === GETOPTS ? [] : t(atoms.error, REQUEST);
    const [kind] = request;
    if (kind === PUT_CHARS) return putChars(request, node);
    if (kind === REQUESTS && isList(request[1])) return inOrder(request[1], node);
    if (kind === GET_GEOMETRY || kind === SETOPTS) return t(atoms.error, ENOTSUP);
    if (INPUT.has(kind as Term)) return EOF;
    return t(atoms.error, REQUEST);
  }

  /** `{put_chars, Enc, Chars}`, `{put_chars, Enc, M, F, Args}` and the forms without an encoding. */
  function putChars(request: readonly Term[], node: Atom | undefined): Term | Promise<Term> {
    const withEncoding = request.length === 3 || request.length === 5;
    const latin1 = withEncoding && request[1] === LATIN1;
    const [first, fun, args] = request.slice(withEncoding ? 2 : 1);
    if (request.length <= 3) return print(first as Term, latin1);
    if (!(first instanceof Atom) || !(fun instanceof Atom) || !isList(args)) {
      return t(atoms.error, REQUEST);
    }
    if (node === undefined || calls >= CALLS) return t(atoms.error, REQUEST);
    calls++;
    return apply(node, first.text, fun.text, args)
      .finally(() => calls--)
      .then((chars) => print(chars, latin1));
  }

  function print(chars: Term, latin1: boolean): Term {
    const text = chardataToString(chars, latin1);
    if (text === undefined) return t(atoms.error, PUT_CHARS);
    try {
      write(text);
    } catch {
      // Whoever printed is told, and must not wait; the program knows what its output did.
      return t(atoms.error, TERMINATED);
    }
    return atoms.ok;
  }

  async function inOrder(requests: List, node: Atom | undefined): Promise<Term> {
    let reply: Term = atoms.ok;
    for (const request of requests) {
      reply = await handle(request, node);
      if (isTuple(reply) && reply[0] === atoms.error) break;
    }
    return reply;
  }
}

/** The text of nested lists of code points and binaries, however decoded; undefined for anything else. */
function chardataToString(chars: Term, latin1: boolean): string | undefined {
  const parts: string[] = [];
  const waiting: Term[] = [chars];
  while (waiting.length > 0) {
    const part = waiting.pop() as Term;
    const code = typeof part === "bigint" ? Number(part) : part;
    if (typeof part === "string") {
      parts.push(part);
    } else if (typeof code === "number") {
      if (!Number.isInteger(code) || code < 0 || code > 0x10ffff) return undefined;
      parts.push(String.fromCodePoint(code));
    } else if (isBinary(part)) {
      const bytes = part instanceof Binary ? part.bytes : part;
      parts.push(Buffer.from(bytes).toString(latin1 ? "latin1" : "utf8"));
    } else if (isList(part)) {
      for (let i = part.length - 1; i >= 0; i--) waiting.push(part[i] as Term);
    } else if (part instanceof ImproperList) {
      waiting.push(part.tail);
      for (let i = part.items.length - 1; i >= 0; i--) waiting.push(part.items[i] as Term);
    } else {
      return undefined;
    }
  }
  return parts.join("");
}
