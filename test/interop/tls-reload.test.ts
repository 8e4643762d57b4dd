import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type OtpNode, startCEpmd, startOtpNode, type TestCertificate } from "disterl/testing";
import { afterAll, expect } from "vitest";
import { COOKIE, startOurs } from "./node-setup.ts";
import { forEachOtp } from "./otp.ts";
import { TlsFiles } from "./tls-setup.ts";

forEachOtp((release, otpTest) => {
  const files = new TlsFiles(release);
  afterAll(() => files[Symbol.dispose]());
  const { authority: oldCa, stranger: newCa } = files;
  const at = (name: string) => join(oldCa.folder, name);
  const text = (path: string) => readFileSync(path, "utf8");
  const bothCas = text(oldCa.cacertfile) + text(newCa.cacertfile);

  otpTest(
    "both ways",
    "a cluster changes its CA while it runs; files that are half there change nothing",
    async () => {
      const [certfile, keyfile, cacertfile] = [at("own.pem"), at("own.key"), at("cas.pem")];
      const [before, after] = [oldCa.issue("before"), newCa.issue("after")];
      cpSync(before.certfile, certfile);
      cpSync(before.keyfile, keyfile);
      cpSync(oldCa.cacertfile, cacertfile);
      writeFileSync(at("both.pem"), bothCas);

      const warnings: string[] = [];
      const onWarning = (message: string) => void warnings.push(message);
      const epmd = await startCEpmd({ release });
      const tls = { certfile, keyfile, cacertfile, onWarning };
      await using ours = await startOurs(epmd.port, { tls, onWarning: () => {} });
      const start = (certificate: TestCertificate) => {
        const credentials = { certificate, cacertfile: at("both.pem") };
        const optfile = files.inside(files.optfile(credentials, "Erlang"));
        return startOtpNode({
          ...{ release, nameType: "short", cookie: COOKIE, epmdPort: epmd.port },
          flags: ["-hidden", "-proto_dist", "inet_tls", "-ssl_dist_optfile", optfile],
        });
      };
      const [old, young] = await Promise.all([
        start(oldCa.issue("old")),
        start(newCa.issue("young")),
      ]);

      /** Both ways, over a connection of its own each time: `in`, `out`, or how they differ. */
      const verdict = async (otp: OtpNode): Promise<string> => {
        const theirs = await otp.eval(`net_kernel:connect_node('${ours.name}')`);
        ours.disconnect(otp.nodeName);
        const reached = await ours.connect(otp.nodeName).then(
          () => "true",
          () => "false",
        );
        ours.disconnect(otp.nodeName);
        return theirs === reached ? (reached === "true" ? "in" : "out") : `${theirs}, ${reached}`;
      };
      const verdicts = async () => [await verdict(old), await verdict(young)];
      /** What we show to a node that we dial. */
      const shown = async () => {
        await ours.connect(young.nodeName);
        const subject = ours.peer(young.nodeName)?.tls?.ownCertificate?.subject;
        ours.disconnect(young.nodeName);
        return subject;
      };
      const becomes = (expected: string[]) => expect.poll(verdicts, POLL).toEqual(expected);
      const told = (pattern: RegExp) =>
        expect.poll(async () => (await verdict(old)) + warnings.join("\n"), POLL).toMatch(pattern);

      await becomes(["in", "out"]);
      writeFileSync(cacertfile, bothCas.slice(0, -200)); // cut in the middle of the new one
      await told(/^in[^]*cas\.pem[^]*stays in use/);
      expect(await verdicts()).toEqual(["in", "out"]);
      writeFileSync(cacertfile, "");
      await told(/^in[^]*holds no certificate[^]*stays in use/);
      writeFileSync(cacertfile, bothCas);
      await becomes(["in", "in"]);

      // The key comes before its certificate.
      cpSync(after.keyfile, keyfile);
      await told(/^in[^]*is not the key of the certificate[^]*stays in use/);
      expect(await shown()).toContain("CN=before");
      expect(await verdicts()).toEqual(["in", "in"]);
      cpSync(after.certfile, certfile);
      await expect.poll(shown, POLL).toContain("CN=after");
      await ours.connect(young.nodeName);
      const kept = ours.peer(young.nodeName)?.address.port;

      // Only the new CA is left: its nodes stay, and those of the old one are out.
      writeFileSync(cacertfile, text(newCa.cacertfile));
      await expect.poll(() => verdict(old), POLL).toBe("out");
      expect(ours.peer(young.nodeName)?.address.port).toBe(kept);
      expect(await verdicts()).toEqual(["out", "in"]);
      await Promise.all([old.stop(), young.stop()]);
      await epmd.stop();
    },
    180_000,
  );
});

const POLL = { timeout: 60_000, interval: 200 };
