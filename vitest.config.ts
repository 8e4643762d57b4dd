import { defineConfig } from "vitest/config";

/** Source runs as it is: the packages' `disterl-source` export condition points at `src`. */
const conditions = ["disterl-source", "node", "import", "default"];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } };

export default defineConfig({
  ...shared,
  test: {
    projects: [
      {
        ...shared,
        test: { name: "unit", include: ["packages/*/src/**/*.test.ts"], testTimeout: 30_000 },
      },
      {
        ...shared,
        test: {
          name: "interop",
          include: ["test/interop/**/*.test.ts", "test/compliance/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        ...shared,
        test: { name: "fuzz", include: ["test/fuzz/**/*.test.ts"], testTimeout: 60_000 },
      },
      {
        ...shared,
        test: { name: "docs", include: ["test/docs/**/*.test.ts"], testTimeout: 60_000 },
      },
      {
        ...shared,
        test: { name: "schedules", include: ["test/schedules/**/*.test.ts"], testTimeout: 120_000 },
      },
    ],
  },
});
