import { InvalidInput, type SendOutcome } from "sendstate/sdk"
import { memory } from "sendstate/transport/memory"
import { describe, expect, test } from "vitest"
import { mail, sendOnce } from "../smtp/mail.ts"

describe("the memory transport", () => {
  test("keeps what it accepted, with the attempt and the key", async () => {
    const inbox = memory()
    expect(await sendOnce(inbox, mail(), { attempt: 2, idempotencyKey: "exec-9" })).toEqual({
      outcome: { type: "accepted" },
      handoffs: 1,
    })
    expect(inbox.sent).toMatchObject([{ message: mail(), attempt: 2, idempotencyKey: "exec-9" }])
    expect(inbox.count).toBe(1)
  })

  test("holds at most `keep` mails, the newest, and counts all", async () => {
    const inbox = memory({ keep: 3 })
    for (let index = 0; index < 100; index += 1) await sendOnce(inbox, mail({ subject: String(index) }))
    expect(inbox.sent.map((entry) => entry.message.subject)).toEqual(["97", "98", "99"])
    expect(inbox.count).toBe(100)
    inbox.reset()
    expect([inbox.sent, inbox.count]).toEqual([[], 0])
  })

  test("keeps nothing when told so, and still counts", async () => {
    const inbox = memory({ keep: 0 })
    for (let index = 0; index < 50; index += 1) await sendOnce(inbox)
    expect([inbox.sent, inbox.count]).toEqual([[], 50])
  })

  test("follows its script; a rejected mail is not kept, a doubtful one is", async () => {
    const script: ReadonlyArray<SendOutcome> = [
      { type: "rejected", scope: "recipient", retryable: true, code: "450" },
      { type: "unknown", stage: "data-sent" },
      { type: "accepted" },
    ]
    const inbox = memory({ outcome: (_message, { attempt }) => script[attempt - 1] ?? { type: "accepted" } })
    const outcomes: Array<SendOutcome> = []
    for (const attempt of [1, 2, 3]) outcomes.push((await sendOnce(inbox, mail(), { attempt })).outcome)
    expect(outcomes).toEqual(script)
    expect(inbox.sent.map(({ outcome }) => outcome.type)).toEqual(["unknown", "accepted"])
  })

  test("refuses a recipient that no server could be asked for, before the handoff", async () => {
    const inbox = memory()
    for (const to of ["ann@example.test\r\nRCPT TO:<eve@evil.test>", "ann", ""]) {
      const { outcome, handoffs } = await sendOnce(inbox, mail({ envelope: { ...mail().envelope, to } }))
      expect(outcome).toMatchObject({ type: "rejected", scope: "recipient", retryable: false })
      expect(handoffs).toBe(0)
    }
    expect(inbox.count).toBe(0)
  })

  test("a script that throws throws, after the handoff", async () => {
    const broken = new Error("out of order")
    let handedOff = false
    const inbox = memory({ outcome: () => Promise.reject(broken) })
    const handoff = (): void => {
      handedOff = true
    }
    await expect(sendOnce(inbox, mail(), { handoff })).rejects.toBe(broken)
    expect(handedOff).toBe(true)
    expect(inbox.count).toBe(0)
  })

  test("an abort before the call is a rejection, one while the other side takes its time is unknown", async () => {
    const inbox = memory({ latencyMs: 10_000 })
    expect(await sendOnce(inbox, mail(), { signal: AbortSignal.abort() })).toMatchObject({
      outcome: { type: "rejected", scope: "host", retryable: true },
      handoffs: 0,
    })
    const controller = new AbortController()
    const sending = sendOnce(inbox, mail(), { signal: controller.signal })
    controller.abort()
    expect(await sending).toMatchObject({ outcome: { type: "unknown" }, handoffs: 1 })
    expect(inbox.count).toBe(0)
  })

  test("models a provider with idempotency keys: a second send delivers no second copy within the time to live", async () => {
    let now = 0
    const inbox = memory({ idempotent: { ttlMs: 1_000 }, now: () => now })
    expect(inbox.capabilities.idempotent).toEqual({ ttlMs: 1_000 })
    await sendOnce(inbox)
    now = 1_000
    expect((await sendOnce(inbox)).outcome).toMatchObject({ type: "accepted" })
    expect(inbox.count).toBe(1)
    await sendOnce(inbox, mail(), { idempotencyKey: "another" })
    expect(inbox.count).toBe(2)
    now = 1_001
    await sendOnce(inbox)
    expect(inbox.count).toBe(3)
  })

  test("models a provider that can be asked", async () => {
    const inbox = memory({ lookup: true, outcome: () => ({ type: "unknown", stage: "data-sent" }) })
    const query = { messageId: "<a@b>", signal: new AbortController().signal }
    expect(await inbox.lookup?.({ ...query, idempotencyKey: "exec-1" })).toEqual({ type: "notFound" })
    await sendOnce(inbox)
    expect(await inbox.lookup?.({ ...query, idempotencyKey: "exec-1" })).toMatchObject({ type: "accepted" })
    expect(memory().lookup).toBeUndefined()
  })

  test("refuses options that make no sense", () => {
    expect(() => memory({ keep: -1 })).toThrow(InvalidInput)
    expect(() => memory({ maxConcurrency: 0 })).toThrow(InvalidInput)
    expect(() => memory(Object.assign({ keep: 1 }, { kep: 1 }))).toThrow(InvalidInput)
  })
})
