import { freePort, type OtpRelease, otpReleases, startCEpmd } from "disterl/testing";
import { startEpmdServer } from "disterl/epmd";

export interface SubjectOptions {
  readonly relaxed?: boolean;
  readonly packetTimeoutSeconds?: number;
}

/** An epmd under test. */
export interface Subject extends AsyncDisposable {
  readonly port: number;
  /** Settles when it has ended by itself. */
  readonly ended: Promise<unknown>;
}

/** Something that starts epmds. */
export interface SubjectKind {
  readonly name: string;
  /** Ours, with the differences its documentation lists. */
  readonly ours: boolean;
  start(options?: SubjectOptions): Promise<Subject>;
}

const disterl: SubjectKind = {
  name: "disterl",
  ours: true,
  start: async ({ relaxed = false, packetTimeoutSeconds = 60 } = {}) => {
    const server = await startEpmdServer({
      port: await freePort(),
      relaxedCommandCheck: relaxed,
      allowKill: true,
      packetTimeoutMs: packetTimeoutSeconds * 1000,
    });
    return {
      port: server.port,
      ended: server.ended,
      [Symbol.asyncDispose]: () => server.close(),
    };
  },
};

function daemonOf(otp: OtpRelease): SubjectKind {
  return {
    name: `epmd of OTP ${otp.release}`,
    ours: false,
    start: async ({ relaxed = false, packetTimeoutSeconds = 60 } = {}) => {
      const epmd = await startCEpmd({
        release: otp,
        flags: [
          "-packet_timeout",
          String(packetTimeoutSeconds),
          ...(relaxed ? ["-relaxed_command_check"] : []),
        ],
      });
      const ended = async (): Promise<void> => {
        await epmd.waitFor(/terminates normal/, { timeoutMs: 600_000 }).catch(() => {});
      };
      return {
        port: epmd.port,
        ended: ended(),
        [Symbol.asyncDispose]: () => epmd[Symbol.asyncDispose](),
      };
    },
  };
}

/** Our server, and the daemon of each Erlang/OTP of this machine. */
export function subjects(): SubjectKind[] {
  return [disterl, ...otpReleases().map(daemonOf)];
}
