import { type ConditionInput, conditionSchema, isTrue, type Lead } from "sendstate/sdk"
import { expect, test } from "vitest"

const ann: Lead = {
  id: "ann",
  email: "ann@x.test",
  status: "new",
  data: { status: "customer", plan: { name: "pro", seats: 3 } },
}

const holds = (condition: ConditionInput, lead = ann): boolean =>
  isTrue(conditionSchema.parse(condition), { lead, enrolledAt: 0, now: 0, timeScale: 1, lastEvent: () => undefined })

test("a condition sees what a template sees: the lead's data wins over its own fields", () => {
  expect(holds({ lead: "status", equals: "customer" })).toBe(true)
  expect(holds({ lead: "data.status", equals: "customer" })).toBe(true)
  expect(holds({ lead: "status", equals: "new" }, { ...ann, data: {} })).toBe(true)
  expect(holds({ lead: "plan.seats", above: 2 })).toBe(true)
  expect(holds({ lead: "constructor" })).toBe(false)
})

test("objects are the same whatever the order of their keys", () => {
  expect(holds({ lead: "plan", equals: { seats: 3, name: "pro" } })).toBe(true)
  expect(holds({ lead: "plan", oneOf: [{ name: "pro" }, { name: "pro", seats: 4 }] })).toBe(false)
})

test("a condition that begins with nothing known says how one begins, and an error is about what was meant", () => {
  const messages = (condition: unknown) =>
    conditionSchema.safeParse(condition).error?.issues.map(({ message }) => message)
  expect(messages({ field: "plan" })).toEqual([expect.stringContaining("lead, event, all, any or not")])
  expect(messages({ event: "!" })).toEqual([expect.stringContaining("the name of an event")])
  expect(messages({ all: [{ not: { event: "!" } }] })).toEqual([expect.stringContaining("the name of an event")])
})
