import { campaignOrchestrator } from "sendstate/compat"
import { expect, test } from "vitest"
import { alias, assignment, config, data, execution, orchestrate, shout, trigger, useServices } from "./old-code.ts"

test("code that was typed against the old interface compiles, and finds what it names", () => {
  expect(alias).toBe(campaignOrchestrator)
  expect(shout(data)).toBe("ALL")
  expect(execution.status).toBe("scheduled")
  expect([config.maxAttempts, assignment.templateSequence?.length, trigger.type]).toEqual([5, 4, "email"])
  expect([typeof orchestrate, typeof useServices]).toEqual(["function", "function"])
})
