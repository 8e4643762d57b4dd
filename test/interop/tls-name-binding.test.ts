import { TlsCertificateError } from "disterl/carrier";
import { afterAll, expect } from "vitest";
import { forEachOtp } from "./otp.ts";
import { causeOf, startTlsPair, TlsFiles } from "./tls-setup.ts";

const NONE = ["-ssl_dist_name_binding", "none"];
const NODE = ["-ssl_dist_name_binding", "node"];

forEachOtp(
  (release, otpTest) => {
    const files = new TlsFiles(release);
    afterAll(() => files[Symbol.dispose]());
    const { authority } = files;
    const { cacertfile } = authority;
    const right = { certificate: authority.issue("right"), cacertfile };
    const far = { certificate: authority.issue("far", { names: "DNS:far" }), cacertfile };

    otpTest("Erlang dials", "a certificate of another host: refused, and we say why", async () => {
      await using pair = await startTlsPair(release, files, { ours: right, erlang: far });
      const { ours, otp } = pair;
      expect(await otp.eval(`net_adm:ping('${ours.name}')`)).toBe("pang");
      const refused = await pair.refusal;
      expect(refused?.code).toBe("ERR_CARRIER_TLS_CERTIFICATE");
      const error = causeOf(refused?.error, TlsCertificateError);
      expect(error.check).toBe("name");
      expect(error.message).toContain(`which claims to be ${otp.nodeName}`);
      expect(error.message).toContain("is not for the host localhost: it is for DNS:far");
      expect(ours.nodes("connected")).toEqual([]);
      // And the other way round, as ever.
      const dialled: unknown = await ours.connect(otp.nodeName).catch((thrown: unknown) => thrown);
      expect(causeOf(dialled, TlsCertificateError).check).toBe("name");
    });

    otpTest("Erlang dials", "with -ssl_dist_name_binding none it connects", async () => {
      const who = { ours: right, erlang: far, flags: NONE };
      await using pair = await startTlsPair(release, files, who);
      const { ours, otp } = pair;
      expect(await otp.eval(`net_adm:ping('${ours.name}')`)).toBe("pong");
      expect(ours.nodes("connected")).toEqual([otp.nodeName]);
    });

    otpTest("Erlang dials", "a node without a name: its host counts", async () => {
      for (const [erlang, result] of [
        [right, "true"],
        [far, "false"],
      ] as const) {
        const who = { ours: right, erlang, name: "undefined@localhost" };
        await using pair = await startTlsPair(release, files, who);
        const { ours, otp } = pair;
        expect(await otp.eval(`net_kernel:connect_node('${ours.name}')`)).toBe(result);
        expect(ours.nodes("connected")).toHaveLength(result === "true" ? 1 : 0);
        if (result === "false")
          expect((await pair.refusal)?.error.message).toContain("asks for a name");
      }
    });

    otpTest("both ways", "node: the certificate has to name the whole node", async () => {
      await using unnamed = await startTlsPair(release, files, {
        ...{ ours: right, erlang: right, flags: NODE },
      });
      expect(await unnamed.otp.eval(`net_adm:ping('${unnamed.ours.name}')`)).toBe("pang");
      expect((await unnamed.refusal)?.error.message).toContain(
        `is not for the node ${unnamed.otp.nodeName}`,
      );
      const dialled: unknown = await unnamed.ours
        .connect(unnamed.otp.nodeName)
        .catch((thrown: unknown) => thrown);
      expect(causeOf(dialled, TlsCertificateError).message).toContain("is not for the node");
    });

    otpTest("both ways", "node: a certificate that names it", async () => {
      const name = `named_${process.pid}_${release.release}`;
      const names = `DNS:localhost,URI:${name}@localhost`;
      const erlang = { certificate: authority.issue("whole", { names }), cacertfile };
      for (const we of [true, false]) {
        await using pair = await startTlsPair(release, files, {
          ...{ ours: right, erlang, flags: NODE, name },
        });
        const { ours, otp } = pair;
        if (we) await ours.connect(otp.nodeName);
        else expect(await otp.eval(`net_adm:ping('${ours.name}')`)).toBe("pong");
        expect(ours.nodes("connected")).toEqual([`${name}@localhost`]);
      }
    });
  },
  { concurrent: true },
);
