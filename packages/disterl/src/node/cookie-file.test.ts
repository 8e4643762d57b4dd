import { execFile } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { ScriptTarget, transpileModule } from "typescript";
import { afterEach, beforeEach, expect, test } from "vitest";

import { Cookie } from "../handshake/cookie.ts";
import { CookieError } from "./cookie-error.ts";
import { type CookieFile, readCookieFile } from "./cookie-file.ts";
import { cookiePlaces, createCookieFile, findCookie } from "./find-cookie.ts";

const LONG_ENOUGH = "DUCKZSPBOLZMHKPBBFIC";
let home: string;
let file: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "disterl-cookie-"));
  file = join(home, ".erlang.cookie");
});

afterEach(() => {
  chmodSync(home, 0o700);
  rmSync(home, { recursive: true });
});

function put(content: string | Buffer, mode = 0o400, path = file): string {
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

function holds(found: CookieFile, text: string): boolean {
  return Buffer.from(found.cookie.digest(1)).equals(Buffer.from(new Cookie(text).digest(1)));
}

function warned(found: CookieFile): string[] {
  return found.warnings.map(({ code }) => code);
}

/** Runs a program in processes of its own, at once, with `findCookie` in scope; what each printed. */
async function programs(count: number, body: string): Promise<string[]> {
  const built = mkdtempSync(join(tmpdir(), "disterl-built-"));
  try {
    chmodSync(built, 0o755);
    writeFileSync(join(built, "package.json"), '{"type":"module"}');
    const entry = build("node/find-cookie.ts", built);
    const program = `import { findCookie } from ${JSON.stringify(entry)};\n${body}`;
    const run = () =>
      promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
        env: { HOME: home },
      });
    return (await Promise.all(Array.from({ length: count }, run))).map(({ stdout }) => stdout);
  } finally {
    rmSync(built, { recursive: true });
  }
}

