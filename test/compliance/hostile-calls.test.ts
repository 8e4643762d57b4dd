import { atom, type Node, withCall } from "disterl";
import type { Pid } from "disterl/term";
import { RAW_FLAGS_OTP_29, RawPeer } from "disterl/testing";
import { describe, expect, test } from "vitest";
import { COOKIE, frame, hex, hostileScene, pidOf, refOf, type Scene } from "./hostile-setup.ts";

/** The hostile-input catalogue, class CT, against a node that has functions to call. */

const ATOM = (text: string): string => `77${text.length.toString(16).padStart(2, "0")}${hex(text)}`;
const LIST = (...items: string[]): string =>
  items.length === 0 ? "6a" : `6c${items.length.toString(16).padStart(8, "0")}${items.join("")}6a`;
const MONITOR = LIST(ATOM("monitor"));
const LINK_AND_MONITOR = LIST(ATOM("link"), ATOM("monitor"));
const WORD = `6d00000002${hex("id")}`;

/** How many functions of the scene have run, and what they were given. */
const ran: unknown[][] = [];

function expose(node: Node): void {
  ran.length = 0;
  const run = (...args: unknown[]): void => void ran.push(args);
  node.expose("pricing", { quote: run, stay: withCall(() => new Promise<void>(() => {})) });
  // Names that must not be taken for what JavaScript has under them.
  node.expose("constructor", { prototype: run });
}

async function exposed(options: Parameters<typeof hostileScene>[0] = {}): Promise<Scene> {
  const scene = await hostileScene(options);
  expose(scene.node);
  return scene;
}

interface Request {
  readonly module: string;
  readonly fun: string;
  readonly options?: string;
  readonly args?: string;
  readonly arity?: number;
}

let peers = 0;

/** A peer without an atom cache: each message has its atoms in full. */
async function dial(scene: Scene, name: string): Promise<RawPeer> {
  const peer = await RawPeer.dial({ port: scene.port });
  await peer.initiate({ name, cookie: COOKIE, flags: RAW_FLAGS_OTP_29 & ~0x2000n });
  return peer;
}

/** A control message behind a header without references, and what it carries. */
function message(control: string, payload = ""): string {
  return frame(`8344 00 ${control} ${payload}`);
}

/** `{29, Ref, From, GL, {M, F, Arity}, Opts}` and the arguments. */
function spawnRequest(
  name: string,
  { module, fun, options = MONITOR, args = LIST(WORD), arity = 1 }: Request,
  number = 1,
): string {
  const pid = pidOf(name);
  const mfa = `6803 ${ATOM(module)} ${ATOM(fun)} 61${arity.toString(16).padStart(2, "0")}`;
  const control = `6806 611d ${refOf(name, number)} ${pid} ${pid} ${mfa} ${options}`;
  return message(control, args);
}

/** What comes back for a spawn request: as many messages as asked for, as text. */
async function answers(scene: Scene, request: Request, count: number): Promise<string[]> {
  const name = `caller${++peers}@localhost`;
  const peer = await dial(scene, name);
  peer.sendHex(spawnRequest(name, request));
  const found: string[] = [];
  for (let i = 0; i < count; i++) found.push((await peer.receiveMessage()).toString("latin1"));
  peer.close();
  return found;
}

/** `{6, From, '', Name}` and a message. */
function regSend(name: string, to: string, term: string): string {
  return message(`6804 6106 ${pidOf(name)} 7700 ${ATOM(to)}`, term);
}

/** Pid of ours as hex: V4 node, id, serial and creation. */
function hexOf({ node, id, serial, creation }: Pid): string {
  const word = (value: number): string => value.toString(16).padStart(8, "0");
  return `58 ${ATOM(node.text)} ${word(id)} ${word(serial)} ${word(creation)}`;
}

async function nextMessage(peer: RawPeer): Promise<string> {
  return (await peer.receiveMessage()).toString("latin1");
}

