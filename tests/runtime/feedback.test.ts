import type { FeedbackAnswer, Runtime } from "sendstate"
import { openStore } from "sendstate"
import { parseInbound, readFeedback } from "sendstate/feedback"
import type { CampaignInput, Feedback } from "sendstate/sdk"
import { sqlite } from "sendstate/storage/sqlite"
import { faultyStorage, storageError } from "sendstate/testing"
import { webhookHandler } from "sendstate/web"
import { describe, expect, test } from "vitest"
import { dsn } from "../feedback/reports.ts"
import { campaign, failureOf, openCampaign, people, temporaryFolder, type WorldOptions } from "./world.ts"

/** A world in which these people have got their mail. */
const sent = async (
  names: ReadonlyArray<string>,
  definition: Partial<CampaignInput> = {},
  options: WorldOptions = {},
) => {
  const world = await openCampaign(definition, options)
  await world.spring.enroll(people(...names))
  await world.spring.settled()
  return { ...world, idOf: async (name: string) => (await world.executionOf(name)).id }
}

const outcomes = (answers: ReadonlyArray<FeedbackAnswer>) => answers.map(({ outcome }) => outcome)

/** What keeps mail from this address. */
const reasons = async (runtime: Runtime, email: string, topic?: string): Promise<ReadonlyArray<string>> =>
  (await runtime.suppressions.of(email, { topic })).map(({ reason }) => reason)

const soft = { kind: "soft", enhancedCode: "5.2.2" } as const
const hard = { kind: "hard", enhancedCode: "5.1.1" } as const

/** A campaign of its own for each mail, so that a lead gets several. */
const mailAgain = async (runtime: Runtime, id: string): Promise<string> => {
  const one = await runtime.campaigns.create(campaign({ id }))
  await one.enroll(people("ann"))
  await one.settled()
  for await (const row of runtime.executions.list({ campaignId: id })) return row.id
  throw new Error("nothing was sent")
}

describe("what comes back", () => {
  test("a complaint and a bounce for good end all mail to the address", async () => {
    const { runtime, spring, idOf, inbox } = await sent(["ann", "bob", "cat"])
    const answers = await runtime.receiveFeedback([
      { id: "1", type: "complained", executionId: await idOf("ann") },
      { id: "2", type: "bounced", executionId: await idOf("bob"), bounce: hard },
    ])
    expect(outcomes(answers)).toEqual(["suppressed", "suppressed"])
    expect(await reasons(runtime, "ann@example.test")).toEqual(["complained"])
    expect(await reasons(runtime, "bob@example.test")).toEqual(["bounced"])
    const next = await runtime.campaigns.create(campaign({ id: "next" }))
    await next.enroll(people("ann", "bob", "cat"))
    expect(await next.settled()).toMatchObject({ sent: 1, suppressed: 2 })
    expect(inbox.count).toBe(4)
    expect(await spring.stats()).toMatchObject({ sent: 3 })
  })

  test("a wish to unsubscribe is about the topic of the mail", async () => {
    const { runtime, idOf } = await sent(["ann"], { topic: "news" })
    await runtime.receiveFeedback({ id: "1", type: "unsubscribed", executionId: await idOf("ann") })
    expect(await reasons(runtime, "ann@example.test")).toEqual([])
    expect(await reasons(runtime, "ann@example.test", "news")).toEqual(["unsubscribed"])
  })

  test("all of it is told by explain, without the address and the other side's words", async () => {
    const { runtime, idOf } = await sent(["ann"])
    const executionId = await idOf("ann")
    const news: ReadonlyArray<Feedback> = [
      { id: "1", type: "delivered", executionId, at: 3_000 },
      { id: "2", type: "opened", executionId, at: 4_000 },
      { id: "3", type: "deferred", executionId, at: 1_000, bounce: { ...soft, text: "ann@example.test is full" } },
      { id: "4", type: "clicked", executionId, at: 5_000, url: "https://acme.test/?ann@example.test" },
      { id: "5", type: "replied", executionId, at: 6_000 },
      { id: "6", type: "bounced", executionId, at: 7_000, bounce: hard },
      { id: "7", type: "complained", executionId, at: 8_000 },
    ]
    await runtime.receiveFeedback(news)
    const { feedback } = await runtime.explain(executionId)
    expect(feedback.map(({ text }) => text)).toEqual([
      "a server on the way still tries (5.2.2)",
      "reported as delivered",
      "opened",
      "a link was clicked",
      "answered by the recipient",
      "bounced for good (5.1.1)",
      "the recipient called it spam",
    ])
    expect(feedback.map(({ at }) => at)).toEqual([1_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000])
    expect(JSON.stringify(feedback)).not.toContain("example.test")
  })

  test("the same news again changes nothing, also when the suppression was lifted meanwhile and after a restart", async () => {
    const world = await sent(["ann"])
    const complaint: Feedback = { id: "arf-1", type: "complained", executionId: await world.idOf("ann") }
    const opened: Feedback = { ...complaint, id: "open-1", type: "opened" }
    expect(outcomes(await world.runtime.receiveFeedback([complaint, opened]))).toEqual(["suppressed", "recorded"])
    await world.runtime.unsuppress("ann@example.test")
    const { runtime } = await world.restart()
    expect(outcomes(await runtime.receiveFeedback([complaint, opened]))).toEqual(["repeated", "repeated"])
    expect(await reasons(runtime, "ann@example.test")).toEqual([])
    expect((await runtime.explain(complaint.executionId ?? "")).feedback).toHaveLength(2)
  })

  test("when it could not be stored nothing is believed done: the next try does all of it", async () => {
    for (const failing of [1, 2, 3]) {
      const storage = faultyStorage()
      const { runtime, idOf } = await sent(["ann"], {}, { storage })
      const complaint: Feedback = { id: "1", type: "complained", executionId: await idOf("ann") }
      let writes = 0
      storage.fault = (method) => {
        if (method !== "writeDocuments") return undefined
        writes += 1
        return writes === failing ? { before: storageError("unavailable") } : undefined
      }
      expect(await failureOf(runtime.receiveFeedback(complaint))).toMatchObject({ _tag: "StorageError" })
      storage.fault = () => undefined
      expect(outcomes(await runtime.receiveFeedback(complaint))).toEqual(["suppressed"])
      expect(await reasons(runtime, "ann@example.test")).toEqual(["complained"])
      expect((await runtime.explain(complaint.executionId ?? "")).feedback).toHaveLength(1)
    }
  })

  test("what is no feedback is refused as a whole", async () => {
    const { runtime, idOf } = await sent(["ann"])
    const good: Feedback = { id: "1", type: "complained", executionId: await idOf("ann") }
    for (const bad of [
      { id: "", type: "opened" },
      { id: "2", type: "sneezed" },
      { id: "3", type: "bounced", at: -1 },
    ])
      expect(await failureOf(runtime.receiveFeedback([good, bad as Feedback]))).toMatchObject({ _tag: "InvalidInput" })
    expect(await reasons(runtime, "ann@example.test")).toEqual([])
  })
})

