import type { LeadInput, SendOutcome } from "sendstate/sdk"
import { simulate } from "sendstate/simulation"
import { expect, test } from "vitest"

const minute = 60_000

const spring = { id: "spring", from: "Ann <ann@acme.test>", steps: [{ template: "hello" }] } as const

const leads = (count: number): ReadonlyArray<LeadInput> =>
  Array.from({ length: count }, (_, index) => ({ email: `lead${index}@x.test` }))

const busy: SendOutcome = {
  type: "rejected",
  scope: "host",
  retryable: true,
  code: "421",
  response: "421 4.7.0 slow down",
}

// Put off until main has room, which it does not get, it was due again at once, for ever.
test.each([{ backup: "1 / 10 minutes" }, { main: "100 / second", backup: "1 / 10 minutes" }])(
  "a mail that one transport turned away waits for the limit of the other: %j",
  async (transports) => {
    const refused = new Set<string>()
    const main = ({ to }: { readonly to: string }): SendOutcome | undefined => {
      if (refused.has(to)) return undefined
      refused.add(to)
      return busy
    }
    const moves: Array<number> = []
    const reasons = new Set<string>()
    const { counts, finishedAt, startedAt } = await simulate(spring, leads(4), {
      transports: [
        { name: "main", latency: 50, weight: 1_000, outcome: main },
        { name: "backup", latency: 50 },
      ],
      limits: { transports },
      actions: [
        {
          at: "9 minutes",
          do: async (runtime) => {
            for await (const { id, context } of runtime.executions.list({ states: ["retrying"] })) {
              reasons.add(String(context.reason?.text).replace(/ until .*/, ""))
              const { history } = await runtime.explain(id)
              moves.push(history.length)
            }
          },
        },
      ],
    })
    expect(counts).toMatchObject({ sent: 4 })
    expect([...reasons]).toEqual(["bucket transport backup empty"])
    expect(moves).toHaveLength(3)
    expect(Math.max(...moves)).toBeLessThan(10)
    expect((finishedAt ?? 0) - startedAt).toBeGreaterThan(29 * minute)
    expect((finishedAt ?? 0) - startedAt).toBeLessThan(31 * minute)
  },
)

test("no mail waits for the limit of a transport that is out, not even to find out whether it still is", async () => {
  const twice = { ...spring, steps: [{ template: "hello" }, { template: "hello", after: "5 minutes" }] } as const
  const { counts, finishedAt, startedAt } = await simulate(twice, leads(40), {
    transports: [
      { name: "main", latency: 50, outages: [{ from: 0, for: "5 hours" }] },
      { name: "backup", latency: 50 },
    ],
    // Five failures open the circuit, and use it up.
    limits: { transports: { main: { count: 1, per: "1 hour", burst: 5 } } },
  })
  expect(counts).toMatchObject({ sent: 80 })
  expect((finishedAt ?? 0) - startedAt).toBeLessThan(6 * minute)
})

test("a mail in doubt waits for the limit of the transport that may have it", async () => {
  const calls: Array<{ readonly via: string; readonly to: string; readonly at: number }> = []
  const noting =
    (via: string, answer?: SendOutcome) =>
    ({ to, at }: { readonly to: string; readonly at: number }): SendOutcome | undefined => {
      const isFirst = !calls.some((call) => call.to === to)
      calls.push({ via, to, at })
      return isFirst ? answer : undefined
    }
  const { counts } = await simulate({ ...spring, onUnknown: "resend" }, leads(8), {
    transports: [
      { name: "main", latency: 50, weight: 1_000, outcome: noting("main", { type: "unknown", stage: "handed-off" }) },
      { name: "backup", latency: 50, outcome: noting("backup") },
    ],
    limits: { transports: { main: "1 / 10 minutes" } },
  })
  expect(counts).toMatchObject({ sent: 8, resent: 1 })
  const [first, second, ...others] = calls.filter(({ via }) => via === "main")
  expect(second?.to).toBe(first?.to)
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(10 * minute)
  expect(others).toEqual([])
})
