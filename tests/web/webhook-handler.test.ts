import type { Feedback, WebhookResult } from "sendstate/feedback"
import { webhookHandler } from "sendstate/web"
import { expect, test } from "vitest"

const news: Feedback = { id: "1", type: "bounced" }
const post = (body: string): Request => new Request("https://acme.test/hook", { method: "POST", body })

const served = (result: WebhookResult, receive: (feedback: ReadonlyArray<Feedback>) => Promise<unknown>) =>
  webhookHandler({ webhook: { name: "fake", read: async () => result }, receive, now: () => 0 })

test("200 only once it is stored; 401 for what is not signed; a failure to store is thrown, so that the provider repeats it", async () => {
  const kept: Array<Feedback> = []
  const keep = async (feedback: ReadonlyArray<Feedback>) => void kept.push(...feedback)
  expect((await served({ type: "feedback", feedback: [news] }, keep)(post("{}"))).status).toBe(200)
  expect((await served({ type: "refused", reason: "unsigned" }, keep)(post("{}"))).status).toBe(401)
  expect(kept).toEqual([news])
  const full = served({ type: "feedback", feedback: [news] }, () => Promise.reject(new Error("disk full")))
  await expect(full(post("{}"))).rejects.toThrow("disk full")
})

test("the raw bytes reach the signature's check; long bodies and other methods do not", async () => {
  const bodies: Array<string> = []
  const handler = webhookHandler({
    webhook: {
      name: "fake",
      read: async ({ body }) => {
        bodies.push(new TextDecoder().decode(body))
        return { type: "feedback", feedback: [] }
      },
    },
    receive: async () => undefined,
  })
  await handler(post('{ "a":  1 }'))
  expect((await handler(post("x".repeat(1_100_000)))).status).toBe(413)
  expect((await handler(new Request("https://acme.test/hook"))).status).toBe(405)
  expect(bodies).toEqual(['{ "a":  1 }'])
})
