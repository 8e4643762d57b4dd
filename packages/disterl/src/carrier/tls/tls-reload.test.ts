import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { TestAuthority, type TestCertificate } from "../../testing/test-authority.ts";
import { inetTls } from "./tls.ts";
import { VirtualClock } from "../virtual-clock.ts";

const authority = new TestAuthority();
afterAll(() => authority[Symbol.dispose]());

test("every listener of a carrier uses the files as they are now, and so does the next one", async () => {
  const good = authority.issue("good");
  const elsewhere = authority.issue("elsewhere", { names: "DNS:elsewhere" });
  const certfile = join(authority.folder, "changing.pem");
  const keyfile = join(authority.folder, "changing.key");
  const use = (pair: TestCertificate): void => {
    cpSync(pair.keyfile, keyfile);
    cpSync(pair.certfile, certfile);
  };
  const clock = new VirtualClock();
  const { cacertfile } = authority;
  const quiet = { cacertfile, onWarning: () => {} };
  use(elsewhere);
  const carrier = inetTls({ ...quiet, certfile, keyfile, clock });
  const listen = () => carrier.listen({ host: "127.0.0.1" }, (channel) => channel.destroy());
  const dial = async (port: number): Promise<void> => {
    const dialling = inetTls({ ...quiet, ...good });
    (await dialling.connect({ host: "127.0.0.1", port, node: "a@localhost" })).destroy();
  };
  const listeners = [await listen(), await listen()];
  for (const { address } of listeners) {
    await expect(dial(address.port)).rejects.toMatchObject({ check: "name" });
  }
  use(good);
  await clock.advance(1_000);
  for (const { address } of listeners) await dial(address.port);
  use(elsewhere);
  await clock.advance(1_000);
  const late = await listen();
  await expect(dial(late.address.port)).rejects.toMatchObject({ check: "name" });
  for (const listener of [...listeners, late]) await listener.close();
});
