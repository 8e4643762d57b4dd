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
