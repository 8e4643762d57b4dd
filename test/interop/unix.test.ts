import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { atom } from "disterl";
import { afterAll, expect } from "vitest";
import { nextStatus, spawnEcho } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";
import { missingErlUds, UnixFolder } from "./unix-setup.ts";

/** Real nodes over unix sockets: OTP's own example of a carrier, `erl_uds_dist`, and ours. */
forEachOtp(
  (release, otpTest) => {
    const folder = new UnixFolder(release);
    afterAll(() => folder[Symbol.dispose]());

    otpTest("we dial", "unix sockets (erl_uds_dist): ping, rpc, large messages", async () => {
      await using otp = await folder.startOtp();
      await using ours = await folder.startOurs();
      await ours.ping(otp.nodeName);
      expect(ours.peer(otp.nodeName)).toMatchObject({
        carrier: "erl_uds",
        address: { family: "local", port: 0 },
      });
      expect(await ours.rpc(otp.nodeName, "erlang", "node", [])).toBe(atom(otp.nodeName));
      const big = new Uint8Array(3_000_000).fill(7);
      expect(await ours.erpc(otp.nodeName, "erlang", "byte_size", [big])).toBe(3_000_000);
      expect(await otp.eval("nodes(hidden)")).toBe(`[${ours.name}]`);
    });

    otpTest(
      "Erlang dials",
      "unix sockets (erl_uds_dist): ping, calls, large messages",
      async () => {
        await using otp = await folder.startOtp();
        await using ours = await folder.startOurs({ hidden: false });
        spawnEcho(ours);
        ours.expose("ours", { size: (bytes) => (bytes as Uint8Array).length });
        expect(await otp.eval(`net_adm:ping('${ours.name}')`)).toBe("pong");
        expect(await otp.eval("nodes()")).toBe(`[${ours.name}]`);
        expect(await otp.eval(`gen_server:call({echo, '${ours.name}'}, {echo, hi})`)).toBe("hi");
        const big = `erpc:call('${ours.name}', ours, size, [binary:copy(<<7>>, 3000000)])`;
        expect(await otp.eval(big)).toBe("3000000");
      },
    );

    otpTest(
      "both ways",
      "unix sockets: nodedown when the other one is killed or stops",
      async () => {
        const otp = await folder.startOtp();
        await using other = await folder.startOtp();
        const ours = await folder.startOurs();
        await ours.connect(otp.nodeName);
        await ours.connect(other.nodeName);
        const status = ours.status();
        await otp.kill();
        expect(await nextStatus(status, "nodedown")).toMatchObject({ node: otp.nodeName });
        await other.eval(`erlang:monitor_node('${ours.name}', true)`);
        await ours.stop();
        const down = `receive {nodedown, '${ours.name}'} -> down after 5000 -> late end`;
        expect(await other.eval(down)).toBe("down");
      },
    );

    otpTest(
      "both ways",
      "unix sockets: what a killed node leaves is taken over, by either",
      async () => {
        const name = "heir";
        const dead = await folder.startOtp({ name });
        await dead.kill();
        expect(lstatSync(join(folder.directory, name)).isSocket()).toBe(true);
        const ours = await folder.startOurs({ name: `${name}@localhost` });
        await using otp = await folder.startOtp();
        expect(await otp.eval(`net_adm:ping('${ours.name}')`)).toBe("pong");
        // Ours, while it lives, is not taken over.
        await expect(folder.startOtp({ name })).rejects.toThrow("no Erlang node");
        expect(await otp.eval(`net_adm:ping('${ours.name}')`)).toBe("pong");
        await ours.stop();
        expect(readdirSync(folder.directory)).not.toContain(name);
        await using heir = await folder.startOtp({ name });
        const late = folder.startOurs({ name: `${name}@localhost` });
        await expect(late).rejects.toMatchObject({ code: "ERR_CARRIER_ADDRESS_IN_USE" });
        await using witness = await folder.startOurs();
        await witness.ping(heir.nodeName);
      },
    );

    otpTest("we dial", "unix sockets: a node that does not run", async () => {
      await using ours = await folder.startOurs();
      await expect(ours.connect("nobody@localhost")).rejects.toMatchObject({
        code: "ERR_CONNECT_CARRIER",
        message: expect.stringContaining("nobody listens there"),
      });
    });
  },
  { missing: missingErlUds },
);
