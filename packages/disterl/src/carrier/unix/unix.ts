import { lstatSync } from "node:fs";
import * as net from "node:net";
import type {
  Carrier,
  Channel,
  ConnectOptions,
  Listener,
  ListenOptions,
  NetAddress,
} from "../carrier.ts";
import { type Clock, systemClock } from "../clock.ts";
import { CarrierError, dialError } from "../errors.ts";
import { adopt, onRead } from "../socket-reading.ts";
import { UnixChannel } from "./unix-channel.ts";
import { checkDirectory, ensureDirectory, isCode, type UnixAccess } from "./unix-directory.ts";
import { checkLength, UnixFile } from "./unix-file.ts";

/** Options of {@link unixSocket}. */
export interface UnixSocketOptions {
  /**
   * Where the sockets are, one file per node: the part of the node's name before its `@`. It is made,
   * with mode 0700, when it is missing. It is the protection: whoever can write there can pose as a
   * node that does not run, so only we may, or root.
   */
  readonly directory: string;
  /**
   * `"group"`: whoever owns the directory, and its group, may write there, and connect, so that users of one
   * group run nodes that find each other; each of them can pose as any node there. Default `"user"`.
   */
  readonly access?: UnixAccess | undefined;
  /**
   * Hosts, as in `name@host`, whose nodes are looked for here when the node has several carriers. Default:
   * those of the nodes that listen on this carrier; while none does, as with `listen: false`, any.
   */
  readonly hosts?: readonly string[] | undefined;
}

const KNOWN: Readonly<Record<keyof UnixSocketOptions, true>> = {
  directory: true,
  access: true,
  hosts: true,
};

const UNNAMED: NetAddress = { family: "local", address: "", port: 0 };

/**
 * Unix domain sockets: nodes of one machine, found by files in a directory, without ports and without
 * epmd. Speaks with `erl_uds_dist`, the example of OTP's kernel (OTP 25 to 29): handshake packets
 * have a length of two bytes, and the file of `app@host` is `app`. Differs in: the directory is chosen,
 * not the one that the program was started in, and must not be open to others; the file is for us
 * alone; only a socket whose node is dead is taken over.
 */
class UnixCarrier implements Carrier {
  readonly name = "erl_uds";
  readonly handshakeLengthBytes = 2;
  readonly findsNodes = true;
  readonly #directory: string;
  readonly #access: UnixAccess;
  readonly #hosts: readonly string[] | undefined;
  readonly #clock: Clock;
  /** Hosts of the nodes that listen, each as often as there are some. */
  readonly #ownHosts: string[] = [];

  constructor(options: UnixSocketOptions, clock: Clock) {
    const { directory, access = "user", hosts } = options;
    for (const name of Object.keys(options)) {
      if (!Object.hasOwn(KNOWN, name)) throw new TypeError(`unixSocket has no option "${name}"`);
    }
    if (typeof directory !== "string" || directory === "" || directory.includes("\0")) {
      throw new TypeError("unixSocket: directory is the path of a directory");
    }
    if (access !== "user" && access !== "group") {
      throw new TypeError(`unixSocket: access is "user" or "group", not "${String(access)}"`);
    }
    if (hosts !== undefined && !isHostList(hosts)) {
      throw new TypeError("unixSocket: hosts is a list of hosts, such as those of app@db1: db1");
    }
    this.#directory = directory;
    this.#access = access;
    this.#hosts = hosts;
    this.#clock = clock;
  }

  /** A node of this machine that has a socket here. */
  reaches(node: string): boolean {
    const [name = "", host = ""] = node.split("@");
    const hosts = this.#hosts ?? this.#ownHosts;
    if (hosts.length > 0 && !hosts.includes(host)) return false;
    if (!isFileName(name)) return false;
    try {
      return lstatSync(`${this.#directory}/${name}`).isSocket();
    } catch {
      return false; // nothing is there, or nothing that we can see
    }
  }

