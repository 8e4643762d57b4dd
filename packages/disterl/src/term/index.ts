export * from "./atom.ts";
export * from "./term.ts";
export * from "./tuple.ts";
