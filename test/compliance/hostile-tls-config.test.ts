import { execFileSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startNode } from "disterl";
import { noDiscovery } from "disterl/epmd";
import { parseErlFlags, startOptionsFromFlags } from "disterl/flags";
import { afterAll, describe, expect, test } from "vitest";
import { Certificates, COOKIE } from "./hostile-tls-setup.ts";

/**
 * The catalogue, class CF, for the option file of TLS and the PEM files that it names: each mistake
 * stops the start with one error that says which option, which file and, where there is one, the line.
 */

const certificates = new Certificates();
const { authority, good } = certificates;
afterAll(() => certificates[Symbol.dispose]());

const at = (name: string): string => join(authority.folder, name);
const put = (name: string, content: string | Uint8Array): string => {
  writeFileSync(at(name), content);
  return at(name);
};
const cert = readFileSync(good.certfile, "utf8");
const key = readFileSync(good.keyfile, "utf8");
const ca = readFileSync(authority.cacertfile, "utf8");

interface Outcome {
  readonly error: (Error & { code?: string }) | undefined;
  readonly warnings: readonly string[];
}

/** Starts a node with those flags. */
async function start(...flags: string[]): Promise<Outcome> {
  const told: string[] = [];
  try {
    const argv = ["-sname", "config@localhost", "-proto_dist", "inet_tls", ...flags];
    const { options, warnings } = startOptionsFromFlags(parseErlFlags(argv, {}));
    const onWarning = (message: string): void => void told.push(message);
    const fixed = { cookie: COOKIE, discovery: noDiscovery, onWarning };
    const node = await startNode({ ...options, ...fixed });
    await node.stop();
    return { error: undefined, warnings: [...warnings, ...told] };
  } catch (error) {
    return { error: error as Error, warnings: told };
  }
}

async function withFile(text: string | Uint8Array): Promise<Outcome> {
  return start("-ssl_dist_optfile", put("ssl.conf", text));
}

/** A server and a client of mutual verification, with files of one's own. */
async function withPem(files: {
  certfile?: string;
  keyfile?: string;
  cacertfile?: string;
  password?: string;
}): Promise<Outcome> {
  const all = { certfile: good.certfile, keyfile: good.keyfile, cacertfile: authority.cacertfile };
  const given = Object.entries({ ...all, ...files });
  const list = given.map(([name, value]) => `{${name}, ${JSON.stringify(value)}}`).join(",\n");
  return withFile(`[{server, [${list},\n{verify, verify_peer}]},\n{client, [${list}]}].`);
}

/** One error, of the code, that says all of it; and no secret. */
function expectError({ error }: Outcome, code: string, ...says: (string | RegExp)[]): void {
  expect(error).toMatchObject({ code });
  for (const what of says) expect(error?.message).toMatch(what);
  expect(error?.message.length).toBeLessThan(1_000);
  expect(error?.message).not.toMatch(/s3cret|MIGHAgEA/);
}

