import { startExecution, stepExecution } from "sendstate/machines"
import { defineRetryPolicy, type ExecutionEvent, type Observer, type RuntimeEvent } from "sendstate/sdk"
import { expect } from "../expectation.ts"
import type { TestRunner } from "../runner.ts"

/** An observer under test, and what it shows. */
export interface ObserverSubject {
  readonly observer: Observer
  /** Everything that it has put out so far, as text. */
  readonly output: () => string | Promise<string>
  /** Gives everything back. */
  readonly dispose?: () => unknown
}

/** What {@link observerConformance} tries. */
export interface ObserverConformanceOptions {
  /** Name of the group of tests. */
  readonly name: string
  /** An observer of its own for each test. */
  readonly create: () => ObserverSubject | Promise<ObserverSubject>
}

const at = Date.UTC(2026, 0, 5, 9)
const canary = "canary.person@secret.example"

// One execution from planned to sent, after a refusal whose words quote an address.
const story = (executionId: string): ReadonlyArray<RuntimeEvent> => {
  const events: ReadonlyArray<ExecutionEvent> = [
    { type: "DUE", at },
    { type: "RENDERED", at },
    { type: "REJECTED", at, jitterUnit: 0.5, scope: "recipient", retryable: true, code: "450" },
    { type: "RETRY_DUE", at },
    { type: "RENDERED", at },
    { type: "ACCEPTED", at, response: "250 ok" },
  ]
  let rest = startExecution({ id: executionId, retry: defineRetryPolicy({ attempts: 3 }), dueAt: at })
  const changes = events.map((event): RuntimeEvent => {
    rest = stepExecution(rest, event)
    const { state, context } = rest
    return { type: "execution", at, campaignId: "spring", executionId, step: 0, state, context, events: [event] }
  })
  return [
    { type: "campaign", at, campaignId: "spring", state: "running", cause: null },
    { type: "enrolled", at, campaignId: "spring", created: 1, duplicates: 0 },
    ...changes,
    { type: "lagged", at, missed: 3 },
    { type: "campaign", at, campaignId: "spring", state: "degraded", cause: "535 wrong password" },
  ]
}

/**
 * Tests whether an observer keeps its contract: it takes every event, in order and many at once, never throws for one,
 * shows no address, and can be closed.
 *
 * @example
 * ```ts
 * observerConformance({ describe, it }, { name: "mine", create: () => ({ observer: mine(sink), output: () => sink.text }) })
 * ```
 */
export const observerConformance = (runner: TestRunner, { name, create }: ObserverConformanceOptions): void => {
  runner.describe(name, () => {
    const it = (title: string, body: (made: ObserverSubject) => Promise<void>) =>
      runner.it(title, async () => {
        const made = await create()
        try {
          await body(made)
        } finally {
          await made.dispose?.()
        }
      })

    it("takes each kind of event without a throw", async ({ observer }) => {
      expect(observer.name.length > 0).toBe(true)
      for (const event of story("exec-1")) await observer.onEvent(event)
      await observer.close?.()
    })

    it("takes many executions one after the other", async ({ observer }) => {
      for (let index = 0; index < 200; index += 1)
        for (const event of story(`exec-${index}`)) await observer.onEvent(event)
      await observer.close?.()
    })

    it("leaves events as they are: others see the same objects", async ({ observer }) => {
      const events = story("exec-1")
      const before = JSON.stringify(events)
      for (const event of events) await observer.onEvent(event)
      expect(JSON.stringify(events)).toBe(before)
      await observer.close?.()
    })

    it("puts out no address, also where a server's words quote one", async ({ observer, output }) => {
      for (const event of story("exec-1"))
        await observer.onEvent(
          event.type === "execution"
            ? { ...event, context: { ...event.context, reason: { code: "450", text: `450 <${canary}> later` } } }
            : event,
        )
      await observer.close?.()
      expect((await output()).includes(canary)).toBe(false)
    })

    it("can be closed without an event", async ({ observer }) => {
      await observer.close?.()
    })
  })
}
