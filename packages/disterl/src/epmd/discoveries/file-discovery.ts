import { constants, type BigIntStats, promises } from "node:fs";
import { TermSyntaxError } from "../../term/errors.ts";
import { parseTerms } from "../../term/parse-term.ts";
import { TermScanner } from "../../term/scan-term.ts";
import { type Discovery, UNREGISTERED } from "../discovery.ts";
import { DiscoveryError } from "../errors.ts";
import { type NodePlace, NodePlaces, placeOfTerm } from "./node-places.ts";

/** Thousands of nodes; what is longer would be read for so long that others have to wait. */
const MAX_FILE_BYTES = 256 * 1024;

/**
 * Nodes that a file lists, as Erlang terms that `file:consult/1` reads, one for each node:
 *
 *     %% name, port, and where it is not the host of the name: the address
 *     {'app@db1', 5210}.
 *     {'shop@db2', {10,0,0,7}, 5211}.
 *     {'mail@db3', "mail.example.org", 5212, inet_tls}.
 *
 * It is read when it is needed, and again when it has changed. While something is wrong with it no node
 * is found, also none that was in it before. A node that is in the file itself listens on its port
 * there, unless it is told another one. Its methods reject with a DiscoveryError `ERR_DISCOVERY_FILE`,
 * with line and column where those can be told.
 */
export function fileDiscovery(path: string): Discovery {
  if (typeof path !== "string" || path === "") {
    throw new TypeError("fileDiscovery: expected the name of a file");
  }
  const file = new NodeFile(path);
  const find = async (name: string, host: string) => (await file.places()).find(name, host);
  return {
    title: `the file ${path}`,
    listenPortPlease: async (name, host) => (await find(name, host))?.port,
    register: async () => {
      await file.places();
      return UNREGISTERED;
    },
    lookup: find,
    names: async (host) => (await file.places()).names(host),
  };
}

/** The file, and what it said when it was last read. */
class NodeFile {
  readonly #path: string;
  #version = "";
  #places: NodePlaces | undefined;
  /** Those who ask at the same time share one look. */
  #looking: Promise<NodePlaces> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  places(): Promise<NodePlaces> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<NodePlaces> {
    let handle: promises.FileHandle | undefined;
    try {
      // Without O_NONBLOCK a pipe of that name would hold a thread until somebody writes.
      handle = await promises.open(this.#path, constants.O_RDONLY | constants.O_NONBLOCK);
      const stats = await handle.stat({ bigint: true });
      if (!stats.isFile()) throw this.#error("it is not a regular file");
      const version = versionOf(stats);
      if (this.#places === undefined || version !== this.#version) {
        this.#places = undefined;
        this.#places = placesOf(await this.#read(handle), this.#path);
        this.#version = version;
      }
      return this.#places;
    } catch (error) {
      this.#places = undefined;
      if (error instanceof DiscoveryError) throw error;
      const { code = "error" } = error as NodeJS.ErrnoException;
      throw this.#error(`it cannot be read (${code})`, error);
    } finally {
      await handle?.close();
    }
  }

  /** Whatever size it has said it has. */
  async #read(handle: promises.FileHandle): Promise<string> {
    const buffer = Buffer.alloc(MAX_FILE_BYTES + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
      length += bytesRead;
      if (length > MAX_FILE_BYTES) throw this.#error(`it has more than ${MAX_FILE_BYTES} bytes`);
      if (bytesRead === 0) break;
    }
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(buffer.subarray(0, length));
    } catch (cause) {
      throw this.#error("it is not UTF-8", cause);
    }
  }

  #error(what: string, cause?: unknown): DiscoveryError {
    const message = `file of nodes ${this.#path}: ${what}`;
    return new DiscoveryError("ERR_DISCOVERY_FILE", message, { path: this.#path }, { cause });
  }
}

function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join();
}

function placesOf(text: string, path: string): NodePlaces {
  const places = new Map<string, NodePlace>();
  for (const [start, end] of termRanges(text, path)) {
    let found: ReturnType<typeof placeOfTerm>;
    try {
      const [term = false] = parseTerms(text.slice(start, end));
      found = placeOfTerm(term);
    } catch (error) {
      if (!(error instanceof TermSyntaxError)) throw error;
      throw syntaxError(error, path, position(text, start));
    }
    if (typeof found === "string") throw errorAt(path, position(text, start), found);
    const { node, place } = found;
    if (places.has(node)) throw errorAt(path, position(text, start), `${node} is there twice`);
    places.set(node, place);
  }
  return new NodePlaces(places);
}

/** Where the terms of a text begin and end, the point after each included. */
function termRanges(text: string, path: string): [number, number][] {
  const ranges: [number, number][] = [];
  try {
    const scanner = new TermScanner(text);
    let start: number | undefined;
    for (;;) {
      const token = scanner.next();
      if (token.kind === "end") {
        if (start !== undefined) ranges.push([start, text.length]);
        return ranges;
      }
      start ??= token.start;
      if (token.kind !== "dot") continue;
      ranges.push([start, token.start + 1]);
      start = undefined;
    }
  } catch (error) {
    throw error instanceof TermSyntaxError ? syntaxError(error, path) : error;
  }
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** Lines and columns from 1; columns in characters. */
function position(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: [...before.slice(before.lastIndexOf("\n") + 1)].length + 1 };
}

function syntaxError(
  cause: TermSyntaxError,
  path: string,
  start: Position = { line: 1, column: 1 },
): DiscoveryError {
  const line = start.line + cause.line - 1;
  const column = cause.line === 1 ? start.column + cause.column - 1 : cause.column;
  const what = `expected ${cause.expected}, found ${cause.found}`;
  return errorAt(path, { line, column }, what, cause);
}

function errorAt(path: string, at: Position, what: string, cause?: unknown): DiscoveryError {
  const message = `file of nodes ${path}, line ${at.line}, column ${at.column}: ${what}`;
  return new DiscoveryError("ERR_DISCOVERY_FILE", message, { path, ...at }, { cause });
}
