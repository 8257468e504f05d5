import type { LeadInput, SendOutcome } from "sendstate/sdk"
import { type ModelledMail, simulate } from "sendstate/simulation"
import { expect, test } from "vitest"

const second = 1_000

const at = (domain: string, count: number): ReadonlyArray<LeadInput> =>
  Array.from({ length: count }, (_, index) => ({ email: `lead${index}@${domain}` }))

const spring = {
  id: "spring",
  from: "Ann <ann@acme.test>",
  steps: [{ template: "hello" }],
  retry: { attempts: 50, base: "20 seconds", factor: 1, jitter: 0.5 },
} as const

const tooFast: SendOutcome = {
  type: "rejected",
  scope: "sender",
  retryable: true,
  code: "451",
  enhancedCode: "4.7.28",
  response: "451 4.7.28 you are sending too fast",
}

/** A server that takes so many mails of a domain per second and asks for less when there are more. */
const sensitive = (domain: string, perSecond: number, refusal: SendOutcome = tooFast) => {
  const taken: Array<number> = []
  const refused: Array<number> = []
  const outcome = (mail: ModelledMail): SendOutcome | undefined => {
    if (!mail.to.endsWith(`@${domain}`)) return undefined
    if (taken.filter((one) => mail.at - one < second).length >= perSecond) {
      refused.push(mail.at)
      return refusal
    }
    taken.push(mail.at)
    return undefined
  }
  return { taken, refused, outcome }
}

test("a domain that asks for less is sent less until it takes what comes; others are not", async () => {
  const others: Array<number> = []
  const gmail = sensitive("gmail.com", 5)
  const { counts, startedAt } = await simulate(spring, [...at("gmail.com", 600), ...at("x.test", 300)], {
    transport: {
      latency: 100,
      maxConcurrency: 20,
      outcome: (mail) => {
        if (mail.to.endsWith("@x.test")) others.push(mail.at)
        return gmail.outcome(mail)
      },
    },
  })
  expect(counts).toMatchObject({ sent: 900, failed: 0 })
  // Without slowing down it is asked some 200 times a second.
  expect(gmail.refused.length).toBeLessThan(150)
  expect(Math.max(...others) - startedAt).toBeLessThan(60 * second)
})

test("greylisting is no wish for less", async () => {
  const greylisted: SendOutcome = { ...tooFast, response: "451 4.7.1 greylisted, come back later" }
  const [asking, greylisting] = [sensitive("gmail.com", 5), sensitive("gmail.com", 5, greylisted)]
  for (const { outcome } of [asking, greylisting]) {
    const transport = { latency: 100, maxConcurrency: 20, outcome }
    const { counts } = await simulate(spring, at("gmail.com", 150), { transport })
    expect(counts).toMatchObject({ sent: 150 })
  }
  expect(greylisting.refused.length).toBeGreaterThan(2 * asking.refused.length)
})
