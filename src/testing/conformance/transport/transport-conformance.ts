// Turns of the event loop, no time.
import { setImmediate } from "node:timers"
import { inspect } from "node:util"
import type { SendOutcome, Transport } from "sendstate/sdk"
import { expect } from "../expectation.ts"
import { itUnless, type TestRunner } from "../runner.ts"
import { callOnce, sampleMessage } from "./call.ts"
import { withinPatience } from "./patience.ts"
import type { Mood, TransportSubject } from "./subject.ts"

/** What a transport may have, and need not. */
export type TransportTrait = "handoff" | "idempotent" | "lookup" | "verify"

const traitsOf = ({ capabilities, lookup, verify }: Transport): ReadonlyArray<TransportTrait> => [
  ...(capabilities.signalsHandoff ? (["handoff"] as const) : []),
  ...(capabilities.idempotent === undefined ? [] : (["idempotent"] as const)),
  ...(lookup === undefined ? [] : (["lookup"] as const)),
  ...(verify === undefined ? [] : (["verify"] as const)),
]

/** What {@link transportConformance} tries. */
export interface TransportConformanceOptions {
  /** Name of the group of tests. */
  readonly name: string
  /** A transport and an other side of its own for each test; it takes every mail at first. */
  readonly create: () => TransportSubject | Promise<TransportSubject>
  /** What the transport declares or has; the tests of all others are skipped, and what is named in vain fails. */
  readonly declares: ReadonlyArray<TransportTrait>
  /** What the other side can be made to do beside taking mails; the tests of all others are skipped. */
  readonly moods: ReadonlyArray<Exclude<Mood, "takes">>
  /** Passwords and keys that the transport was given: none may be in an outcome or an error. */
  readonly secrets?: ReadonlyArray<string>
  /** How long a call may take, milliseconds; default 5,000. */
  readonly patienceMs?: number
}

const scopes = ["recipient", "sender", "host", "config"]

const expectRejection = (outcome: SendOutcome, expected: Partial<SendOutcome>): void => {
  expect(outcome).toMatchObject({ type: "rejected", ...expected })
  if (outcome.type !== "rejected") return
  expect(scopes.includes(outcome.scope), "a known scope").toBe(true)
  expect(outcome.code.length, "the length of its code").toBeGreaterThan(0)
}

/**
 * Tests whether a transport keeps its contract: one copy for one call, a handoff before the other side may have the mail,
 * rejections only for what was certainly not taken, doubt for the rest, an end at the abort, and nothing of its secrets in
 * what it says. What it does not declare is skipped with the reason.
 *
 * @example
 * ```ts
 * transportConformance({ describe, it }, {
 *   name: "mine",
 *   declares: ["handoff"],
 *   moods: ["refuses", "gone"],
 *   create: async () => {
 *     const server = await startFakeServer()
 *     return { transport: mine({ url: server.url }), received: () => server.mails, mood: (mood) => server.become(mood) }
 *   },
 * })
 * ```
 */
