import { type ExecutionRow, rowProtocol } from "sendstate/sdk"
import { describe, expect, test } from "vitest"

const held = (leaseUntil: number) => {
  const row = { token: 3, version: 7, owner: "ann", leaseUntil, dueAt: leaseUntil, state: "sending.attempting" }
  return { row: row as unknown as ExecutionRow, restDueAt: 0 }
}
const fence = { id: "x", token: 3, version: 1 }

describe("renewing a lease", () => {
  test("makes it longer", () => {
    expect(rowProtocol.renewed(held(100), fence, { until: 500, now: 50 })?.row.leaseUntil).toBe(500)
  })

  test("never makes it shorter: an intent asked for the transport's whole deadline", () => {
    expect(rowProtocol.renewed(held(900), fence, { until: 500, now: 50 })?.row.leaseUntil).toBe(900)
  })

  test("is refused when it is over", () => {
    expect(rowProtocol.renewed(held(100), fence, { until: 500, now: 100 })).toBeUndefined()
  })
})
