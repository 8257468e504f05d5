/** From the link in a mail to the mails that are not sent: runtime and handler together. */
import { openStore } from "sendstate"
import { handlebars } from "sendstate/renderer/handlebars"
import type { CampaignInput, Message, Renderer } from "sendstate/sdk"
import { sqlite } from "sendstate/storage/sqlite"
import { faultyStorage, storageError } from "sendstate/testing"
import { unsubscribeHandler } from "sendstate/web"
import { describe, expect, test } from "vitest"
import { campaign, failureOf, openCampaign, openWorld, people, reaches, temporaryFolder } from "../runtime/world.ts"

const real = handlebars({
  templates: {
    hello: { subject: "Hello", html: '<p>Hello</p><a href="{{unsubscribeUrl}}">no more</a>' },
    nudge: { subject: "Nudge", html: '<p>Nudge</p><a href="{{unsubscribeUrl}}">no more</a>' },
  },
})

// Closed by no world: all tests share it.
const renderer: Renderer = { ...real, close: async () => undefined }

const twoSteps: Partial<CampaignInput> = {
  topic: "news",
  steps: [{ template: "hello" }, { template: "nudge", after: "1 hour" }],
  unsubscribe: { url: "https://acme.test/u/{token}" },
}

const linkIn = (message: Message | undefined): string => message?.listUnsubscribe?.urls[0] ?? ""

const oneClick = (url: string): Request =>
  new Request(url, { method: "POST", body: new URLSearchParams({ "List-Unsubscribe": "One-Click" }) })

const begin = async (definition: Partial<CampaignInput> = twoSteps, options: Parameters<typeof openWorld>[0] = {}) => {
  const world = await openCampaign(definition, { renderer, speed: 36_000, ...options })
  await world.spring.enroll(people("ann"))
  await world.until(reaches("done"))
  const { runtime, inbox } = world
  const handler = unsubscribeHandler({ signingKeys: runtime.signingKeys(), unsubscribe: runtime.unsubscribe })
  return { ...world, handler, url: linkIn(inbox.sent[0]?.message) }
}

describe("the link in a mail", () => {
  test("stands in the header and in the mail, and is the same at each try", async () => {
    const { inbox, url, spring } = await begin()
    expect(url).toMatch(/^https:\/\/acme\.test\/u\/[\w.-]+$/)
    expect(inbox.sent[0]?.message).toMatchObject({ listUnsubscribe: { urls: [url], oneClick: true } })
    expect(inbox.sent[0]?.message.html).toContain(url)
    const [one, other] = [await spring.preview({ email: "bob@x.test" }), await spring.preview({ email: "bob@x.test" })]
    expect(linkIn(one)).toBe(linkIn(other))
    expect(linkIn(one)).not.toBe(url)
  })

  test("opened it changes nothing; with one click the rest of the topic is not sent, other topics are", async () => {
    const { handler, url, spring, inbox, runtime } = await begin()
    expect((await handler(new Request(url))).status).toBe(200)
    expect(await runtime.suppressions.of("ann@example.test", { topic: "news" })).toEqual([])
    expect((await handler(oneClick(url))).status).toBe(200)
    expect((await handler(oneClick(url))).status).toBe(200)
    await spring.close()
    expect(await spring.completed()).toMatchObject({ sent: 1, suppressed: 1 })
    expect(await runtime.suppressions.of("ann@example.test", { topic: "news" })).toMatchObject([
      { topic: "news", reason: "unsubscribed" },
    ])
    const other = await runtime.campaigns.create(
      campaign({ ...twoSteps, id: "offers", topic: "offers", steps: [{ template: "hello" }] }),
    )
    await other.enroll(people("ann"))
    await other.close()
    expect(await other.completed()).toMatchObject({ sent: 1 })
    expect(inbox.count).toBe(2)
  })

  test("without a topic it is about everything, and it is kept over a restart", async () => {
    const world = await begin({ ...twoSteps, topic: undefined })
    expect((await world.handler(oneClick(world.url))).status).toBe(200)
    const again = await world.restart()
    const offers = await again.runtime.campaigns.create(campaign({ id: "offers", topic: "offers" }))
    await offers.enroll(people("ann"))
    expect(await offers.settled()).toMatchObject({ suppressed: 1, sent: 0 })
    // The key that signed the link is kept as well.
    const { signingKeys, unsubscribe } = again.runtime
    expect((await unsubscribeHandler({ signingKeys: signingKeys(), unsubscribe })(oneClick(world.url))).status).toBe(
      200,
    )
  })

  test("is about the address that it was mailed to and the one that the lead has now", async () => {
    const { handler, url, runtime } = await begin()
    await runtime.leads.put({ id: "ann@example.test", email: "ann@new.test" })
    await handler(oneClick(url))
    for (const email of ["ann@example.test", "ann@new.test"])
      expect(await runtime.suppressions.of(email, { topic: "news" })).toHaveLength(1)
  })

  test("works for whom was forgotten meanwhile", async () => {
    const { handler, url, runtime } = await begin()
    await runtime.forgetLead("ann@example.test", { suppress: false })
    expect((await handler(oneClick(url))).status).toBe(200)
    expect(await runtime.suppressions.of("ann@example.test", { topic: "news" })).toHaveLength(1)
  })

  test("asks the host's own directory for the address that the next mail would go to", async () => {
    const { handler, url, runtime } = await begin(twoSteps, {
      leadOf: async (id) => ({ id, email: "ann@directory.test" }),
    })
    await handler(oneClick(url))
    expect(await runtime.suppressions.of("ann@directory.test", { topic: "news" })).toHaveLength(1)
  })

  test("says nothing good when it could not be stored, and works at the next try", async () => {
    const storage = faultyStorage()
    const { handler, url, runtime } = await begin(twoSteps, { storage })
    storage.fault = (method) => (method === "writeDocuments" ? { before: storageError("unavailable") } : undefined)
    await expect(handler(oneClick(url))).rejects.toMatchObject({ _tag: "StorageError" })
    storage.fault = () => undefined
    expect((await handler(oneClick(url))).status).toBe(200)
    expect(await runtime.suppressions.of("ann@example.test", { topic: "news" })).toHaveLength(1)
  })

  test("of another storage is worth nothing here", async () => {
    const { handler, runtime } = await begin()
    const { url } = await begin()
    expect((await handler(oneClick(url))).status).toBe(400)
    expect(await runtime.suppressions.of("ann@example.test", { topic: "news" })).toEqual([])
  })

  test("is served by a process beside the one that sends", async () => {
    const file = `${temporaryFolder()}/news.db`
    const { url, spring } = await begin(twoSteps, { storage: sqlite(file) })
    await spring.pause()
    const store = await openStore(sqlite(file))
    const handler = unsubscribeHandler({
      signingKeys: await store.signingKeys(),
      unsubscribe: async (who) => {
        const answer = await store.control({ type: "unsubscribe", who })
        if (answer.type === "failed") throw new Error(answer.message)
      },
    })
    expect((await handler(oneClick(url))).status).toBe(200)
    await store.close()
    await spring.resume()
    await spring.close()
    expect(await spring.completed()).toMatchObject({ sent: 1, suppressed: 1 })
  })
})