describe("who is believed", () => {
  test("a mail about no mail of ours suppresses nobody, whatever address it names", async () => {
    const { runtime } = await sent(["ann"])
    const forged: Feedback = {
      id: "1",
      type: "bounced",
      executionId: "exec-1",
      email: "ann@example.test",
      bounce: hard,
    }
    expect(outcomes(await runtime.receiveFeedback(forged))).toEqual(["unmatched"])
    expect(await reasons(runtime, "ann@example.test")).toEqual([])
  })

  test("a provider that is known may name an address alone; one that is none is passed over", async () => {
    const { runtime } = await sent(["ann"])
    const answers = await runtime.receiveFeedback([
      { id: "1", type: "complained", email: "ANN@example.test", authentic: true },
      { id: "2", type: "complained", email: "not an address", authentic: true },
    ])
    expect(outcomes(answers)).toEqual(["suppressed", "unmatched"])
    expect(await reasons(runtime, "ann@example.test")).toEqual(["complained"])
  })

  test("a bounce of a forwarded mail is about the address that we mailed", async () => {
    const { runtime, idOf } = await sent(["ann"])
    const id = await idOf("ann")
    await runtime.receiveFeedback({
      id: "1",
      type: "bounced",
      executionId: id,
      email: "ann@elsewhere.test",
      bounce: hard,
    })
    expect(await reasons(runtime, "ann@example.test")).toEqual(["bounced"])
    expect(await reasons(runtime, "ann@elsewhere.test")).toEqual([])
  })
})

