import { KILL_OK, KILL_REFUSED, STOP_DONE, STOP_UNKNOWN } from "./command-packets.ts";
import { EpmdError } from "./errors.ts";
import {
  type AliveRequest,
  aliveRefusal,
  aliveReply,
  dumpReply,
  type EpmdRequest,
  parseRequest,
  portReply,
} from "./packets.ts";
import type { LiveNode, Registry } from "./registry.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { EpmdEvent } from "./server-event.ts";

/** What a request may do to the server. */
export interface RequestContext {
  readonly registry: Registry;
  /** STOP is served, and KILL while nodes are alive. */
  readonly relaxed: boolean;
  readonly allowKill: boolean;
  port(): number;
  /** The answer to NAMES. */
  names(): Uint8Array;
  /** From now on the connection is the registration of that node. */
  keep(connection: ServerConnection, node: LiveNode): void;
  /** Unregisters a node and closes its connection. */
  forget(node: LiveNode): void;
  /** Makes room for a reply of that many bytes among those that nobody reads. */
  boundUnread(adding: number): void;
  /** Closes without an answer. */
  reject(connection: ServerConnection, error: unknown): void;
  /** Ends the server. */
  killed(): void;
  /** A request is about to be answered. */
  requested(connection: ServerConnection, request: string): void;
  tell(event: EpmdEvent): void;
  tellLimit(limit: string, peer: string): void;
}

/** Replies above this are counted against those that nobody reads. */
const SMALL_REPLY = 4096;

/** Answers one request. What is no request, or may not be asked from there, is closed silently. */
export function serve(
  context: RequestContext,
  connection: ServerConnection,
  body: Uint8Array,
): void {
  let request: EpmdRequest;
  try {
    request = parseRequest(body);
    if (isLocalOnly(request) && !connection.local) throw notLocal(request);
  } catch (error) {
    context.reject(connection, error);
    return;
  }
  context.requested(connection, request.kind);
  switch (request.kind) {
    case "alive2":
      return serveAlive(context, connection, request);
    case "port2":
      return connection.replyAndClose(portReply(context.registry.find(request.name)));
    case "names":
      return sendListing(context, connection, context.names());
    case "dump":
      return sendListing(context, connection, dumpOf(context));
    case "kill":
      return serveKill(context, connection);
    case "stop":
      return serveStop(context, connection, request.name);
  }
}

function isLocalOnly(request: EpmdRequest): boolean {
  return request.kind !== "port2" && request.kind !== "names";
}

function notLocal(request: EpmdRequest): EpmdError {
  return new EpmdError(
    "ERR_EPMD_BAD_REQUEST",
    `a ${request.kind} request from another machine; only this machine may send it`,
    { request: request.kind },
  );
}

function serveAlive(
  context: RequestContext,
  connection: ServerConnection,
  { node, fault }: AliveRequest,
): void {
  const refuse = (reason: string): void => {
    context.tell({ type: "refused", name: node.name, reason });
    connection.replyAndClose(aliveRefusal(node.highest));
  };
  if (fault !== undefined) return refuse(fault);
  if (connection.left) return connection.destroy();
  const answer = context.registry.register(node, connection.number);
  if (!answer.ok) {
    if (answer.reason === "too_many") context.tellLimit("registrations", connection.peer);
    return refuse(answer.reason === "too_many" ? "too many nodes" : "the name is taken");
  }
  const { creation } = answer.node;
  context.keep(connection, answer.node);
  context.tell({ type: "registered", name: node.name, port: node.port, creation });
  connection.reply(aliveReply({ result: 0, creation }, node.highest));
}

function sendListing(
  context: RequestContext,
  connection: ServerConnection,
  listing: Uint8Array,
): void {
  if (listing.length > SMALL_REPLY) context.boundUnread(listing.length);
  connection.replyAndClose(listing);
}

function dumpOf(context: RequestContext): Uint8Array {
  const { registry } = context;
  return dumpReply(context.port(), registry.live(), registry.released());
}

function serveKill(context: RequestContext, connection: ServerConnection): void {
  const idle = context.registry.size === 0;
  if (!context.allowKill || !(idle || context.relaxed)) {
    connection.replyAndClose(KILL_REFUSED);
    return;
  }
  context.tell({ type: "killed", peer: connection.peer });
  connection.replyAndClose(KILL_OK, () => context.killed());
}

function serveStop(context: RequestContext, connection: ServerConnection, name: string): void {
  if (!context.relaxed) {
    const message = "STOP_REQ without the relaxed command check";
    context.reject(connection, new EpmdError("ERR_EPMD_BAD_REQUEST", message, { nodeName: name }));
    return;
  }
  const node = context.registry.find(name);
  if (node !== undefined) context.forget(node);
  connection.replyAndClose(node === undefined ? STOP_UNKNOWN : STOP_DONE);
}
