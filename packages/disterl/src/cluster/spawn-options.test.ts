import { expect, test } from "vitest";
import { parseTerm } from "../term/parse-term.ts";
import { spawnFlags } from "./spawn-options.ts";

function flags(text: string): string | undefined {
  const read = spawnFlags(parseTerm(text));
  return read && [read.link && "link", read.monitor && "monitor"].filter(Boolean).join(" ");
}

test("what OTP understands in a spawn request is understood", () => {
  expect(flags("[]")).toBe("");
  expect(flags("[link]")).toBe("link");
  expect(flags("[monitor, link, link]")).toBe("link monitor");
  expect(flags("[{monitor, [{alias, explicit_unalias}]}]")).toBe("monitor");
  for (const option of [
    "{priority, low}",
    "{priority, max}",
    "{min_heap_size, 10}",
    "{min_bin_vheap_size, 10}",
    "{fullsweep_after, 1099511627776}",
    "{max_heap_size, 0}",
    "{max_heap_size, 1000}",
    "{max_heap_size, #{size => 1000, kill => true, error_logger => false, bar => x}}",
    "{message_queue_data, on_heap}",
    "{async_dist, true}",
    "{scheduler, 1}",
  ]) {
    expect(flags(`[${option}]`), option).toBe("");
  }
});

test("what OTP answers with badopt is not", () => {
  for (const option of [
    "foo",
    "{foo, bar}",
    "{link, true}",
    "{priority, up}",
    "{min_heap_size, -1}",
    "{min_heap_size, 1.0}",
    "{min_heap_size, 1180591620717411303424}",
    "{max_heap_size, 1}",
    "{max_heap_size, #{}}",
    "{max_heap_size, #{size => 1000, kill => foo}}",
    "{message_queue_data, mixed}",
    "{async_dist, 1}",
    "{reply, no}",
    "{monitor, yes}",
    "{link, monitor, x}",
  ]) {
    expect(flags(`[${option}]`), option).toBeUndefined();
  }
  expect(flags("foo")).toBeUndefined();
  expect(flags("[link | monitor]")).toBeUndefined();
  expect(spawnFlags(new Array(100_000).fill(parseTerm("link")))).toBeUndefined();
});
