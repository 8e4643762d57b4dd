// Who dials our node and does not accept its certificate: Erlang says why with an alert, ours hangs up.
import type { NodeStatus } from "disterl";
import { CarrierError } from "disterl/carrier";
import { afterAll, expect } from "vitest";
import { forEachOtp } from "./otp.ts";
import { startTlsPair, TlsFiles, type TlsPair } from "./tls-setup.ts";

type Refused = Extract<NodeStatus, { type: "refused" }>;

forEachOtp(
  (release, otpTest) => {
    const files = new TlsFiles(release);
    afterAll(() => files[Symbol.dispose]());
    const { authority, stranger } = files;
    const { cacertfile } = authority;
    const theirs = authority.issue("theirs");

    /** What our node, which is dialled, says of it. */
    async function refusalOf({ refusal, ours }: TlsPair): Promise<Refused> {
      const refused = await refusal;
      if (refused === undefined) throw new Error("the node has ended without a refusal");
      expect(refused.address).toBe("127.0.0.1");
      expect(refused.error.message).toContain("127.0.0.1");
      expect(ours.nodes("connected")).toEqual([]);
      return refused;
    }

    const unwanted = [
      [
        "whose CA it does not trust",
        authority.issue("ours"),
        stranger.cacertfile,
        /"unknown ca".*\(cacertfile\)/,
      ],
      [
        "that has expired",
        authority.issue("ours-old", { days: [-9, -1] }),
        cacertfile,
        /"certificate expired".* has expired/,
      ],
      [
        "that is for another host",
        authority.issue("ours-far", { names: "DNS:elsewhere.example" }),
        cacertfile,
        /"(bad certificate|handshake failure)".* for another host; its log has more/,
      ],
    ] as const;
    for (const version of ["tlsv1.2", "tlsv1.3"] as const) {
      for (const [what, certificate, itsCas, text] of unwanted) {
        otpTest(
          "Erlang dials",
          `a certificate of ours ${what}, ${version}: its alert, and what to do`,
          async () => {
            await using pair = await startTlsPair(release, files, {
              ours: { certificate, cacertfile },
              erlang: { certificate: theirs, cacertfile: itsCas, versions: [version] },
            });
            expect(await pair.otp.eval(`net_adm:ping('${pair.ours.name}')`)).toBe("pang");
            const { code, error } = await refusalOf(pair);
            expect(error).toBeInstanceOf(CarrierError);
            expect(code).toBe("ERR_CARRIER_TLS_REFUSED");
            expect(error.message).toMatch(text);
            expect(error.message).toContain('ours is "O=disterl, CN=ours');
          },
        );
      }
    }
  },
  { concurrent: true },
);