function pidOfService(node: Node, name: string): Pid {
  const pid = node.whereis(name);
  if (pid === undefined) throw new Error(`${name} is not there`);
  return pid;
}

describe("spawn requests", () => {
  test("CT-13 what was not exposed does not run, and is undefined", async () => {
    await using scene = await exposed();
    for (const [module, fun] of [
      ["os", "cmd"],
      ["child_process", "exec"],
      ["process", "exit"],
      ["fs", "readFileSync"],
      ["erlang", "apply"],
      ["erlang", "halt"],
      ["pricing", "constructor"],
      ["pricing", "__proto__"],
      ["constructor", "constructor"],
      ["__proto__", "quote"],
      ["erpc", "quote"],
    ] as const) {
      const [reply, down] = await answers(scene, { module, fun }, 2);
      // A process that was, and its end: {undef, [{M, F, Args, []}]}.
      expect(reply, `${module}:${fun}`).toContain("victim@localhost");
      expect(down, `${module}:${fun}`).toContain("undef");
      expect(down, `${module}:${fun}`).toContain(fun);
    }
    expect(ran).toEqual([]);
    await expect
      .poll(() => scene.events.filter((event) => event.type === "denied"))
      .toEqual(
        expect.arrayContaining([
          expect.objectContaining({ target: "os:cmd/1", cause: "not_exposed", operation: "spawn" }),
        ]),
      );
    await scene.assertUnharmed();
  });

  test("CT-14 options that OTP does not know are badopt", async () => {
    await using scene = await exposed();
    const quote = { module: "pricing", fun: "quote" };
    for (const options of [
      `6c00000001 ${ATOM("monitor")} ${ATOM("link")}`,
      LIST(ATOM("nonsense")),
      LIST(`6802 ${ATOM("reply")} ${ATOM("no")}`),
      `6c0000c350 ${ATOM("link").repeat(50_000)} 6a`,
      ATOM("monitor"),
    ]) {
      const [reply] = await answers(scene, { ...quote, options }, 1);
      expect(reply).toContain("badopt");
    }
    expect(ran).toEqual([]);
    await scene.assertUnharmed();
  });

  test("CT-15 arguments that are not as many as announced, or no list", async () => {
    await using scene = await exposed();
    const quote = { module: "pricing", fun: "quote" };
    const [short] = await answers(scene, { ...quote, arity: 2 }, 1);
    expect(short).toContain("badarg");
    const [, down] = await answers(scene, { ...quote, args: ATOM("none") }, 2);
    expect(down).toContain("badarg");
    expect(ran).toEqual([]);
    await scene.assertUnharmed();
  });

  test("CT-16 functions that never end: as many as spawnsPerConn, the rest are system_limit", async () => {
    await using scene = await exposed({ limits: { spawnsPerConn: 100 } });
    const name = `many${++peers}@localhost`;
    const peer = await dial(scene, name);
    const stay: Request = { module: "pricing", fun: "stay", args: LIST(), arity: 0 };
    let bytes = "";
    for (let i = 1; i <= 2000; i++) bytes += spawnRequest(name, stay, i);
    peer.sendHex(bytes);
    let limited = 0;
    for (let i = 0; i < 2000; i++)
      if ((await nextMessage(peer)).includes("system_limit")) limited++;
    expect(limited).toBe(1900);
    // Others are not concerned.
    const [, down] = await answers(scene, { module: "pricing", fun: "quote" }, 2);
    expect(down).toContain("normal");
    // What goes on without its process or its peer counts still.
    peer.close();
    const again = await dial(scene, name);
    again.sendHex(spawnRequest(name, stay, 9999));
    expect(await nextMessage(again)).toContain("system_limit");
    again.close();
    await scene.assertUnharmed();
  });

  test("a process that is linked and monitored tells its link first", async () => {
    await using scene = await exposed();
    const options = LINK_AND_MONITOR;
    const found = await answers(scene, { module: "pricing", fun: "quote", options }, 3);
    // 131, 68, no references, a tuple with its arity, a small integer and its value.
    const operations = found.map((text) => text.charCodeAt(6));
    expect(operations).toEqual([31, 24, 28]);
    expect(ran).toHaveLength(1);
  });
});

