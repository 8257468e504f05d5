import { findIssues, InvalidInput, parse, type StandardResult, type StandardSchema } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import * as z from "zod"
import { refusalOf } from "./refusal.ts"

interface Plan {
  readonly plan: string
}

// As valibot answers: issues whose path is a list of objects with a key.
const planSchema = (validate: (value: unknown) => StandardResult<Plan> | Promise<StandardResult<Plan>>) =>
  ({ "~standard": { version: 1, vendor: "by-hand", validate } }) satisfies StandardSchema<Plan>

const plan = planSchema((value) =>
  typeof value === "object" && value !== null && "plan" in value && typeof value.plan === "string"
    ? { value: { plan: value.plan.trim() } }
    : {
        issues: [
          { message: "Expected string", path: [{ key: "data" }, { key: 0 }, { key: "plan" }] },
          { message: "Expected object" },
        ],
      },
)

describe("a schema of any vendor", () => {
  test("gives the value as the schema returns it", () => {
    const value: Plan = parse(plan, { plan: " gold ", more: 1 }, "The data")
    expect(value).toEqual({ plan: "gold" })
  })

  test("its issues are named by path in one typed error", () => {
    const refusal = refusalOf(() => parse(plan, 7, "The data"))
    expect(refusal).toMatchObject({ _tag: "InvalidInput", code: "invalid-input", retryable: false })
    expect(refusal.issues).toEqual([
      { path: "data.0.plan", message: "Expected string" },
      { path: "", message: "Expected object" },
    ])
    expect(refusal.message).toBe("The data is not valid: data.0.plan: Expected string; Expected object")
  })

  test("zod is one of them", () => {
    const schema = z.object({ a: z.array(z.object({ b: z.number() })) })
    expect(parse(schema, { a: [{ b: 1 }] }, "It")).toEqual({ a: [{ b: 1 }] })
    expect(refusalOf(() => parse(schema, { a: [{ b: "1" }] }, "It")).issues).toMatchObject([{ path: "a.0.b" }])
  })

  test("an asynchronous one is refused where an answer is needed at once", () => {
    const later = planSchema(async () => ({ value: { plan: "gold" } }))
    expect(() => parse(later, {}, "The data")).toThrow(InvalidInput)
    expect(refusalOf(() => parse(later, {}, "The data")).message).toContain("use a synchronous one")
  })

  test("an asynchronous one is awaited where leads are checked", async () => {
    expect(
      await findIssues(
        planSchema(async () => ({ value: { plan: "gold" } })),
        {},
      ),
    ).toEqual([])
    expect(
      await findIssues(
        planSchema(async () => ({ issues: [{ message: "no", path: ["plan"] }] })),
        {},
      ),
    ).toEqual([{ path: "plan", message: "no" }])
  })
})
