/**
 * The import rule of ARCHITECTURE.md, one rule per sentence. `npm run check:imports` runs it.
 *
 * The parts of src and what each may import of ours:
 *   sdk -> nothing · machines -> sdk · plugins -> sdk, the same plugin kind · actors -> sdk, machines
 *   runtime.ts, index.ts, effect.ts -> all of these · api (what index.ts hands out) -> the same, but no plugin
 *   feedback (what comes back: bounces, complaints, webhooks) -> sdk · web (fetch handlers) -> sdk, feedback
 *   simulation -> the same as runtime.ts: a second composition root
 *   compat, cli, testing, examples, tests, bench, crash -> the public entries, by package name
 */

/** Files behind the exports map: the only ones that may be imported by package name. */
const publicEntries = [
  "^src/(index|effect)[.]ts$",
  "^src/(sdk|machines|compat|testing|simulation|feedback|web)/index[.]ts$",
  "^src/plugins/(storage|transport|renderer|observer)/[^/]+/index[.]ts$",
]

/**
 * The parts that see only what every user sees. An import by package name reaches the same file as a relative
 * one; dependency-cruiser calls the first kind "undetermined" and the second "local".
 */
const userLand = "^(src/(cli|compat|testing)|tests|examples|bench|scripts|crash)/"

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-cycle",
      comment: "A cycle, also one of types only, means that two concepts are one or that a third is missing.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-orphan",
      comment: "A file that nobody imports and that imports nobody is dead.",
      severity: "error",
      from: { orphan: true, path: "^src/" },
      to: {},
    },
    {
      name: "no-unresolvable",
      comment: "The import leads nowhere.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-vague-file-name",
      comment: "A file is named after the noun that it exports.",
      severity: "error",
      from: {},
      to: { path: "(^|/)(utils?|helpers?|common|misc)[./]", pathNot: "(^|/)node_modules/" },
    },
    {
      name: "sdk-imports-nothing-of-ours",
      severity: "error",
      from: { path: "^src/sdk/" },
      to: { path: "^src/", pathNot: "^src/sdk/" },
    },
    {
      name: "machines-import-sdk-only",
      severity: "error",
      from: { path: "^src/machines/" },
      to: { path: "^src/", pathNot: "^src/(machines|sdk)/" },
    },
    {
      name: "machines-are-pure",
      comment: "No Effect, no node:*: time and randomness come in with the events.",
      severity: "error",
      from: { path: "^src/machines/" },
      to: { path: ["(^|/)node_modules/(effect|@effect)/", "^(node:|effect$|effect/|@effect/)"] },
    },
    {
      name: "machines-do-not-use-node",
      severity: "error",
      from: { path: "^src/machines/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "plugins-import-sdk-only",
      severity: "error",
      from: { path: "^src/plugins/" },
      to: { path: "^src/", pathNot: "^src/(plugins|sdk)/" },
    },
    {
      name: "plugins-import-their-own-kind-only",
      severity: "error",
      from: { path: "^src/plugins/([^/]+)/" },
      to: { path: "^src/plugins/", pathNot: "^src/plugins/$1/" },
    },
    {
      name: "plugins-do-not-use-effect",
      comment: "A plugin is what any author can write: Promises and the sdk. Postgres speaks through @effect/sql-pg.",
      severity: "error",
      from: { path: "^src/plugins/", pathNot: "^src/plugins/storage/postgres/" },
      to: { path: "(^|/)node_modules/(effect|@effect)/" },
    },
    {
      name: "feedback-imports-sdk-only",
      severity: "error",
      from: { path: "^src/feedback/" },
      to: { path: "^src/", pathNot: "^src/(feedback|sdk)/" },
    },
    {
      name: "web-imports-sdk-and-feedback-only",
      severity: "error",
      from: { path: "^src/web/" },
      to: { path: "^src/", pathNot: "^src/(web|feedback|sdk)/" },
    },
    {
      name: "actors-import-sdk-and-machines-only",
      severity: "error",
      from: { path: "^src/actors/" },
      to: { path: "^src/", pathNot: "^src/(actors|machines|sdk|feedback)/" },
    },
    {
      name: "root-is-imported-by-entries-only",
      comment:
        "runtime.ts is the composition root: only the Promise API, the Effect entry and the simulation stand above it.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/((api|simulation)/|(runtime|index|effect)[.]ts$)" },
      to: { path: "^src/runtime[.]ts$" },
    },
    {
      name: "api-is-imported-by-index-only",
      severity: "error",
      from: { pathNot: "^src/((api|simulation)/|index[.]ts$)" },
      to: { path: "^src/api/" },
    },
    {
      name: "api-imports-no-plugin",
      comment: "runtime.ts is the only file that knows the default plugins.",
      severity: "error",
      from: { path: "^src/api/" },
      to: { path: "^src/plugins/" },
    },
    {
      name: "test-kit-stays-out-of-production",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/testing/" },
      to: { path: "^src/testing/" },
    },
    {
      name: "users-import-public-entries-only",
      comment: "compat, cli, testing, examples, tests and bench see what every user sees.",
      severity: "error",
      from: { path: userLand },
      to: { path: "^src/", pathNot: [...publicEntries, "^src/(cli|compat|testing)/"] },
    },
    {
      name: "users-import-by-package-name",
      comment: "Write sendstate/sdk, not ../src/sdk/index.ts.",
      severity: "error",
      from: { path: userLand },
      to: { path: publicEntries, dependencyTypes: ["local"] },
    },
    {
      name: "the-inside-imports-by-path",
      comment: "A package name inside src would hide the direction of the import.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(cli|compat|testing)/" },
      to: { path: "^src/", dependencyTypes: ["undetermined"] },
    },
    {
      name: "cli-and-compat-are-imported-by-nobody",
      comment: "But by the corpora: they read thousands of files, and a process for each would take an hour.",
      severity: "error",
      from: { pathNot: "^(src/(cli|compat)|tests/corpus)/" },
      to: { path: "^src/(cli|compat)/", pathNot: "^src/compat/index[.]ts$" },
    },
    {
      name: "effect-by-submodule",
      comment: "The effect root costs about 200 ms at start-up: import effect/Effect, effect/Data...",
      severity: "error",
      from: {},
      to: { path: ["(^|/)node_modules/effect/(dist|src)/index[.](d[.]ts|ts|js)$", "^effect$"] },
    },
    {
      name: "no-undeclared-package",
      comment: "What src imports must be among the dependencies or the optional peers.",
      severity: "error",
      from: { path: "^src/" },
      to: {
        dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"],
        dependencyTypesNot: ["npm-peer", "npm-optional"],
      },
    },
  ],
  options: {
    doNotFollow: { path: "(^|/)node_modules/" },
    exclude: { path: "^(dist|docs)/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["sendstate-source", "import", "node", "types", "default"],
      extensions: [".ts", ".js", ".json"],
    },
    reporterOptions: { text: { highlightFocused: true } },
  },
}
