// The floors of the library: who may import whom. `npm run floors` checks them.
//
// An import goes down, never up and never in a circle. What stands here is the whole permission of a
// folder: other folders of the library (or single files of them) and built-ins of Node.js. Test files
// stand beside what they test and may import anything below the top.
const FLOORS = {
  bytes: { folders: [], builtins: ["net"] },
  term: { folders: ["bytes"], builtins: [] },
  etf: { folders: ["bytes", "term"], builtins: ["zlib", "buffer"] },
  signal: { folders: ["term"], builtins: [] },
  trace: { folders: ["term", "signal"], builtins: ["diagnostics_channel"] },
  process: {
    folders: ["term", "signal", "carrier/clock", "trace"],
    builtins: ["async_hooks"],
  },
  wire: { folders: ["bytes", "term", "etf", "signal", "trace"], builtins: [] },
  carrier: {
    folders: ["bytes", "trace"],
    builtins: ["net", "dns", "tls", "fs", "crypto", "worker_threads"],
  },
  handshake: {
    folders: ["bytes", "wire/flags", "carrier/clock", "trace"],
    builtins: ["crypto", "net"],
  },
  epmd: {
    folders: ["bytes", "term", "carrier/clock", "trace"],
    builtins: ["net", "dns", "dns/promises", "fs"],
  },
  connection: {
    folders: ["bytes", "term", "etf", "signal", "wire", "handshake", "carrier", "trace"],
    builtins: [],
  },
  otp: { folders: ["term", "signal", "process"], builtins: [] },
  node: {
    folders: [
      "bytes",
      "term",
      "etf",
      "signal",
      "process",
      "wire",
      "handshake",
      "epmd",
      "carrier",
      "connection",
      "trace",
    ],
    builtins: ["fs", "os", "path", "net", "crypto"],
  },
  cluster: {
    folders: [
      "bytes",
      "term",
      "etf",
      "signal",
      "process",
      "wire",
      "handshake",
      "epmd",
      "carrier",
      "connection",
      "otp",
      "node",
      "trace",
    ],
    builtins: [],
  },
  flags: {
    folders: ["bytes", "term", "handshake/cookie", "epmd", "carrier", "node", "start-options"],
    builtins: ["fs", "net", "path", "url"],
  },
};

const SRC = "packages/disterl/src";
const TEST = "\\.test\\.ts$";
/** The doors: what the package exports. */
const DOORS = [`^${SRC}/index\\.ts$`, `^${SRC}/[^/]+/index\\.ts$`];

const floors = Object.entries(FLOORS).flatMap(([folder, may]) => {
  const files = may.folders.map((name) =>
    name.includes("/") || name.includes("-") ? `${name}\\.ts` : `${name}/`,
  );
  return [
    {
      name: `floor-${folder}`,
      comment: `${folder} may import: ${may.folders.join(", ") || "nothing"}, and errors.ts`,
      severity: "error",
      from: { path: `^${SRC}/${folder}/`, pathNot: TEST },
      to: {
        path: `^${SRC}/`,
        pathNot: [`^${SRC}/(${[`${folder}/`, ...files, "errors\\.ts"].join("|")})`],
      },
    },
    {
      name: `builtins-${folder}`,
      comment: `${folder} may import of Node.js: ${may.builtins.join(", ") || "nothing"}`,
      severity: "error",
      from: { path: `^${SRC}/${folder}/`, pathNot: TEST },
      to: { dependencyTypes: ["core"], pathNot: may.builtins.map((name) => `^(node:)?${name}$`) },
    },
  ];
});

module.exports = {
  forbidden: [
    ...floors,
    {
      name: "floor-unknown",
      comment: "A new folder of the library needs a floor: give it one in .dependency-cruiser.cjs",
      severity: "error",
      from: {
        path: `^${SRC}/[^/]+/`,
        pathNot: `^${SRC}/(testing|${Object.keys(FLOORS).join("|")})/`,
      },
      to: {},
    },
    {
      name: "floor-x509",
      comment: "carrier/x509 reads DER: it knows no socket, no file and no option of TLS",
      severity: "error",
      from: { path: `^${SRC}/carrier/x509/`, pathNot: TEST },
      to: { pathNot: [`^${SRC}/carrier/x509/`, "^(node:)?crypto$"] },
    },
    {
      name: "floor-epmd-itself",
      comment: "The protocol of epmd knows no terms, and none of the other discoveries beside it",
      severity: "error",
      from: { path: `^${SRC}/epmd/[^/]+$`, pathNot: [TEST, `^${SRC}/epmd/index\\.ts$`] },
      to: { path: [`^${SRC}/term/`, `^${SRC}/epmd/discoveries/`] },
    },
    {
      name: "bottom-errors",
      comment: "errors.ts is imported by every floor, and imports none",
      severity: "error",
      from: { path: `^${SRC}/errors\\.ts$` },
      to: {},
    },
    {
      name: "top-is-the-top",
      comment: "Only the top files compose the library; no floor imports them",
      severity: "error",
      from: {
        path: `^${SRC}/(${Object.keys(FLOORS).join("|")})/`,
        pathNot: [TEST, `^${SRC}/flags/`],
      },
      to: { path: `^${SRC}/(index|node|start-node|start-options)\\.ts$` },
    },
    {
      name: "public-doors",
      comment: "testing/ and the packages on top use what everybody can import, by package name",
      severity: "error",
      from: { path: `^(${SRC}/testing|packages/cli/src|packages/observer/src)/` },
      to: { path: `^${SRC}/`, pathNot: [...DOORS, `^${SRC}/testing/`, `^${SRC}/errors\\.ts$`] },
    },
    {
      name: "testing-is-for-tests",
      comment: "What runs in a service does not import disterl/testing",
      severity: "error",
      from: { path: `^packages/[^/]+/src/`, pathNot: [TEST, `^${SRC}/testing/`] },
      to: { path: `^${SRC}/testing/` },
    },
    {
      name: "no-npm-in-library",
      comment: "The library has no dependency; tests import vitest and fast-check",
      severity: "error",
      from: { path: `^${SRC}/`, pathNot: TEST },
      to: {
        dependencyTypes: [
          "npm",
          "npm-dev",
          "npm-peer",
          "npm-optional",
          "npm-no-pkg",
          "npm-unknown",
        ],
        pathNot: `^${SRC}/`,
      },
    },
    {
      name: "no-test-imported",
      comment: "A test file is imported by nobody",
      severity: "error",
      from: {},
      to: { path: TEST },
    },
    {
      name: "no-cycle",
      comment:
        "Types may refer to each other (a list holds terms, a term may be a list); code may not",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "not-found", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "no-orphan",
      comment: "A file that nothing imports and that imports nothing is left over",
      severity: "error",
      from: { orphan: true, pathNot: [TEST, "\\.d\\.ts$", ...DOORS] },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["disterl-source", "node", "import", "types", "default"],
      extensions: [".ts", ".mjs", ".js", ".json"],
    },
  },
};
