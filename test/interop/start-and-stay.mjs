// Starts an epmd and an Erlang node, tells their process ids, and stays: to be killed.
import { startCEpmd, startOtpNode } from "disterl/testing";

const release = process.argv[2];
const epmd = await startCEpmd({ release });
const node = await startOtpNode({
  release,
  nameType: "short",
  cookie: "x",
  epmdPort: epmd.port,
});
process.send([epmd.pid, node.pid]);
