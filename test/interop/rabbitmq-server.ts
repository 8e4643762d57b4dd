import { join } from "node:path";
import { freePort } from "disterl/testing";
import { type Outcome, runCall } from "../compliance/epmd-programs.ts";
import {
  killServer,
  ON_LOOPBACK,
  type RealServer,
  type RealServerOptions,
  ServerFolder,
  startServerProcess,
} from "./real-server.ts";

/** Where the package rabbitmq-server puts its scripts. Those in the path change the user. */
const SCRIPTS = "/usr/lib/rabbitmq/bin";

/** What has to be there. */
export const RABBITMQ = `${SCRIPTS}/rabbitmq-server`;

/** A running RabbitMQ. */
export interface RabbitMq extends RealServer {
  /** Port of its node for other nodes. */
  readonly distPort: number;
  /** Runs another one of its tools, such as `rabbitmq-diagnostics`, to the end. */
  tool(name: string, ...args: string[]): Promise<Outcome>;
}

export interface RabbitMqOptions extends RealServerOptions {
  /** Name of its node, `name@host`; one on `localhost` by default. */
  readonly nodeName?: string;
  /** What its `rabbitmq-env.conf` says, which has flags of `erl` for it and its tools. */
  readonly envConf?: string;
}

/** Starts RabbitMQ, without plugins, on loopback; resolves when it serves. */
export async function startRabbitMq(options: RabbitMqOptions): Promise<RabbitMq> {
  const folder = new ServerFolder(options);
  const { nodeName = `rabbit_${process.pid}@localhost`, envConf } = options;
  const distPort = await freePort();
  const inFolder = (name: string): string => join(folder.path, name);
  const env = {
    ...folder.env,
    RABBITMQ_NODENAME: nodeName,
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(await freePort()),
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_MNESIA_BASE: inFolder("mnesia"),
    RABBITMQ_LOG_BASE: inFolder("log"),
    RABBITMQ_PLUGINS_EXPAND_DIR: inFolder("plugins"),
    RABBITMQ_GENERATED_CONFIG_DIR: inFolder("config"),
    RABBITMQ_ENABLED_PLUGINS_FILE: folder.write("enabled_plugins", "[].\n"),
    RABBITMQ_CONFIG_FILE: folder.write("rabbitmq.conf", CONFIG),
    RABBITMQ_ADVANCED_CONFIG_FILE: folder.write("advanced.config", "[].\n"),
    RABBITMQ_CONF_ENV_FILE: folder.write("rabbitmq-env.conf", envConf ?? ENV_CONF),
    RUNNING_UNDER_SYSTEMD: "true", // the script becomes the server, without a shell around it
  };
  const tool = (name: string, ...args: string[]) =>
    runCall({ file: join(SCRIPTS, name), args }, env);
  try {
    const call = { file: RABBITMQ, args: [] };
    const child = await startServerProcess("RabbitMQ", call, env, / completed with \d+ plugins/);
    return {
      nodeName,
      distPort,
      exited: child.exited,
      tool,
      ctl: (...args) => tool("rabbitmqctl", ...args),
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

const ENV_CONF = `
SERVER_ADDITIONAL_ERL_ARGS="${ON_LOOPBACK}"
CTL_ERL_ARGS="${ON_LOOPBACK}"
`;

const CONFIG = `
log.console = true
log.console.level = warning
log.file = false
`;
