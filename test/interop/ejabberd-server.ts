import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "disterl/testing";
import { runCall } from "../compliance/epmd-programs.ts";
import {
  killServer,
  ON_LOOPBACK,
  type RealServer,
  type RealServerOptions,
  ServerFolder,
  startServerProcess,
} from "./real-server.ts";

/** What has to be there: the script of the package ejabberd, which starts it and is its tool. */
export const EJABBERD = "/usr/sbin/ejabberdctl";

export interface EjabberdOptions extends RealServerOptions {
  /** Full name of its node; one on `localhost` by default. */
  readonly nodeName?: string;
  /** What its `ejabberdctl.cfg` says. */
  readonly ctlConfig?: string;
}

/** Starts ejabberd for the host `localhost`, on loopback; resolves when it serves. */
export async function startEjabberd(options: EjabberdOptions): Promise<RealServer> {
  const folder = new ServerFolder(options);
  const { nodeName = `ejabberd_${process.pid}@localhost`, ctlConfig } = options;
  folder.write("ejabberd.yml", config(await freePort()));
  folder.write("inetrc", INETRC);
  folder.write("ejabberdctl.cfg", ctlConfig ?? `ERL_OPTIONS="${ON_LOOPBACK}"\n`);
  const { env } = folder;
  const script = ownScript(folder);
  const call = (...args: string[]) => {
    const spool = ["-s", join(folder.path, "spool"), "-l", join(folder.path, "logs")];
    return { file: script, args: ["-n", nodeName, "-d", folder.path, ...spool, ...args] };
  };
  try {
    const ready = / is started in the node .*[^]*Start accepting TCP connections/;
    const child = await startServerProcess("ejabberd", call("foreground"), env, ready);
    return {
      nodeName,
      exited: child.exited,
      ctl: (...args) => runCall(call(...args), env),
      async [Symbol.asyncDispose]() {
        await killServer(child);
        folder.remove();
      },
    };
  } catch (cause) {
    folder.remove();
    throw cause;
  }
}

/** The script refuses to run as another user than `ejabberd`; a copy runs as whoever tests. */
function ownScript(folder: ServerFolder): string {
  const text = readFileSync(EJABBERD, "utf8").replace(/^INSTALLUSER=.*$/m, "INSTALLUSER=");
  const script = folder.write("ejabberdctl", text);
  chmodSync(script, 0o755);
  return script;
}

const config = (port: number): string => `
hosts: [localhost]
loglevel: info
listen:
  - {port: ${port}, ip: "127.0.0.1", module: ejabberd_c2s}
modules:
  mod_ping: {}
`;

const INETRC = `
{lookup, [file, native]}.
{host, {127,0,0,1}, ["localhost"]}.
{host, {0,0,0,0,0,0,0,1}, ["localhost"]}.
`;
