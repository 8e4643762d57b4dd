import { defineConfig } from "vitest/config";

/** Source runs as it is: the packages' `disterl-source` export condition points at `src`. */
const conditions = ["disterl-source", "node", "import", "default"];
const shared = { resolve: { conditions }, ssr: { resolve: { conditions } } };
/** What is waited for comes soon or never; a machine that is busy is no reason to fail. */
const patient = { expect: { poll: { timeout: 20_000 } } };

export default defineConfig({
  ...shared,
  test: {
    projects: [
      {
        ...shared,
        test: {
          ...patient,
          name: "unit",
          include: ["packages/*/src/**/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        ...shared,
        test: {
          ...patient,
          name: "interop",
          include: ["test/interop/**/*.test.ts", "test/compliance/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        ...shared,
        test: {
          ...patient,
          name: "fuzz",
          include: ["test/fuzz/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          ...patient,
          name: "docs",
          include: ["test/docs/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          ...patient,
          name: "schedules",
          include: ["test/schedules/**/*.test.ts"],
          testTimeout: 120_000,
        },
      },
    ],
  },
});
