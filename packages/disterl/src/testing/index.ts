/**
 * For tests: a cluster in one process with a clock of its own, real Erlang nodes and epmds on
 * loopback, a peer that speaks raw bytes, certificates of a test's own, and the suite that every carrier
 * passes. Needs Node.js built-ins that a service does not; keep it out of those.
 *
 * @module
 */
export { type CEpmd, type CEpmdOptions, freePort, startCEpmd } from "./c-epmd.ts";
export type { WaitOptions } from "./child.ts";
export { OtpEvalError, TestingError, type TestingErrorCode } from "./errors.ts";
export { type EvalOptions, type OtpNode, type OtpNodeOptions, startOtpNode } from "./otp-node.ts";
export {
  missingOtp,
  type OtpRelease,
  otpProgram,
  otpReleases,
  type ProgramCall,
  requireOtp,
  wantedReleases,
} from "./otp-release.ts";
export {
  RAW_FLAGS_C_NODE,
  RAW_FLAGS_OTP_25,
  RAW_FLAGS_OTP_29,
  type RawAddress,
  type RawAgreement,
  type RawIntroduction,
  RawListener,
  RawPeer,
  rawBytes,
  rawChallengePacket,
  rawDigest,
  rawNamePacket,
  rawReplyPacket,
} from "./raw-peer.ts";
export { Cluster, type NodeNames } from "./cluster/cluster.ts";
export type {
  ClusterNodeOptions,
  ClusterNodeSettings,
  ClusterOptions,
} from "./cluster/cluster-options.ts";
export { seededRandom } from "./cluster/seeded-random.ts";
export { startCluster } from "./cluster/start-cluster.ts";
export type { CarrierCheck } from "./carrier-check.ts";
export { CarrierRig, type CarrierUnderTest, ChannelLog } from "./carrier-rig.ts";
export { type CarrierSuiteOptions, carrierChecks, carrierSuite } from "./carrier-suite.ts";
export {
  TestAuthority,
  type TestCertificate,
  type TestCertificateOptions,
  type TestListOptions,
} from "./test-authority.ts";
