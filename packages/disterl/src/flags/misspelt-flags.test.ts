import { expect, test } from "vitest";
import { parseErlFlags } from "./erl-flags.ts";
import { startOptionsFromFlags } from "./start-options-from-flags.ts";

function warnings(...argv: string[]): readonly string[] {
  return startOptionsFromFlags(parseErlFlags(argv, {})).warnings;
}

test.each([
  [["-dist_lisen", "false"], "-dist_lisen is not known and has no effect; is -dist_listen meant?"],
  [["-proto_dst", "x"], "-proto_dst is not known and has no effect; is -proto_dist meant?"],
  [
    ["-kernel", "inet_dist_use_interfac", "{127,0,0,1}"],
    "-kernel inet_dist_use_interfac is not known and has no effect; is inet_dist_use_interface meant?",
  ],
  [
    ["-kernel", "inet_dits_listen_min", "9100"],
    "-kernel inet_dits_listen_min is not known and has no effect; is inet_dist_listen_min meant?",
  ],
])("%j is told", (argv, told) => {
  expect(warnings(...argv)).toEqual([told]);
});

test("flags and parameters of the program itself are not", () => {
  const argv = ["-hidden", "-verbosity", "2", "-kernel", "logger_level", "debug", "-mode", "x"];
  expect(
    warnings(...argv, "-kernel", "inet_dist_listen_max", "2", "inet_dist_listen_min", "1"),
  ).toEqual([]);
});