describe("calls", () => {
  test("CT-20 rex: what was not exposed is undefined", async () => {
    await using scene = await exposed();
    const name = `rex${++peers}@localhost`;
    const peer = await dial(scene, name);
    const call = (module: string, fun: string, args = LIST(WORD)): string =>
      `6802 ${pidOf(name)} 6805 ${ATOM("call")} ${ATOM(module)} ${ATOM(fun)} ${args} ${ATOM("user")}`;
    for (const [module, fun] of [
      ["os", "cmd"],
      ["pricing", "toString"],
    ] as const) {
      peer.sendHex(regSend(name, "rex", call(module, fun)));
      const answer = await nextMessage(peer);
      expect(answer).toContain("badrpc");
      expect(answer).toContain("undef");
    }
    peer.sendHex(regSend(name, "rex", call("pricing", "quote", ATOM("none"))));
    expect(await nextMessage(peer)).toContain("badarg");
    peer.sendHex(regSend(name, "rex", call("pricing", "quote", `6b0200${"01".repeat(512)}`)));
    expect(await nextMessage(peer)).toContain("system_limit");
    expect(ran).toEqual([]);
    peer.sendHex(regSend(name, "rex", call("pricing", "quote")));
    expect(await nextMessage(peer)).toContain("rex");
    expect(ran).toHaveLength(1);
    peer.close();
    await scene.assertUnharmed();
  });

  test("CT-19 and CT-21 requests that are none, to the services and to names of JavaScript", async () => {
    await using scene = await exposed();
    const name = `odd${++peers}@localhost`;
    const peer = await dial(scene, name);
    const gen = (from: string, request: string): string =>
      `6803 ${ATOM("$gen_call")} ${from} ${request}`;
    const me = pidOf(name);
    const noTag = `6802 ${me} 6a`;
    for (const to of ["rex", "net_kernel", "constructor", "__proto__"]) {
      for (const term of [
        gen("6a", `6802 ${ATOM("is_auth")} 6a`),
        gen(`6801 ${me}`, `6802 ${ATOM("is_auth")} 6a`),
        gen(ATOM("x"), "6a"),
        gen(noTag, "6a"),
        gen(noTag, `6805 ${ATOM("nonsense")} 6a 6a 6a 6a`),
        `6802 ${me} 6a`,
        `6802 ${me} 6803 ${ATOM("send")} 6a 6a`,
        `6802 6a 6805 ${ATOM("call")} 6a 6a 6a 6a`,
        `6802 ${ATOM("$gen_cast")} 6805 ${ATOM("cast")} 6a 6a 6a 6a`,
        "6a",
      ]) {
        peer.sendHex(regSend(name, to, term));
      }
    }
    await scene.assertUnharmed();
    expect(ran).toEqual([]);
    const crashes = scene.events.filter((event) => event.type === "crash");
    expect(crashes).toEqual([]);
    peer.close();
  });

  test("a spawn by net_kernel links only with processes of who asks", async () => {
    await using scene = await exposed();
    const name = `forger${++peers}@localhost`;
    const peer = await dial(scene, name);
    const healthy = pidOf("healthy@localhost");
    const request = `6805 ${ATOM("spawn_link")} ${ATOM("pricing")} ${ATOM("quote")} ${LIST(WORD)} ${healthy}`;
    const from = `6802 ${healthy} ${refOf("healthy@localhost")}`;
    peer.sendHex(regSend(name, "net_kernel", `6803 ${ATOM("$gen_call")} ${from} ${request}`));
    peer.sendHex(spawnRequest(name, { module: "pricing", fun: "quote" }));
    await nextMessage(peer);
    expect(await nextMessage(peer)).toContain("normal");
    expect(ran).toHaveLength(1);
    peer.close();
  });
});

