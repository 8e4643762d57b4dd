export { erpcCall, erpcCast } from "./erpc.ts";
export { rpcResult } from "./rpc.ts";