  async listen(options: ListenOptions, onChannel: (channel: Channel) => void): Promise<Listener> {
    assertUnix();
    const { name, host } = partsOf(options.node, "listen");
    const path = `${ensureDirectory(this.#directory, this.#access)}/${name}`;
    const local: NetAddress = { family: "local", address: path, port: 0 };
    const server = net.createServer({ pauseOnConnect: true, allowHalfOpen: true });
    server.on("connection", (socket) => {
      adopt(socket, (chunk) => channel.received(chunk));
      const channel = new UnixChannel(socket, local, UNNAMED, this.#clock);
      onChannel(channel);
    });
    const mode = this.#access === "group" ? 0o660 : 0o600;
    const { backlog = 511 } = options;
    const file = await UnixFile.bind(server, path, { mode, backlog, clock: this.#clock });
    server.on("error", noop);
    this.#ownHosts.push(host);
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closing ??= new Promise((resolve) => {
        this.#ownHosts.splice(this.#ownHosts.indexOf(host), 1);
        file.close();
        setImmediate(resolve);
      });
      return closing;
    };
    return { address: local, close };
  }

  async connect({ node, signal }: ConnectOptions): Promise<Channel> {
    signal?.throwIfAborted();
    assertUnix();
    const { name } = partsOf(node, "connect");
    const path = this.#pathOf(name);
    return new Promise((resolve, reject) => {
      let channel: UnixChannel | undefined;
      const read = onRead((chunk) => channel?.received(chunk));
      const socket = net.connect({ path, allowHalfOpen: true, onread: read });
      socket.pause();
      const settled = (): void => {
        signal?.removeEventListener("abort", onAbort);
        socket.off("error", onError);
      };
      const onAbort = (): void => {
        settled();
        socket.on("error", noop).destroy();
        reject(signal?.reason);
      };
      const onError = (error: Error): void => {
        settled();
        reject(isCode(error, "EACCES") ? notAllowed(path, error) : dialError(path, error));
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      socket.once("error", onError);
      socket.once("connect", () => {
        settled();
        const remote: NetAddress = { family: "local", address: path, port: 0 };
        channel = new UnixChannel(socket, UNNAMED, remote, this.#clock);
        resolve(channel);
      });
    });
  }

  /** Where a node is dialled. A directory that others can write to may hold anybody's socket. */
  #pathOf(name: string): string {
    return checkLength(`${checkDirectory(this.#directory, this.#access)}/${name}`);
  }
}

/**
 * Unix domain sockets in a directory (`-proto_dist erl_uds`): for nodes of one machine.
 *
 *     const node = await startNode({ name: "app", carrier: unixSocket({ directory: "/run/app" }) });
 *
 * Listening and dialling throw `CarrierError`s: `ERR_CARRIER_ADDRESS` for a directory that is not ours
 * alone or a path of more than 107 bytes, `ERR_CARRIER_ADDRESS_IN_USE` for a name whose node runs,
 * `ERR_CARRIER_REFUSED` for one whose node does not.
 *
 * @throws TypeError
 */
export function unixSocket(options: UnixSocketOptions, clock: Clock = systemClock): Carrier {
  return new UnixCarrier(options, clock);
}

/** @throws TypeError; CarrierError when the name cannot be that of a file. */
function partsOf(node: string | undefined, call: string): { name: string; host: string } {
  if (node === undefined) throw new TypeError(`unix sockets: ${call} needs the name of a node`);
  const [name = "", host = ""] = node.split("@");
  if (isFileName(name)) return { name, host };
  const text = `carrier: no socket can be called ${JSON.stringify(name)}, of the node ${node}`;
  throw new CarrierError("ERR_CARRIER_ADDRESS", `${text}; use letters, digits, _ and -`);
}

function isHostList(hosts: unknown): boolean {
  return Array.isArray(hosts) && hosts.every((host) => typeof host === "string" && host !== "");
}

function isFileName(name: string): boolean {
  return /^[\w-]+$/.test(name);
}

function assertUnix(): void {
  if (process.platform !== "win32") return;
  throw new CarrierError("ERR_CARRIER_ADDRESS", "carrier: there are no unix sockets on Windows");
}

function notAllowed(path: string, cause: Error): CarrierError {
  const text = `carrier: cannot connect to ${path}: EACCES; the node there is another user's`;
  return new CarrierError("ERR_CARRIER_UNREACHABLE", text, { cause });
}

function noop(): void {}
