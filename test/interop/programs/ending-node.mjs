// A node that ends in the way that its first argument says, when it gets SIGUSR2; the other
// arguments are Erlang's flags.
import { once } from "node:events";
import { startNode } from "disterl";
import { parseErlFlags, startOptionsFromFlags } from "disterl/flags";

const [how, ...argv] = process.argv.slice(2);
const { options } = startOptionsFromFlags(parseErlFlags(argv));
const node = await startNode(options);

/** Ways to end. */
const ends = {
  stop: () => node.stop(),
  netKernelStop: () => node.netKernel.stop(),
  exit: () => process.exit(3),
  throw: () => setImmediate(() => nothing.happens),
  reject: () => void Promise.reject(new Error("nobody catches it")),
  abort: () => process.abort(),
};

const told = once(process, "SIGUSR2");
console.log(`READY ${node.name}`);
await told;
await ends[how]();
console.log("ENDED");
// Distribution has ended, and the program has not.
if (how === "netKernelStop") setInterval(() => {}, 2 ** 30);
