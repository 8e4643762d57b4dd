import { CallError } from "../otp/errors.ts";
import { atom, atoms } from "../term/atom.ts";
import type { Term } from "../term/term.ts";
import { t } from "../term/tuple.ts";

const BADRPC = atom("badrpc");
const NODEDOWN = atom("nodedown");

/**
 * What `rpc:call` gives where `erpc:call` raises: values as they are, a throw as a value, and
 * `{badrpc, Reason}` for the rest, as a term (kernel RP-2).
 */
export async function rpcResult(erpc: Promise<Term>): Promise<Term> {
  try {
    return await erpc;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    switch (error.code) {
      case "ERR_CALL_NO_CONNECTION":
        return t(BADRPC, NODEDOWN);
      case "ERR_CALL_TIMEOUT":
        return t(BADRPC, atoms.timeout);
      case "ERR_CALL_REMOTE": {
        if (error.class === "throw") return error.reason;
        const { reason, remoteStack } = error;
        return t(
          BADRPC,
          t(atoms.EXIT, remoteStack === undefined ? reason : t(reason, remoteStack)),
        );
      }
      default:
        return t(BADRPC, t(atoms.EXIT, error.reason));
    }
  }
}
