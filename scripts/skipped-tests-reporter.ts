import type { Reporter, TestModule } from "vitest/node"

/**
 * Lists every skipped test with its reason, so that a green run never hides what it did not look at.
 * The reason is what the test says: `context.skip("needs a server that can notify")`.
 */
export default class SkippedTestsReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    const lines: Array<string> = []
    for (const module of modules) {
      for (const test of module.children.allTests("skipped")) {
        const result = test.result()
        const reason = result.state === "skipped" ? result.note : undefined
        // The conformance suites write it into the name: they know no runner's way to say it.
        const named = /\(skipped: .+\)$/.test(test.name)
        lines.push(
          `  ${module.relativeModuleId} > ${test.fullName}${named ? "" : `: ${reason ?? "no reason written"}`}`,
        )
      }
    }
    if (lines.length > 0) console.log(`\nskipped: ${lines.length}\n${lines.join("\n")}`)
  }
}