export const transportConformance = (
  runner: TestRunner,
  { name, create, declares, moods, secrets = [], patienceMs = 5_000 }: TransportConformanceOptions,
): void => {
  const withSubject =
    (body: (subject: TransportSubject) => Promise<void>): (() => Promise<void>) =>
    async () => {
      const subject = await create()
      try {
        await body(subject)
      } finally {
        await withinPatience(patienceMs, "close", async () => subject.transport.close?.())
        await subject.dispose?.()
      }
    }
  const it = (title: string, body: (subject: TransportSubject) => Promise<void>) => runner.it(title, withSubject(body))
  const itWith = (trait: TransportTrait, title: string, body: (subject: TransportSubject) => Promise<void>) =>
    itUnless(runner, declares.includes(trait) ? undefined : `it has no "${trait}"`, title, withSubject(body))
  const inMood = (mood: Exclude<Mood, "takes">, title: string, body: (subject: TransportSubject) => Promise<void>) =>
    itUnless(
      runner,
      moods.includes(mood) ? undefined : `the other side cannot be made "${mood}"`,
      title,
      withSubject(async (subject) => {
        await subject.mood(mood)
        await body(subject)
      }),
    )

  runner.describe(name, () => {
    it("says who it is and what it can do, in numbers that make sense", async ({ transport }) => {
      const { maxConcurrency, maxPerSecond = 1, deadlineMs, signalsHandoff, idempotent } = transport.capabilities
      expect(transport.name.length, "the length of its name").toBeGreaterThan(0)
      expect(Number.isSafeInteger(maxConcurrency) && maxConcurrency >= 1, "maxConcurrency").toBe(true)
      expect(maxPerSecond, "maxPerSecond").toBeGreaterThan(0)
      expect(Number.isFinite(deadlineMs) && deadlineMs > 0, "deadlineMs").toBe(true)
      expect(typeof signalsHandoff, "signalsHandoff").toBe("boolean")
      expect(idempotent?.ttlMs ?? 1, "idempotent.ttlMs").toBeGreaterThan(0)
      expect([...traitsOf(transport)].sort(), "what it declares").toEqual([...declares].sort())
    })

    it("hands one copy to the envelope's recipient, and says that it was accepted", async ({ transport, received }) => {
      const { outcome } = await callOnce(transport, patienceMs)
      expect(outcome).toMatchObject({ type: "accepted" })
      const { envelope, messageId } = sampleMessage()
      expect(received()).toEqual([{ to: envelope.to, messageId }])
    })

    it("leaves the message as it was: a resend has the same bytes", async ({ transport }) => {
      const message = sampleMessage()
      const before = inspect(message, { depth: 8, maxArrayLength: null })
      await callOnce(transport, patienceMs, { message })
      expect(inspect(message, { depth: 8, maxArrayLength: null })).toBe(before)
    })

    itWith("handoff", "signals the handoff before the other side can have the mail", async (subject) => {
      const { transport, received } = subject
      const seen: Array<number> = []
      const { outcome } = await callOnce(transport, patienceMs, { handoff: () => seen.push(received().length) })
      expect(outcome).toMatchObject({ type: "accepted" })
      expect(seen.length, "handoffs").toBeGreaterThan(0)
      for (const count of seen) expect(count, "copies at the handoff").toBe(0)
    })

    itWith("handoff", "delivers nothing when the handoff throws: the call was given up", async (subject) => {
      const { transport, received } = subject
      const refuse = (): void => {
        throw new Error("this call was given up")
      }
      const { outcome } = await callOnce(transport, patienceMs, { handoff: refuse })
      expect(outcome?.type === "accepted", "accepted").toBe(false)
      expect(received()).toEqual([])
    })

    it("refuses a recipient that is no single mailbox, and delivers nothing", async ({ transport, received }) => {
      const { envelope } = sampleMessage()
      for (const to of ["bob@example.test\r\nRCPT TO:<eve@example.test>", "bob@example.test,eve@example.test", "bob"]) {
        const message = sampleMessage({ envelope: { ...envelope, to } })
        const { outcome, handoffs } = await callOnce(transport, patienceMs, { message })
        // A throw before the handoff is as certain, but would be tried again and again.
        expectRejection(outcome ?? { type: "unknown", stage: "thrown" }, { retryable: false })
        expect(handoffs, "handoffs").toBe(0)
      }
      expect(received()).toEqual([])
    })

    it("sends as many at once as it declares, each once", async ({ transport, received }) => {
      const count = Math.min(transport.capabilities.maxConcurrency, 8)
      const messages = Array.from({ length: count }, (_, index) =>
        sampleMessage({ messageId: `<exec-${index}.spring@acme.test>` }),
      )
      const calls = messages.map((message) =>
        callOnce(transport, patienceMs, { message, idempotencyKey: message.messageId }),
      )
      for (const { outcome } of await Promise.all(calls)) expect(outcome).toMatchObject({ type: "accepted" })
      const ids = received().map(({ messageId }) => messageId)
      expect([...ids].sort()).toEqual(messages.map(({ messageId }) => messageId).sort())
    })

    it("sends nothing once its signal has fired", async ({ transport, received }) => {
      const { outcome, handoffs } = await callOnce(transport, patienceMs, { signal: AbortSignal.abort() })
      if (outcome !== undefined) expectRejection(outcome, { retryable: true })
      expect(handoffs, "handoffs").toBe(0)
      expect(received()).toEqual([])
    })

    inMood("refuses", "blames the recipient that the other side does not know, for good", async (subject) => {
      const { outcome } = await callOnce(subject.transport, patienceMs)
      expectRejection(outcome ?? { type: "unknown", stage: "thrown" }, { scope: "recipient", retryable: false })
      expect(subject.received()).toEqual([])
    })

    inMood("busy", "says that a mail may be tried again which was refused for now", async (subject) => {
      const { outcome } = await callOnce(subject.transport, patienceMs)
      expectRejection(outcome ?? { type: "unknown", stage: "thrown" }, { retryable: true })
      expect(subject.received()).toEqual([])
    })

    inMood("gone", "blames the host that cannot be reached, and nobody's mail", async ({ transport }) => {
      const { outcome } = await callOnce(transport, patienceMs)
      expectRejection(outcome ?? { type: "unknown", stage: "thrown" }, { scope: "host", retryable: true })
      const verdict = await withinPatience(patienceMs, "verify", async () =>
        transport.verify?.(AbortSignal.timeout(patienceMs)),
      )
      if (transport.verify !== undefined) expect(verdict).toMatchObject({ type: "rejected" })
    })

    inMood("silent", "ends at its signal, in doubt about what was handed over", async ({ transport }) => {
      const controller = new AbortController()
      const { outcome, thrown } = await callOnce(transport, patienceMs, {
        signal: controller.signal,
        handoff: () => setImmediate(() => controller.abort()),
        // A transport that cannot signal the handoff is aborted all the same.
        started: transport.capabilities.signalsHandoff ? undefined : () => controller.abort(),
      })
      if (thrown === undefined && transport.capabilities.signalsHandoff)
        expect(outcome).toMatchObject({ type: "unknown" })
      else expect(outcome?.type === "accepted", "accepted").toBe(false)
    })

    itWith("idempotent", "delivers no second copy under the same key", async ({ transport, received }) => {
      for (const attempt of [1, 2]) {
        const { outcome } = await callOnce(transport, patienceMs, { attempt })
        expect(outcome).toMatchObject({ type: "accepted" })
      }
      expect(received()).toHaveLength(1)
    })

    itWith("lookup", "finds what was taken, and nothing else", async ({ transport }) => {
      const signal = AbortSignal.timeout(patienceMs)
      const { messageId } = sampleMessage()
      const ask = (idempotencyKey: string) =>
        withinPatience(patienceMs, "lookup", async () => transport.lookup?.({ idempotencyKey, messageId, signal }))
      expect((await ask("exec-1"))?.type === "accepted", "accepted before it was sent").toBe(false)
      await callOnce(transport, patienceMs)
      expect((await ask("exec-1"))?.type === "notFound", "not found after it was sent").toBe(false)
    })

    itWith("verify", "is verified without a mail", async ({ transport, received }) => {
      const verdict = await withinPatience(patienceMs, "verify", async () =>
        transport.verify?.(AbortSignal.timeout(patienceMs)),
      )
      expect(verdict).toBe(undefined)
      expect(received()).toEqual([])
    })

    it("keeps its secrets: no password is in what it says", async (subject) => {
      const said: Array<unknown> = [await callOnce(subject.transport, patienceMs)]
      for (const mood of moods.filter((one) => one !== "silent")) {
        await subject.mood(mood)
        said.push(await callOnce(subject.transport, patienceMs, { idempotencyKey: `exec-${mood}` }))
      }
      const text = inspect(said, { depth: 12, showHidden: true })
      for (const secret of secrets) expect(text.includes(secret), "a secret in an outcome or error").toBe(false)
    })
  })
}
