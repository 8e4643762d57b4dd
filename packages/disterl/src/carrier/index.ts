export * from "./carrier.ts";
export * from "./clock.ts";
