import { expect, test } from "vitest";
import { atom } from "../term/atom.ts";
import { formatTerm } from "../term/format-term.ts";
import { ErlangError, ErlangThrow, ExitReason } from "./exceptions.ts";
import { reasonOf } from "./exit-reason.ts";

function reason(thrown: unknown): string {
  return formatTerm(reasonOf(thrown), { pretty: true, width: Number.POSITIVE_INFINITY });
}

test("a process ends with what Erlang's exceptions end one with", () => {
  expect(reason(new ExitReason(atom("bye")))).toBe("bye");
  expect(reason(new ErlangError(atom("badarg")))).toBe("{badarg,[]}");
  expect(reason(new ErlangThrow(7))).toBe("{{nocatch,7},[]}");
});

test("whatever else is thrown has a reason that can be sent", () => {
  expect(reason(new TypeError("x"))).toBe('{{javascript,<<"TypeError">>,<<"x">>},[]}');
  expect(reason("text")).toBe('{{javascript,<<"string">>,<<"text">>},[]}');
  expect(reason(Symbol("s"))).toBe('{{javascript,<<"symbol">>,<<"Symbol(s)">>},[]}');
  expect(reason(Object.create(null))).toBe('{{javascript,<<"object">>,<<>>},[]}');
  const odd = Object.assign(new Error("\ud800"), { name: 5 });
  expect(reason(odd)).toBe('{{javascript,<<"5">>,<<"�"/utf8>>},[]}');
  const secretive = new Error("x");
  Object.defineProperty(secretive, "message", {
    get: () => {
      throw new Error("nobody may read this");
    },
  });
  expect(reason(secretive)).toBe('{{javascript,<<"Error">>,<<>>},[]}');
});