describe("CF-01 the syntax of the option file", () => {
  const conf = /-ssl_dist_optfile .*ssl\.conf/;

  test.each([
    ["an open bracket", "[{server, [{depth, 1}]}", /line 1, column/],
    [
      "an open bracket in line 3",
      "[{server,\n [{depth, 1},\n {verify, verify_peer}}].",
      /line 3, column/,
    ],
    ["a bracket too many", "[{server, []}]].", /line 1, column/],
    [
      "a fun",
      "[{server, [\n{verify_fun, {fun(_, _, S) -> {valid, S} end, []}}]}].",
      /line 2, column/,
    ],
    ["a call", '[{server, [{certfile, os:getenv("X")}]}].', /line 1, column/],
    ["a variable", "[{server, [{depth, Depth}]}].", /line 1, column/],
    ["a macro", "[{server, [{depth, ?D}]}].", /line 1, column/],
    ["a pid", "[{server, [{depth, <0.1.0>}]}].", /line 1, column/],
    ["a string without an end", '[{server, [\n\n{certfile, "a}]}].', /line 3, column/],
    ["a byte order mark", "\ufeff[{server, []}].", /line 1: begins with a byte order mark/],
    ["UTF-16", Buffer.from("[{server, []}].", "utf16le"), /line 1, column/],
    ["no point at the end", "[{server, []}]", /line 1/],
    ["JSON", '{"server": {}}', /line 1, column/],
    ["PEM", cert, /line 1, column/],
  ])("%s", async (_what, text, says) => {
    expectError(await withFile(text), "ERR_FLAG_SYNTAX", conf, says);
  });

  test("100,000 nested lists, tuples, maps, signs and parentheses", async () => {
    for (const [open, close] of ["[]", "{}", "()"]) {
      const deep = `${open?.repeat(1e5)}1${close?.repeat(1e5)}`;
      const whole = await withFile(`[{server, [{depth, ${deep}}]}].`);
      if (open === "(") expect(whole.error).toBeUndefined();
      else expectError(whole, "ERR_FLAG_VALUE", conf);
      expect((await withFile(`[{server, [{depth, ${open?.repeat(1e5)}`)).error).toMatchObject({
        code: "ERR_FLAG_SYNTAX",
      });
    }
    expect((await withFile("#{a=>".repeat(1e5))).error).toMatchObject({ code: "ERR_FLAG_SYNTAX" });
    expect((await withFile("-".repeat(1e5))).error).toMatchObject({ code: "ERR_FLAG_SYNTAX" });
  });
});