test("who is unsubscribed without a link must be known", async () => {
  const { runtime } = await openWorld()
  expect(await failureOf(runtime.unsubscribe({ leadId: "nobody", topic: null }))).toMatchObject({ _tag: "NotFound" })
  for (const who of [
    { leadId: "", topic: null },
    { leadId: "ann", topic: "a b" },
    { leadId: "ann", topic: null, suppressionKey: "address:1" },
  ])
    expect(await failureOf(runtime.unsubscribe(who))).toMatchObject({ _tag: "InvalidInput" })
  await runtime.leads.put({ id: "ann", email: "ann@example.test" })
  await runtime.unsubscribe({ leadId: "ann", topic: "News" })
  expect(await runtime.suppressions.of("ann@example.test", { topic: "news" })).toHaveLength(1)
})

describe("the List-ID header (RFC 2919)", () => {
  const listIdOf = async (definition: Partial<CampaignInput>): Promise<string | undefined> => {
    const { spring } = await openCampaign(definition)
    return (await spring.preview({ email: "bob@x.test" })).headers["List-ID"]
  }

  test("is the topic at the sender's domain, or what the campaign says", async () => {
    expect(await listIdOf({})).toBeUndefined()
    expect(await listIdOf({ topic: "Garden-News", from: "Ann <ann@ACME.test>" })).toBe("<garden-news.acme.test>")
    expect(await listIdOf({ topic: "news", listId: "list.acme.test" })).toBe("<list.acme.test>")
    expect(await listIdOf({ listId: "Garden news <list.acme.test>" })).toBe("Garden news <list.acme.test>")
  })

  test.each(["", "news", "a..b", "<a.b", "é.acme.test", "a b.c", "News\r\nBcc: x <a.b>", `${"a".repeat(255)}.b`])(
    "%j is refused",
    async (listId) => {
      expect(await failureOf(openCampaign({ listId }))).toMatchObject({ _tag: "InvalidInput" })
    },
  )

  test("cannot be given as a header of one's own", async () => {
    expect(await failureOf(openCampaign({ headers: { "List-Id": "<a.b>" } }))).toMatchObject({ _tag: "InvalidInput" })
  })
})
