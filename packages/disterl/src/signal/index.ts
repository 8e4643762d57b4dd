export type { Router } from "./router.ts";
export type * from "./signal.ts";
