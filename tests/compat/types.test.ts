import { campaignOrchestrator } from "sendstate/compat"
import { expect, test } from "vitest"
import { alias, data, execution, orchestrate, shout, useServices } from "./old-code.ts"

test("code that was typed against the old interface compiles, and finds what it names", () => {
  expect(alias).toBe(campaignOrchestrator)
  expect(shout(data)).toBe("ALL")
  expect(execution.status).toBe("scheduled")
  expect([typeof orchestrate, typeof useServices]).toEqual(["function", "function"])
})
