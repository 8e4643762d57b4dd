import { setTimeout as delay } from "node:timers/promises";
import { atom, ConnectError } from "disterl";
import { CarrierError, TlsCertificateError } from "disterl/carrier";
import type { TestCertificate } from "disterl/testing";
import { afterAll, expect } from "vitest";
import { forEachOtp } from "./otp.ts";
import { causeOf, startTlsPair, TlsFiles, type TlsVersion } from "./tls-setup.ts";

forEachOtp(
  (release, otpTest) => {
    const files = new TlsFiles(release);
    afterAll(() => files[Symbol.dispose]());
    const { authority, stranger } = files;
    const { cacertfile } = authority;
    const right = { certificate: authority.issue("right"), cacertfile };
    const missing = { certificate: undefined, cacertfile };

    for (const version of ["tlsv1.2", "tlsv1.3"] as const satisfies TlsVersion[]) {
      const erlang = { ...right, versions: [version] };

      otpTest("we dial", `both sides verified, ${version}: ping, rpc, messages`, async () => {
        await using pair = await startTlsPair(release, files, { ours: right, erlang });
        const { ours, otp } = pair;
        await ours.ping(otp.nodeName);
        expect(await ours.rpc(otp.nodeName, "erlang", "node", [])).toBe(atom(otp.nodeName));
        expect(await ours.erpc(otp.nodeName, "lists", "sum", [[1, 2, 3]])).toBe(6);
        const big = new Uint8Array(3_000_000).fill(7);
        expect(await ours.erpc(otp.nodeName, "erlang", "byte_size", [big])).toBe(3_000_000);
        expect(await otp.eval("nodes(hidden)")).toBe(`[${ours.name}]`);
      });

      otpTest("Erlang dials", `both sides verified, ${version}: ping, rpc, messages`, async () => {
        await using pair = await startTlsPair(release, files, { ours: right, erlang });
        const { ours, otp } = pair;
        ours.expose("ours", {
          twice: (n) => Number(n) * 2,
          size: (bytes) => (bytes as Uint8Array).length,
        });
        expect(await otp.eval(`net_adm:ping('${ours.name}')`)).toBe("pong");
        expect(await otp.eval(`rpc:call('${ours.name}', ours, twice, [21])`)).toBe("42");
        const big = `erpc:call('${ours.name}', ours, size, [binary:copy(<<7>>, 3000000)])`;
        expect(await otp.eval(big)).toBe("3000000");
        expect(ours.nodes("connected")).toEqual([otp.nodeName]);
      });
    }

    otpTest("we dial", "the node's own newest version of TLS, ours by its defaults", async () => {
      await using pair = await startTlsPair(release, files, { ours: right, erlang: right });
      await pair.ours.ping(pair.otp.nodeName);
    });

    const wrong: [string, TestCertificate, string, string][] = [
      ["of another CA", stranger.issue("theirs"), "issuer", "not issued by a CA that we trust"],
      ["that has expired", authority.issue("old", { days: [-9, -1] }), "validity", "has expired"],
      ["not valid yet", authority.issue("new", { days: [2, 9] }), "validity", "is not valid yet"],
      [
        "for another host",
        authority.issue("far", { names: "DNS:far" }),
        "name",
        "not for the host localhost",
      ],
      ["signed by itself", stranger.selfSigned("self"), "issuer", "signed by itself"],
      [
        "of a client only",
        authority.issue("for-clients", { uses: "clientAuth" }),
        "purpose",
        "serverAuth",
      ],
    ];
    for (const [what, certificate, check, text] of wrong) {
      otpTest("we dial", `a server's certificate ${what} is refused, and named`, async () => {
        const erlang = { certificate, cacertfile };
        await using pair = await startTlsPair(release, files, { ours: right, erlang });
        const error: unknown = await pair.ours
          .connect(pair.otp.nodeName)
          .catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(ConnectError);
        const cause = causeOf(error, TlsCertificateError);
        expect(cause.check).toBe(check);
        expect((error as Error).message).toContain(text);
        expect(cause.certificate?.subject).toMatch(/CN=/);
        expect(pair.ours.nodes("connected")).toEqual([]);
      });
    }

    const wrongClients: [string, TestCertificate | undefined, string][] = [
      ["of another CA", stranger.issue("their-client"), "issuer"],
      ["that has expired", authority.issue("old-client", { days: [-9, -1] }), "validity"],
      ["of a server only", authority.issue("for-servers", { uses: "serverAuth" }), "purpose"],
      ["at all", undefined, "missing"],
    ];
    for (const [what, certificate, check] of wrongClients) {
      const no = certificate === undefined ? "no certificate" : "a certificate";
      otpTest("Erlang dials", `a client with ${no} ${what} is refused, and named`, async () => {
        const erlang = { certificate, cacertfile };
        await using pair = await startTlsPair(release, files, { ours: right, erlang });
        expect(await pair.otp.eval(`net_adm:ping('${pair.ours.name}')`)).toBe("pang");
        const refused = causeOf((await pair.refusal)?.error, TlsCertificateError);
        expect(refused.check).toBe(check);
        expect(pair.ours.nodes("connected")).toEqual([]);
      });
    }

    otpTest(
      "Erlang dials",
      "our certificate for another host: Erlang refuses, we say so",
      async () => {
        const ours = { certificate: authority.issue("ours-far", { names: "DNS:far" }), cacertfile };
        await using pair = await startTlsPair(release, files, { ours, erlang: right });
        expect(await pair.otp.eval(`net_adm:ping('${pair.ours.name}')`)).toBe("pang");
        const refused = causeOf((await pair.refusal)?.error, CarrierError);
        expect(refused.code).toBe("ERR_CARRIER_TLS_REFUSED");
        expect(refused.message).toContain("CN=ours-far");
      },
    );

    const refusedUs: [string, typeof right | typeof missing, RegExp][] = [
      [
        "another CA",
        { certificate: stranger.issue("us"), cacertfile },
        /unknown ca|bad certificate/,
      ],
      ["no certificate", missing, /certificate required|handshake failure|unknown/],
      [
        "an expired certificate",
        { certificate: authority.issue("us-old", { days: [-9, -1] }), cacertfile },
        /certificate expired/,
      ],
    ];
    for (const version of ["tlsv1.2", "tlsv1.3"] as const) {
      for (const [what, ours, alert] of refusedUs) {
        otpTest("we dial", `Erlang refuses us for ${what}, ${version}, and we say so`, async () => {
          const erlang = { ...right, versions: [version] };
          await using pair = await startTlsPair(release, files, { ours, erlang });
          const error: unknown = await pair.ours
            .connect(pair.otp.nodeName)
            .catch((thrown: unknown) => thrown);
          expect(error).toMatchObject({ code: "ERR_CONNECT_CARRIER", layer: "carrier" });
          const { cause } = error as { readonly cause: CarrierError };
          expect(cause.code).toBe("ERR_CARRIER_TLS_REFUSED");
          expect(cause.message).toMatch(alert);
          expect(pair.ours.nodes("connected")).toEqual([]);
        });
      }
    }

    otpTest(
      "both ways",
      "an idle TLS link stays up past two tick times of 8 seconds",
      async () => {
        const flags = ["-kernel", "net_ticktime", "8"];
        await using pair = await startTlsPair(release, files, {
          ours: right,
          erlang: right,
          flags,
        });
        await pair.ours.connect(pair.otp.nodeName);
        await pair.otp.eval("net_kernel:monitor_nodes(true, [{node_type, all}])");
        await delay(20_000);
        expect(await pair.otp.eval("receive M -> M after 0 -> none end")).toBe("none");
        expect(pair.ours.nodes("connected")).toEqual([pair.otp.nodeName]);
      },
      90_000,
    );
  },
  { concurrent: true },
);
