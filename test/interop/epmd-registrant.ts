/**
 * A process that registers one name, with an epmd of its own when there is none, and tells each event
 * as a line of JSON. Arguments: port of epmd, name, port of the node.
 */
import { EpmdClient } from "disterl/epmd";

const [port, name = "", nodePort] = process.argv.slice(2);
const client = new EpmdClient({
  port: Number(port),
  allowStart: true,
  server: { addresses: ["127.0.0.1"] },
  onEvent: (event) => console.log(JSON.stringify(event)),
});
const registration = await client.register(name, Number(nodePort));
process.once("SIGTERM", () => void registration.unregister().then(() => client.close()));
