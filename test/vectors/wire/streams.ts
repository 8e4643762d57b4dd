import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** Bytes written as hex; white space is for reading. */
export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s+/g, ""), "hex");
}

/** A frame of these parts, hex or bytes, with its length in front. */
export function frame(...parts: readonly (string | Uint8Array)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? hex(part) : part)));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** What two nodes of OTP wrote to each other after their handshake; made by `capture.mjs`. */
export interface Capture {
  readonly file: string;
  readonly otp: string;
  /** The part of `scenario.erl` that ran. */
  readonly part: string;
  /** The agreed flags. */
  readonly flags: bigint;
  readonly directions: readonly {
    readonly name: "toListener" | "toTalker";
    /** The node that wrote this. */
    readonly sender: string;
    /** The frames, without their lengths. */
    readonly frames: readonly Buffer[];
    /** The same as one stream. */
    readonly stream: Buffer;
  }[];
}

interface CaptureFile {
  readonly otp: string;
  readonly part: string;
  readonly flags: string;
  readonly talker: { readonly name: string };
  readonly listener: { readonly name: string };
  readonly toListener: readonly string[];
  readonly toTalker: readonly string[];
}

const folder = new URL(".", import.meta.url);

function frameOf(text: string): Buffer {
  if (!text.startsWith("gzip:")) return hex(text);
  return gunzipSync(Buffer.from(text.slice("gzip:".length), "base64"));
}

function load(file: string): Capture {
  const capture = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as CaptureFile;
  const directions = (["toListener", "toTalker"] as const).map((name) => {
    const frames = capture[name].map(frameOf);
    const sender = name === "toListener" ? capture.talker.name : capture.listener.name;
    return { name, sender, frames, stream: Buffer.concat(frames.map((one) => frame(one))) };
  });
  const { otp, part } = capture;
  return { file, otp, part, flags: BigInt(capture.flags), directions };
}

/** All captures. */
export const captures: readonly Capture[] = readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map(load);
