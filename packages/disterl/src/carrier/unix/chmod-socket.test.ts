import { lstatSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { chmodSocket } from "./chmod-socket.ts";

const directory = mkdtempSync(join(tmpdir(), "mode-"));
afterEach(() => rmSync(directory, { recursive: true }));

test("the mode of a socket is set, and not that of what a link in its place leads to", async () => {
  const path = join(directory, "app");
  const server = createServer().listen(path);
  await once(server, "listening");
  chmodSocket(path, 0o640);
  expect(lstatSync(path).mode & 0o777).toBe(0o640);
  const precious = join(directory, "precious");
  writeFileSync(precious, "", { mode: 0o600 });
  for (const target of [precious, path]) {
    const link = join(directory, `link${target.length}`);
    symlinkSync(target, link);
    expect(() => chmodSocket(link, 0o666)).toThrow("something else than our socket");
  }
  expect(statSync(precious).mode & 0o777).toBe(0o600);
  expect(lstatSync(path).mode & 0o777).toBe(0o640);
  await new Promise((resolve) => server.close(resolve));
});
