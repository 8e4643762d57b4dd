import { expect, test } from "vitest";
import { closedAt } from "./errors.ts";

test("without TLS, who hangs up on our name may expect TLS", () => {
  expect(closedAt("status", undefined).message).toMatch(
    /expects TLS there \(-proto_dist inet_tls\)/,
  );
});

test("over TLS, who hangs up without a word most likely refuses our certificate", () => {
  for (const step of ["name", "status"] as const) {
    const { message } = closedAt(step, undefined, "192.0.2.1:4711");
    expect(message).toMatch(
      /with 192\.0\.2\.1:4711 .*TLS.*most likely.* refuses our\s+certificate/,
    );
    expect(message).not.toContain("-proto_dist");
  }
  expect(closedAt("ack", undefined, "192.0.2.1:4711").message).toMatch(
    /most likely the cookies differ/,
  );
});
