import fc from "fast-check"
import { stepExecution } from "sendstate/machines"
import { decideRetry, defineCampaign, defineRetryPolicy, leadSchema, parse } from "sendstate/sdk"
import { anyCampaign, anyHistory, anyLeads, anyRetryPolicy, faultyTransport, retryLaws } from "sendstate/testing"
import { memory } from "sendstate/transport/memory"
import { describe, expect, test } from "vitest"
import { mail, sendOnce } from "../plugins/transport/smtp/mail.ts"

describe("arbitraries make what is accepted", () => {
  test("leads, all with addresses of their own", () => {
    fc.assert(
      fc.property(anyLeads({ minLength: 1 }), (leads) => {
        const ids = leads.map((lead) => parse(leadSchema, lead, "The lead").id)
        expect(new Set(ids).size).toBe(leads.length)
      }),
    )
  })

  test("campaigns", () => {
    fc.assert(fc.property(anyCampaign, (campaign) => void defineCampaign(campaign)))
  })

  test("histories, which replay to where they ended, and reach every end", () => {
    const ends = new Set<string>()
    fc.assert(
      fc.property(anyHistory, ({ start, events, end }) => {
        let replayed = { state: start.state, context: start.context }
        for (const event of events) {
          const { accepted, state, context } = stepExecution(replayed, event)
          expect(accepted).toBe(true)
          replayed = { state, context }
        }
        expect(replayed).toEqual({ state: end.state, context: end.context })
        ends.add(`${end.state} ${end.context.outcome}`)
      }),
      { numRuns: 1_500 },
    )
    for (const end of ["done sent", "done failed", "done suppressed", "done skipped", "cancelled null"])
      expect(ends, end).toContain(end)
  })
})

describe("the retry laws", () => {
  for (const [law, holds] of Object.entries(
    retryLaws(defineRetryPolicy({ attempts: 4, deadline: "8 hours" }), { runs: 300 }),
  ))
    test(law, holds)

  test("hold for every policy that is accepted", () => {
    fc.assert(
      fc.property(anyRetryPolicy, (policy) => {
        for (const holds of Object.values(retryLaws(policy, { runs: 10 }))) holds()
      }),
      { numRuns: 60 },
    )
  })

  const wrong: Readonly<Record<string, { readonly law: string; readonly decide: typeof decideRetry }>> = {
    "one attempt too many": {
      law: "no story goes on beyond the attempts",
      decide: (policy, question) => decideRetry({ ...policy, attempts: policy.attempts + 1 }, question),
    },
    "a server's wish is ignored": {
      law: "a retry is never before the failure, and never before the server asked for",
      decide: (policy, { retryAfterMs: _, ...question }) => decideRetry(policy, question),
    },
    "a server's wish is ignored from the second failure on": {
      law: "a retry is never before the failure, and never before the server asked for",
      decide: (policy, { retryAfterMs, ...question }) =>
        decideRetry(policy, question.used === 1 ? { ...question, retryAfterMs } : question),
    },
    "the deadline is ignored": {
      law: "no retry starts after the deadline",
      decide: (policy, question) => decideRetry({ ...policy, deadlineMs: null }, question),
    },
    "the deadline is ignored from the second failure on": {
      law: "no retry starts after the deadline",
      decide: (policy, question) =>
        decideRetry(question.used === 1 ? policy : { ...policy, deadlineMs: null }, question),
    },
    "it retries before it failed": {
      law: "a retry is never before the failure, and never before the server asked for",
      decide: (policy, question) => {
        const next = decideRetry(policy, question)
        return next === undefined ? undefined : Math.min(next, question.at - 1)
      },
    },
    "it does not wait": {
      law: "the delay is the policy's, or the server's if that is longer",
      decide: (policy, question) => decideRetry({ ...policy, baseMs: 0 }, question),
    },
    "it always gives up": { law: "nobody gives up with attempts and time left", decide: () => undefined },
    "the answer is another one each time": {
      law: "the same question has the same answer",
      decide: (policy, question) => {
        asked += 1
        return decideRetry(policy, { ...question, at: question.at + asked })
      },
    },
  }
  let asked = 0
  test.each(Object.entries(wrong))("break when %s", (_name, { law, decide }) => {
    const policy = defineRetryPolicy({ attempts: 3, base: "1 minute", cap: "1 hour", deadline: "1 hour" })
    const broken = Object.entries(retryLaws(policy, { decide })).flatMap(([name, holds]) => {
      try {
        holds()
        return []
      } catch {
        return [name]
      }
    })
    expect(broken).toContain(law)
  })
})

test("a faulty transport does as its script says, and counts as what it did", async () => {
  const inner = memory()
  const lost = new Error("lost")
  const script = [
    { throwBefore: lost },
    { throwAfter: lost },
    { answer: { type: "unknown", stage: "x" } },
    undefined,
  ] as const
  let call = 0
  const transport = faultyTransport(inner, () => script[call++])
  await expect(sendOnce(transport)).rejects.toBe(lost)
  expect(inner.count).toBe(0)
  await expect(sendOnce(transport)).rejects.toBe(lost)
  expect(inner.count).toBe(1)
  expect((await sendOnce(transport, mail())).outcome).toEqual({ type: "unknown", stage: "x" })
  expect((await sendOnce(transport, mail())).outcome).toEqual({ type: "accepted" })
  expect(inner.count).toBe(2)
})
