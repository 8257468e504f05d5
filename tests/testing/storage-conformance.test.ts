import { describe as nodeDescribe, it as nodeIt } from "node:test"
import { storageConformance, type TestRunner } from "sendstate/testing"
import { describe, expect, it } from "vitest"
import { breaks, subjectOf } from "./broken-stores.ts"
import { failuresOf } from "./collecting-runner.ts"

const suite = (create: ReturnType<typeof subjectOf>) => (runner: TestRunner) =>
  storageConformance(runner, { name: "store", create, stories: 40 })

describe("the suite fails for a store with one rule broken", () => {
  it("and for none that keeps them all, a wrapped one included", async () => {
    expect(await failuresOf(suite(subjectOf(undefined)))).toEqual([])
    expect(await failuresOf(suite(subjectOf(() => ({}))))).toEqual([])
  })

  it.each(Object.entries(breaks))("%s", async (_name, broken) => {
    const failures = await failuresOf(suite(subjectOf(broken)))
    expect(failures.length).toBeGreaterThan(0)
  })
})

it("takes the functions of node:test as they are", () => {
  const runner: TestRunner = { describe: nodeDescribe, it: nodeIt }
  expect(typeof runner.it.skip).toBe("function")
})