describe("addresses that bounce for now", () => {
  test("are given up at the third bounce within 30 days, and not when they are further apart", async () => {
    const { runtime } = await sent(["ann"])
    const day = 86_400_000
    const bounce = async (email: string, number: number, at: number) => {
      const [answer] = await runtime.receiveFeedback({
        id: `${email}-${number}`,
        type: "bounced",
        email,
        at,
        bounce: soft,
        authentic: true,
      })
      return answer?.outcome
    }
    expect(await bounce("ann@example.test", 1, 0)).toBe("recorded")
    expect(await bounce("ann@example.test", 1, 0)).toBe("repeated")
    expect(await bounce("ann@example.test", 2, 10 * day)).toBe("recorded")
    expect(await bounce("ann@example.test", 3, 29 * day)).toBe("suppressed")
    expect(await bounce("bob@example.test", 1, 0)).toBe("recorded")
    expect(await bounce("bob@example.test", 2, 10 * day)).toBe("recorded")
    expect(await bounce("bob@example.test", 3, 30 * day)).toBe("recorded")
    expect(await bounce("bob@example.test", 4, 39 * day)).toBe("suppressed")
    expect(await reasons(runtime, "ann@example.test")).toEqual(["soft-bounces"])
  })

  test("are given up when three of the latest five mails bounced, however far apart", async () => {
    const { runtime } = await sent([], {}, { softBounces: { within: "1 s" } })
    const ids: Array<string> = []
    for (let number = 1; number <= 7; number += 1) ids.push(await mailAgain(runtime, `mail-${number}`))
    const bounce = async (mail: number) => {
      const executionId = ids[mail - 1] ?? ""
      const at = Date.UTC(2026, mail, 1)
      const [answer] = await runtime.receiveFeedback({ id: `b${mail}`, type: "bounced", at, executionId, bounce: soft })
      return answer?.outcome
    }
    // The first two are not among the latest five.
    expect(await bounce(1)).toBe("recorded")
    expect(await bounce(2)).toBe("recorded")
    expect(await bounce(4)).toBe("recorded")
    expect(await bounce(6)).toBe("recorded")
    expect(await bounce(7)).toBe("suppressed")
  })

  test("a mail that a server and a provider tell of has bounced once", async () => {
    const { runtime, idOf } = await sent(["ann"], {}, { softBounces: { count: 2 } })
    const one: Feedback = { id: "dsn", type: "bounced", executionId: await idOf("ann"), bounce: soft }
    expect(outcomes(await runtime.receiveFeedback([one, { ...one, id: "webhook" }]))).toEqual(["recorded", "recorded"])
  })

  test("the rule is the host's, or there is none", async () => {
    const once = await sent(["ann"], {}, { softBounces: { count: 1, mails: 1 } })
    const bounce = async (world: typeof once): Promise<Feedback> => ({
      id: "1",
      type: "bounced",
      executionId: await world.idOf("ann"),
      bounce: soft,
    })
    expect(outcomes(await once.runtime.receiveFeedback(await bounce(once)))).toEqual(["suppressed"])
    const never = await sent(["ann"], {}, { softBounces: null })
    for (let number = 0; number < 5; number += 1)
      expect(outcomes(await never.runtime.receiveFeedback({ ...(await bounce(never)), id: String(number) }))).toEqual([
        "recorded",
      ])
    expect(await failureOf(sent([], {}, { softBounces: { count: 5, mails: 3 } }))).toMatchObject({
      _tag: "InvalidInput",
    })
  })
})

test("a delivery status notification from the mailbox of bounces goes all the way", async () => {
  const { runtime, idOf, inbox } = await sent(["bob"])
  const messageId = inbox.sent[0]?.message.messageId ?? ""
  const raw = String(dsn()).replaceAll(/<exec-1@[^>]*>/g, messageId)
  const answers = await runtime.receiveFeedback(readFeedback(await parseInbound(raw)))
  expect(answers).toMatchObject([{ outcome: "suppressed", executionId: await idOf("bob") }])
  expect(await reasons(runtime, "bob@example.test")).toEqual(["bounced"])
})

test("a webhook goes all the way, and is told to try again when it could not be stored", async () => {
  const storage = faultyStorage()
  const { runtime } = await sent(["ann"], {}, { storage })
  const feedback: ReadonlyArray<Feedback> = [
    { id: "1", type: "complained", email: "ann@example.test", authentic: true },
  ]
  const handler = webhookHandler({
    webhook: { name: "fake", read: async () => ({ type: "feedback", feedback }) },
    receive: runtime.receiveFeedback,
  })
  const post = () => handler(new Request("https://acme.test/hook", { method: "POST", body: "{}" }))
  storage.fault = (method) => (method === "writeDocuments" ? { before: storageError("unavailable") } : undefined)
  await expect(post()).rejects.toMatchObject({ _tag: "StorageError" })
  storage.fault = () => undefined
  expect((await post()).status).toBe(200)
  expect(await reasons(runtime, "ann@example.test")).toEqual(["complained"])
})

test("beside the process that sends, the owner of the storage takes it in", async () => {
  const file = `${temporaryFolder()}/news.db`
  const { runtime, idOf } = await sent(["ann"], {}, { storage: sqlite(file) })
  const store = await openStore(sqlite(file))
  const executionId = await idOf("ann")
  const answer = await store.control({ type: "feedback", feedback: [{ id: "1", type: "complained", executionId }] })
  expect(answer).toMatchObject({ type: "feedback", answers: [{ outcome: "suppressed" }] })
  expect((await store.explain(executionId)).feedback).toMatchObject([{ type: "complained" }])
  await store.close()
  expect(await reasons(runtime, "ann@example.test")).toEqual(["complained"])
})

describe("what is kept of it", () => {
  test("goes when the mail is pruned, and when the person is forgotten", async () => {
    const { runtime, idOf, storage } = await sent(["ann", "bob"])
    const [ann, bob] = [await idOf("ann"), await idOf("bob")]
    await runtime.receiveFeedback([
      { id: "1", type: "bounced", executionId: ann, bounce: soft },
      { id: "2", type: "bounced", executionId: bob, bounce: soft },
    ])
    await runtime.forgetLead("ann@example.test", { suppress: false })
    const kept = async () => {
      const driver = await storage.open({ mode: "observe", now: Date.now })
      const documents = await driver.listDocuments("feedback", { limit: 10 })
      await driver.close()
      return documents.map(({ key }) => key.replace(/keyed:.*/, "hash")).sort()
    }
    expect(await kept()).toEqual(["address:hash", `mail:${ann}`, `mail:${bob}`].sort())
    await runtime.prune({ endedBefore: runtime.now() })
    expect(await kept()).toEqual([])
  })
})
