import { availableParallelism } from "node:os"
import process from "node:process"
import { defineConfig } from "vitest/config"

/** Where a machine-readable report goes, for example from `.ci/run`; none when unset. */
const reportFile = process.env.SENDSTATE_TEST_REPORT

export default defineConfig({
  resolve: { conditions: ["sendstate-source"] },
  ssr: { resolve: { conditions: ["sendstate-source"] } },
  test: {
    include: ["tests/**/*.test.ts"],
    // By default one core is kept free, which of two is half: on such a machine the tests took 680 s instead of 399 s.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: [
      "default",
      "./scripts/skipped-tests-reporter.ts",
      ...(reportFile === undefined ? [] : [["json", { outputFile: reportFile }] as ["json", { outputFile: string }]]),
    ],
  },
})
