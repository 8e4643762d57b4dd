import { rawNamePacket } from "disterl/testing";
import { expect } from "vitest";
import { HandshakeRig, type Stranger } from "./handshake-rig.ts";

/** A well-behaved introduction: `N`, flags of OTP 29, creation 77. */
export const name = (text: string, flags?: bigint): Buffer => rawNamePacket({ name: text, flags });
export const SOK = "0003736f6b";
export const SNOK = "0004736e6f6b";
export const SALIVE = "000673616c697665";
export const SNOT_ALLOWED = "000c736e6f745f616c6c6f776564";

/** Introduces itself, and gives the challenge that comes back after the status. */
export async function challenged(
  rig: HandshakeRig,
  stranger: Stranger,
  text = "a@here",
): Promise<number> {
  stranger.packet(name(text));
  await rig.settle();
  const [status, challenge] = stranger.takePackets();
  expect(status?.toString()).toBe("sok");
  return challenge?.readUInt32BE(9) ?? 0;
}

/** Sends bytes as the first thing; gives what came back. */
export async function first(
  rig: HandshakeRig,
  act: (stranger: Stranger) => void,
): Promise<Stranger> {
  const stranger = await rig.stranger();
  act(stranger);
  await rig.settle();
  return stranger;
}

export async function serving(
  ...options: Parameters<HandshakeRig["serve"]>
): Promise<HandshakeRig> {
  const rig = new HandshakeRig();
  await rig.serve(...options);
  return rig;
}

/** The flags of a node that asks for a name. */
export const NAME_ME = 0x0000006f07df7fbcn;
