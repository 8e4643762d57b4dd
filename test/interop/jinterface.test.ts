/** Jinterface, the Java library of Erlang/OTP: a node that negotiates less than an emulator. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { atom, t } from "disterl";
import { equalTerms, TermMap } from "disterl/term";
import { startCEpmd } from "disterl/testing";
import { expect } from "vitest";
import { COOKIE, nextStatus, spawnEcho, startOurs } from "./node-setup.ts";
import { forServer } from "./otp.ts";

const LIBRARIES = "/usr/lib/erlang/lib";
const version = existsSync(LIBRARIES)
  ? readdirSync(LIBRARIES).find((name) => name.startsWith("jinterface-"))
  : undefined;
const jar = `${LIBRARIES}/${version ?? "jinterface"}/priv/OtpErlang.jar`;
const peer = fileURLToPath(new URL("jinterface/JavaPeer.java", import.meta.url));

/** Source is run as it is, which takes a JDK. */
const javac = (process.env["PATH"] ?? "")
  .split(":")
  .map((folder) => `${folder}/javac`)
  .find((file) => existsSync(file));

forServer(
  "erlang-jinterface default-jdk-headless",
  javac === undefined ? "javac" : jar,
  (otp, test) => {
    test("Erlang dials", "Jinterface: ping, terms and binaries, both ways", async () => {
      await using epmd = await startCEpmd({ release: otp });
      await using ours = await startOurs(epmd.port);
      spawnEcho(ours);
      ours.expose("pricing", { quote: (item, price) => t(item, 2 * Number(price)) });
      const events = ours.status();
      const name = `java_${process.pid}@localhost`;
      const java = spawn("java", ["-cp", jar, peer, name, COOKIE, ours.name], {
        env: { ...process.env, ERL_EPMD_PORT: String(epmd.port) },
        stdio: ["ignore", "pipe", "inherit"],
      });
      const lines = createInterface({ input: java.stdout })[Symbol.asyncIterator]();
      expect((await lines.next()).value).toBe("ping true");
      expect((await lines.next()).value).toBe("echo true");
      expect((await lines.next()).value).toBe("rpc {acme,42}");
      expect((await lines.next()).value).toBe(
        "rpc {badrpc,{'EXIT',{undef,[{pricing,nope,[],[]}]}}}",
      );
      expect(ours.peer(name)?.flags).not.toContain("DIST_HDR_ATOM_CACHE");

      const inbox = ours.spawn();
      const mirror = { name: "mirror", node: name };
      const terms = [
        [1, [2.5, [3n ** 50n]], t(atom("a"), new Uint8Array(100_000))],
        new TermMap([[atom("key"), t()]]),
        t(inbox.pid, inbox.alias()),
      ];
      for (const term of terms) {
        inbox.send(mirror, t(inbox.pid, term));
        expect(equalTerms(await inbox.receive({ timeout: 5000 }), term)).toBe(true);
      }
      const ended = once(java, "exit");
      inbox.send(mirror, t(inbox.pid, atom("stop")));
      expect(await nextStatus(events, "nodedown")).toMatchObject({ node: `rpc_${name}` });
      expect(await nextStatus(events, "nodedown")).toMatchObject({ node: name });
      await ended;
    });
  },
);