describe("CF-02 options that there are not", () => {
  test.each([
    [
      "fail_if_no_peer_certs",
      "[{server, [\n{fail_if_no_peer_certs, true}]}].",
      /line 2: server fail_if/,
    ],
    ["Verify in capitals", "[{server, ['VERIFY', {depth, 1}]}].", /line 1: server 'VERIFY'/],
    ["a name of JavaScript", "[{server, [{'__proto__', true}]}].", /__proto__/],
    ["another one", "[{server, [{constructor, true}]}].", /constructor/],
    ["a side that is none", "[{sever, [{depth, 1}]}].", /sever/],
    ["an option outside of a side", "[{verify, verify_peer}].", /expected \{server/],
    ["a control character in a name", "[{server, [{'a\\e[31mb', 1}]}].", /server 'a/],
  ])("%s", async (_what, text, says) => {
    const outcome = await withFile(text);
    expectError(outcome, "ERR_FLAG_VALUE", says);
    expect(outcome.error?.message).not.toContain("\u001b");
  });
});

describe("CF-05 PEM files", () => {
  const other = authority.issue("another");
  const encrypted = (cipher: string): string =>
    createPrivateKey(key)
      .export({ type: "pkcs8", format: "pem", cipher, passphrase: "s3cret" })
      .toString();
  const CONFIG = "ERR_CARRIER_TLS_CONFIG";

  test("no key, two keys, the key of another certificate, a public key", async () => {
    const none = put("none.pem", "# no key\n");
    expectError(
      await withPem({ keyfile: none }),
      CONFIG,
      /server keyfile .*none\.pem: .*no private key/,
    );
    const two = put("two.pem", `${key}${readFileSync(other.keyfile, "utf8")}`);
    expectError(
      await withPem({ keyfile: two }),
      CONFIG,
      /two\.pem: holds 2 private keys, on lines 1 and 6/,
    );
    expectError(
      await withPem({ keyfile: other.keyfile }),
      CONFIG,
      /another\.key: is not the key of/,
    );
    const mixed = put("mixed.key", cert);
    expectError(await withPem({ keyfile: mixed }), CONFIG, /mixed\.key: .*no private key/);
  });

  test("an encrypted key: without, with a wrong, and with the right password", async () => {
    const keyfile = put("encrypted.key", encrypted("aes-256-cbc"));
    expectError(
      await withPem({ keyfile }),
      CONFIG,
      /encrypted\.key: .*encrypted; give its password/,
    );
    expectError(
      await withPem({ keyfile, password: "s3cret!" }),
      CONFIG,
      /encrypted\.key: the password is wrong/,
    );
    expect((await withPem({ keyfile, password: "s3cret" })).error).toBeUndefined();
    const old = at("old.key");
    execFileSync(
      "openssl",
      ["ec", "-in", good.keyfile, "-out", old, "-aes128", "-passout", "pass:s3cret"],
      { stdio: "pipe" },
    );
    expect(readFileSync(old, "latin1")).toContain("Proc-Type: 4,ENCRYPTED");
    expectError(await withPem({ keyfile: old }), CONFIG, /give its password/);
    expect((await withPem({ keyfile: old, password: "s3cret" })).error).toBeUndefined();
  });

  test("CRLF, a byte order mark, text in front, indentation, all in one file: read", async () => {
    const crlf = (text: string): string => text.replaceAll("\n", "\r\n");
    const files = {
      certfile: put("crlf.pem", `\ufeffSubject: good\r\n${crlf(cert)}`),
      keyfile: put("crlf.key", `\ufeff${crlf(key)}trailing words`),
      cacertfile: put("indented.pem", `junk\n${ca.replaceAll("\n", "\n   ")}`),
    };
    expect((await withPem(files)).error).toBeUndefined();
    const one = put("one.pem", key + cert);
    expect((await withPem({ certfile: one, keyfile: one })).error).toBeUndefined();
  });

  test("cut, damaged, of another kind", async () => {
    const cut = put("cut.pem", cert.slice(0, -30));
    expectError(
      await withPem({ certfile: cut }),
      CONFIG,
      /server certfile .*cut\.pem: line 1: .*does not end/,
    );
    const second = put("second.pem", ca + ca.replace(/MII/, "AAA"));
    const line = ca.split("\n").length;
    expectError(
      await withPem({ cacertfile: second }),
      CONFIG,
      new RegExp(`second\\.pem: line ${line}: this certificate cannot be read`),
    );
    const damaged = put("damaged.key", key.replace(/MIG/, "AAA"));
    expectError(
      await withPem({ keyfile: damaged }),
      CONFIG,
      /damaged\.key: the key on line 1 cannot be read/,
    );
    const der = put("cert.der", Buffer.from(cert.split("\n").slice(1, -2).join(""), "base64"));
    expectError(
      await withPem({ certfile: der }),
      CONFIG,
      /cert\.der: holds no certificate \(a PEM block/,
    );
    const swapped = { certfile: good.keyfile, keyfile: good.certfile };
    expectError(await withPem(swapped), CONFIG, /good\.key: holds no certificate/);
  });
});

test("CF-06 CAs: an empty file, comments only, a key, nothing at all", async () => {
  const CONFIG = "ERR_CARRIER_TLS_CONFIG";
  for (const [name, content] of Object.entries({
    empty: "",
    comments: "# ours\n#\n",
    key,
    crlf: "\r\n\r\n",
  })) {
    const cacertfile = put(`ca-${name}.pem`, content);
    expectError(
      await withPem({ cacertfile }),
      CONFIG,
      /server cacertfile .*ca-.*: holds no certificate/,
    );
  }
  const text = `[{server, [{certfile, "${good.certfile}"}, {keyfile, "${good.keyfile}"}, {verify, verify_peer}]}].`;
  expectError(await withFile(text), CONFIG, /server verify_peer.*cacertfile/);
});

test("CF-07 verify_none works, and is told loudly, once for each side", async () => {
  const own = `{certfile, "${good.certfile}"}, {keyfile, "${good.keyfile}"}, {verify, verify_none}`;
  const { error, warnings } = await withFile(`[{server, [${own}]}, {client, [${own}]}].`);
  expect(error).toBeUndefined();
  const loud = warnings.filter((text) => /verify_peer/.test(text));
  expect(loud).toHaveLength(2);
  expect(loud.join("\n")).toMatch(
    /server: peers are not verified[^]*client: nodes that are dialled/,
  );
  const onlyServer = await withFile(
    `[{server, [${own}]}, {client, [{cacertfile, "${authority.cacertfile}"}]}].`,
  );
  expect(onlyServer.error).toBeUndefined();
  expect(onlyServer.warnings.filter((text) => /not verified/.test(text))).toHaveLength(1);
});

describe("CF-10 files that are none", () => {
  const kinds: Record<string, () => string> = {
    "a missing file": () => at("missing"),
    "a folder": () => {
      mkdirSync(at("folder"), { recursive: true });
      return at("folder");
    },
    "a named pipe": () => {
      execFileSync("mkfifo", [at("pipe")], { stdio: "pipe" });
      return at("pipe");
    },
    "a device without an end": () => "/dev/zero",
    "a file of 100 MB": () => {
      truncateSync(put("big", ""), 100_000_000);
      return at("big");
    },
    "a link in a circle": () => {
      symlinkSync(at("circle"), at("circle"));
      return at("circle");
    },
    "a name with NUL": () => "a\0b",
    "a name that is too long": () => `/${"x".repeat(5_000)}`,
    "a file below a file": () => `${good.certfile}/below`,
    memory: () => "/proc/self/mem",
  };

  test.each(Object.entries(kinds))("%s", async (_what, make) => {
    const path = make();
    expect((await start("-ssl_dist_optfile", path)).error).toMatchObject({
      code: "ERR_FLAG_FILE",
      message: expect.stringContaining("-ssl_dist_optfile"),
    });
    for (const option of ["certfile", "keyfile", "cacertfile"] as const) {
      const { error } = await withPem({ [option]: path });
      expect(error).toMatchObject({
        code: expect.stringMatching(/^ERR_(CARRIER_TLS_CONFIG|FLAG_SYNTAX)$/),
      });
      expect(error?.message).toMatch(option);
    }
  });

  test("a file that becomes one of those while the node runs changes nothing, and is told", async () => {
    const told: string[] = [];
    const certfile = put("running.pem", cert);
    const { inetTls, VirtualClock } = await import("disterl/carrier");
    const clock = new VirtualClock();
    const onWarning = (message: string): void => void told.push(message);
    const { cacertfile } = authority;
    const options = { ...certificates.tls, certfile, cacertfile, clock, onWarning };
    const carrier = inetTls(options);
    const listener = await carrier.listen({ host: "127.0.0.1" }, (channel) => channel.destroy());
    const dial = async (): Promise<void> => {
      await clock.advance(1_000);
      const { port } = listener.address;
      (await carrier.connect({ host: "127.0.0.1", port, node: "a@localhost" })).destroy();
    };
    await dial();
    for (const [name, replace] of Object.entries({
      "a link in a circle": () =>
        execFileSync("ln", ["-sfn", certfile, certfile], { stdio: "ignore" }),
      nothing: () => execFileSync("rm", ["-f", certfile]),
      "a folder": () => execFileSync("mkdir", [certfile]),
    })) {
      try {
        replace();
      } catch {
        execFileSync("rm", ["-f", certfile]);
        symlinkSync(certfile, certfile);
      }
      await dial().catch((error: unknown) => {
        throw new Error(`${name}: the dial failed`, { cause: error });
      });
    }
    expect(told.filter((text) => text.includes("stays in use")).length).toBeGreaterThan(1);
    await listener.close();
  });
});

test("the option file is Latin-1, or UTF-8 where it says so", async () => {
  mkdirSync(at("zürich"), { recursive: true });
  for (const name of ["good.pem", "good.key"]) {
    writeFileSync(at(`zürich/${name}`), readFileSync(at(name)));
  }
  const text = `[{server, [{certfile, "${at("zürich/good.pem")}"}, {keyfile, "${at("zürich/good.key")}"},
    {cacertfile, "${authority.cacertfile}"}, {verify, verify_peer}]}].`;
  expect((await withFile(Buffer.from(text, "latin1"))).error).toBeUndefined();
  expect((await withFile(`%% coding: utf-8\n${text}`)).error).toBeUndefined();
  expectError(
    await withFile(text),
    "ERR_CARRIER_TLS_CONFIG",
    /certfile .*does not exist \(ENOENT\)/,
  );
});
