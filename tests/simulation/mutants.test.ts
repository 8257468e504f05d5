import { expect, test } from "vitest"
import { mutants } from "../../sim/mutants/mutants.ts"
import { plantedSource } from "../../sim/mutants/source.ts"

test.each(mutants)("the bug can still be planted: $name", (mutant) => {
  expect(plantedSource(mutant)).toContain(mutant.replacement)
})

test("a bug whose place is gone is told, not left out", () => {
  const rotten = { name: "x", file: "sdk/retry-policy.ts", text: "no such text", replacement: "" }
  expect(() => plantedSource(rotten)).toThrow(/has rotted/)
})