/** Puts a source file and what it imports into a directory as JavaScript; gives its path there. */
function build(path: string, into: string): string {
  const source = readFileSync(join(import.meta.dirname, "..", path), "utf8");
  const target = join(into, path.replace(/\.ts$/, ".js"));
  mkdirSync(dirname(target), { recursive: true });
  const compilerOptions = { target: ScriptTarget.ES2022, rewriteRelativeImportExtensions: true };
  writeFileSync(target, transpileModule(source, { compilerOptions }).outputText);
  for (const [, imported] of source.matchAll(/^(?:import|export)[^"]*from "(\.[^"]+)"/gm)) {
    const next = join(dirname(path), imported as string);
    if (!existsSync(join(into, next.replace(/\.ts$/, ".js")))) build(next, into);
  }
  return target;
}

function refusal(call: () => unknown): CookieError {
  try {
    call();
  } catch (error) {
    if (error instanceof CookieError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

test.each([0o440, 0o404, 0o644])("CK-01 mode %o is refused and named", (mode) => {
  put(LONG_ENOUGH, mode);
  const error = refusal(() => readCookieFile(file));
  expect(error.code).toBe("ERR_COOKIE_MODE");
  expect(error.message).toContain(`0${mode.toString(8)}`);
  expect(error.message).toContain(`chmod 400 ${file}`);
});

test.each([0o600, 0o400])("CK-02 mode %o is accepted", (mode) => {
  put(LONG_ENOUGH, mode);
  expect(holds(readCookieFile(file), LONG_ENOUGH)).toBe(true);
});

test("CK-03 an empty file is too short", () => {
  put("");
  expect(refusal(() => readCookieFile(file)).code).toBe("ERR_COOKIE_TOO_SHORT");
});

test("CK-03 a file with only a newline is too short", () => {
  put("\n");
  const error = refusal(() => readCookieFile(file));
  expect(error.code).toBe("ERR_COOKIE_TOO_SHORT");
  expect(error.message).toContain("too short");
});

test.each(["\r\n", "\n", "\n\n", "\n  \n", ""])("CK-04 the line may end with %j", (end) => {
  put(`${LONG_ENOUGH}${end}`);
  const found = readCookieFile(file);
  expect(holds(found, LONG_ENOUGH)).toBe(true);
  expect(found.warnings).toEqual([]);
});

test("CK-05 a leading space is kept, with a warning", () => {
  put(` ${LONG_ENOUGH}`);
  const found = readCookieFile(file);
  expect(holds(found, ` ${LONG_ENOUGH}`)).toBe(true);
  expect(warned(found)).toEqual(["leading_space"]);
});

test("CK-06 trailing and inner spaces are kept, the trailing ones with a warning", () => {
  put(`${LONG_ENOUGH} x  \r\n`);
  const found = readCookieFile(file);
  expect(holds(found, `${LONG_ENOUGH} x  `)).toBe(true);
  expect(warned(found)).toEqual(["trailing_space"]);
});

test.each([
  ["inner newline", Buffer.from("abc\ndef"), 4],
  ["second line after spaces", Buffer.from("abc\n  d"), 6],
  ["tab", Buffer.from("abc\td"), 3],
  ["NUL", Buffer.from("ab\0"), 2],
  ["0x7f", Buffer.from("a\x7f"), 1],
  ["0xe4", Buffer.from([0x61, 0xe4]), 1],
  ["UTF-8 BOM", Buffer.from("\ufeffabc"), 0],
])("CK-07 %s is refused with its offset", (_what, content, offset) => {
  put(content);
  const error = refusal(() => readCookieFile(file));
  expect(error.code).toBe("ERR_COOKIE_CHARACTER");
  expect(error.offset).toBe(offset);
  expect(error.message).toContain(String(offset));
  expect(error.message).not.toContain("abc");
});

test("CK-08 255 characters are accepted, 256 are not", () => {
  put("x".repeat(255));
  expect(holds(readCookieFile(file), "x".repeat(255))).toBe(true);
  put("x".repeat(256), 0o600, join(home, "longer"));
  const error = refusal(() => readCookieFile(join(home, "longer")));
  expect(error.code).toBe("ERR_COOKIE_TOO_LONG");
  expect(error.message).toContain("256");
});

test("CK-09 a big file is refused by its size", () => {
  put(Buffer.alloc(1024 * 1024, 0x61));
  const error = refusal(() => readCookieFile(file));
  expect(error.code).toBe("ERR_COOKIE_TOO_LONG");
  expect(error.message).toContain("1048576");
});

test("CK-10 a symbolic link is refused, and followed when asked to", () => {
  const real = put(LONG_ENOUGH, 0o400, join(home, "real"));
  symlinkSync(real, file);
  const error = refusal(() => findCookie({ env: { HOME: home } }));
  expect(error.code).toBe("ERR_COOKIE_SYMLINK");
  expect(error.message).toContain("followSymlinks");
  expect(holds(findCookie({ env: { HOME: home }, followSymlinks: true }), LONG_ENOUGH)).toBe(true);
});

test("CK-10 the checks hold for the target of a followed link", () => {
  symlinkSync(put(LONG_ENOUGH, 0o444, join(home, "real")), file);
  expect(refusal(() => readCookieFile(file, { followSymlinks: true })).code).toBe(
    "ERR_COOKIE_MODE",
  );
});

test.each([false, true])(
  "CK-11 nothing is created through a dangling link (%s)",
  (followSymlinks) => {
    const target = join(home, "target");
    symlinkSync(target, file);
    const error = refusal(() => findCookie({ env: { HOME: home }, followSymlinks }));
    expect(error.code).toBe("ERR_COOKIE_SYMLINK");
    expect(existsSync(target)).toBe(false);
    expect(readdirSync(home)).toEqual([".erlang.cookie"]);
  },
);

test("CK-12 a directory is refused", () => {
  mkdirSync(file);
  const error = refusal(() => readCookieFile(file));
  expect(error.code).toBe("ERR_COOKIE_NOT_A_FILE");
  expect(error.message).toContain("a directory");
});

test("CK-12 a device is refused", () => {
  const error = refusal(() => readCookieFile("/dev/zero"));
  expect(error.code).toBe("ERR_COOKIE_NOT_A_FILE");
  expect(error.message).toContain("a device");
});

test("CK-12 a socket is refused", async () => {
  const server = createServer().listen(file);
  await new Promise((resolve) => server.once("listening", resolve));
  const error = refusal(() => readCookieFile(file));
  expect(error.code).toBe("ERR_COOKIE_NOT_A_FILE");
  await new Promise((resolve) => server.close(resolve));
});

test("CK-12 a named pipe is refused without waiting for a writer", async () => {
  await promisify(execFile)("mkfifo", ["-m", "600", file]);
  const error = refusal(() => readCookieFile(file));
  expect(error.message).toContain("a named pipe");
});

test("CK-13 the file in HOME wins, with a warning when the other differs", () => {
  const config = join(home, "config");
  mkdirSync(join(config, "erlang"), { recursive: true });
  put(`${LONG_ENOUGH}-home`);
  const other = put(`${LONG_ENOUGH}-xdg`, 0o400, join(config, "erlang", ".erlang.cookie"));
  const env = { HOME: home, XDG_CONFIG_HOME: config };
  const found = findCookie({ env });
  expect(holds(found, `${LONG_ENOUGH}-home`)).toBe(true);
  expect(warned(found)).toEqual(["differs"]);
  rmSync(other);
  put(`${LONG_ENOUGH}-home`, 0o400, other);
  expect(findCookie({ env }).warnings).toEqual([]);
});

test("CK-13 without one in HOME the other is used", () => {
  const config = join(home, "config");
  mkdirSync(join(config, "erlang"), { recursive: true });
  put(LONG_ENOUGH, 0o400, join(config, "erlang", ".erlang.cookie"));
  const found = findCookie({ env: { HOME: home, XDG_CONFIG_HOME: config } });
  expect(holds(found, LONG_ENOUGH)).toBe(true);
  expect(found.created).toBe(false);
});

test("CK-2 the configuration directory is the platform's", () => {
  const [, linux] = cookiePlaces({ HOME: "/h" }, "linux");
  expect(linux?.path).toBe("/h/.config/erlang/.erlang.cookie");
  const [, mac] = cookiePlaces({ HOME: "/h" }, "darwin");
  expect(mac?.path).toBe("/h/Library/Application Support/erlang/.erlang.cookie");
  expect(cookiePlaces({ XDG_CONFIG_HOME: "/x" }, "linux")).toEqual([
    { path: "/x/erlang/.erlang.cookie", isHome: false },
  ]);
});

test("CK-5 a missing file is made: strong, mode 0400, nothing else left behind", () => {
  const found = findCookie({ env: { HOME: home } });
  expect(found.created).toBe(true);
  expect(found.path).toBe(file);
  expect(readFileSync(file, "latin1")).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{42}$/);
  expect(statSync(file).mode & 0o777).toBe(0o400);
  expect(readdirSync(home)).toEqual([".erlang.cookie"]);
  expect(holds(findCookie({ env: { HOME: home } }), readFileSync(file, "latin1"))).toBe(true);
});

test("CK-2 without HOME it is made in the configuration directory", () => {
  const found = findCookie({ env: { XDG_CONFIG_HOME: join(home, "made") } });
  expect(found.path).toBe(join(home, "made", "erlang", ".erlang.cookie"));
  expect(found.created).toBe(true);
});

test("CK-2 nothing is made when the caller does not want it", () => {
  const error = refusal(() => findCookie({ env: { HOME: home }, create: false }));
  expect(error.code).toBe("ERR_COOKIE_NOT_FOUND");
  expect(error.path).toBe(file);
  expect(readdirSync(home)).toEqual([]);
});

test("CK-14 a missing home is an error with a remedy", () => {
  const missing = join(home, "nobody");
  const error = refusal(() => findCookie({ env: { HOME: missing } }));
  expect(error.code).toBe("ERR_COOKIE_CREATE");
  expect(error.message).toContain("ENOENT");
  expect(error.message).toContain("set HOME");
  expect(existsSync(missing)).toBe(false);
});

test("CK-14 a home that cannot be written is an error, and nothing is left in it", async () => {
  chmodSync(home, 0o555);
  // The superuser may write everywhere: then another user tries.
  const [answer] = await programs(
    1,
    `if (process.geteuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534); }
     try { findCookie(); } catch (error) { console.log(error.code, error.message); }`,
  );
  expect(answer).toContain("ERR_COOKIE_CREATE");
  expect(answer).toContain("EACCES");
  expect(readdirSync(home)).toEqual([]);
});

test("CK-14 without any home there is no place for a cookie", () => {
  expect(refusal(() => findCookie({ env: {}, platform: "linux" })).code).toBe("ERR_COOKIE_NO_HOME");
});

test("CK-15 of programs that create at once all read the same value", async () => {
  const start = Date.now() + 700;
  const answers = await programs(
    4,
    `while (Date.now() < ${start}) {}
     const found = findCookie();
     console.log(found.created, Buffer.from(found.cookie.digest(1)).toString("hex"));`,
  );
  const digests = answers.map((answer) => answer.trim().split(" ")[1]);
  expect(answers.filter((answer) => answer.startsWith("true"))).toHaveLength(1);
  expect(new Set(digests).size).toBe(1);
  expect(readdirSync(home)).toEqual([".erlang.cookie"]);
});

test("CK-15 who comes second takes what is there", () => {
  put(LONG_ENOUGH);
  const found = createCookieFile(file);
  expect(found.created).toBe(false);
  expect(holds(found, LONG_ENOUGH)).toBe(true);
  expect(readdirSync(home)).toEqual([".erlang.cookie"]);
});

test("T11 a short cookie is used, with a warning that does not show it", () => {
  put("secret");
  const found = readCookieFile(file);
  expect(warned(found)).toEqual(["short"]);
  expect(JSON.stringify(found)).not.toContain('secret"');
  expect(found.warnings[0]?.message).toContain("6 characters");
});

test("T12 a file of another user is refused, and accepted when the user vouches for it", () => {
  // Only the superuser can give files away; everybody else has files of the superuser to look at.
  const foreign = "/proc/1/environ";
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) {
    put(LONG_ENOUGH);
    chownSync(file, 65534, 65534);
  }
  const path = isRoot ? file : foreign;
  const error = refusal(() => readCookieFile(path));
  expect(["ERR_COOKIE_OWNER", "ERR_COOKIE_UNREADABLE"]).toContain(error.code);
  if (isRoot) expect(holds(readCookieFile(file, { anyOwner: true }), LONG_ENOUGH)).toBe(true);
});
