import type { TestRunner } from "sendstate/testing"

/** A runner that only collects: what a suite would do in vitest, to be run and looked at here. */
const collect = (declare: (runner: TestRunner) => void): ReadonlyMap<string, () => Promise<void>> => {
  const tests = new Map<string, () => Promise<void>>()
  const path: Array<string> = []
  declare({
    describe: (name, body) => {
      path.push(name)
      body()
      path.pop()
    },
    it: Object.assign(
      (name: string, body: () => Promise<void>) => void tests.set([...path.slice(1), name].join(" > "), body),
      { skip: () => undefined },
    ),
  })
  return tests
}

/** Names of the tests that fail. */
export const failuresOf = async (declare: (runner: TestRunner) => void): Promise<ReadonlyArray<string>> => {
  const failures: Array<string> = []
  for (const [name, body] of collect(declare))
    await body().catch(() => {
      failures.push(name)
    })
  return failures
}

/** Names of all tests that are not skipped. */
export const testsOf = (declare: (runner: TestRunner) => void): ReadonlyArray<string> => [...collect(declare).keys()]