describe("services", () => {
  test("CT-10 and CT-17 exits and group leaders of others do not reach them, and are told", async () => {
    await using scene = await exposed();
    const { node } = scene;
    const name = `killer${++peers}@localhost`;
    const peer = await dial(scene, name);
    for (const service of ["net_kernel", "rex", "user"]) {
      const pid = hexOf(pidOfService(node, service));
      peer.sendHex(message(`6803 6101 ${pidOf(name)} ${pid}`));
      peer.sendHex(message(`6803 6118 ${pidOf(name)} ${pid}`, ATOM("boom")));
      peer.sendHex(message(`6803 611a ${pidOf(name)} ${pid}`, ATOM("kill")));
      peer.sendHex(message(`6803 6107 ${pidOf(name)} ${pid}`));
    }
    const exit = { type: "denied", operation: "exit", cause: "service", peer: name };
    await expect.poll(() => scene.events).toContainEqual(expect.objectContaining(exit));
    const denied = () => scene.events.filter((event) => event.type === "denied");
    await expect.poll(() => denied().length).toBeGreaterThanOrEqual(3);
    for (const service of ["net_kernel", "rex", "user"]) {
      expect(node.whereis(service), service).toBeDefined();
    }
    await scene.assertUnharmed();
    peer.close();
  });
});

describe("a policy", () => {
  test("nothing gets past it, and the services answer what they must", async () => {
    const policy = { peers: "*", operations: [] };
    await using scene = await exposed({ policy });
    const inbox = scene.node.spawn({ name: "inbox", trapExit: true });
    const name = `outcast${++peers}@localhost`;
    const peer = await dial(scene, name);
    const me = pidOf(name);
    const pid = hexOf(inbox.pid);
    peer.sendHex(regSend(name, "inbox", ATOM("hello")));
    peer.sendHex(message(`6803 6102 7700 ${pid}`, ATOM("hello")));
    peer.sendHex(message(`6803 6116 ${me} ${pid}`, ATOM("hello")));
    peer.sendHex(message(`6803 611a ${me} ${pid}`, ATOM("kill")));
    peer.sendHex(message(`6803 6107 ${me} ${pid}`));
    peer.sendHex(message(`6803 6101 ${me} ${pid}`));
    expect(await nextMessage(peer)).toContain("noproc");
    peer.sendHex(message(`6804 6113 ${me} ${ATOM("inbox")} ${refOf(name)}`));
    expect(await nextMessage(peer)).toContain("noproc");
    peer.sendHex(spawnRequest(name, { module: "pricing", fun: "quote" }));
    expect(await nextMessage(peer)).toContain("not_allowed");
    // The claim to be somebody else is none's business: what counts is the connection.
    const healthy = pidOf("healthy@localhost");
    const call = `6805 ${ATOM("call")} ${ATOM("pricing")} ${ATOM("quote")} ${LIST(WORD)} ${healthy}`;
    peer.sendHex(regSend(name, "rex", `6802 ${healthy} ${call}`));
    const cast = `6805 ${ATOM("cast")} ${ATOM("pricing")} ${ATOM("quote")} ${LIST(WORD)} ${healthy}`;
    peer.sendHex(regSend(name, "rex", `6802 ${ATOM("$gen_cast")} ${cast}`));
    peer.sendHex(regSend(name, "rex", `6802 ${me} 6803 ${ATOM("sbcast")} ${ATOM("inbox")} 6a`));
    expect(await nextMessage(peer)).toContain("nonexisting_name");
    expect(ran).toEqual([]);
    expect(inbox.messageQueueLength).toBe(0);
    expect(inbox.alive).toBe(true);
    expect(inbox.groupLeader.node).toBe(atom("victim@localhost"));
    peer.close();
    const told = scene.events.filter((event) => event.type === "denied");
    expect(new Set(told.map((event) => (event as { operation?: string }).operation))).toEqual(
      new Set(["send", "exit", "group_leader", "link", "monitor", "spawn", "call"]),
    );
  });
});
