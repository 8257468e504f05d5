import { expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Sendstate } from "sendstate/effect"
import { defineRetryPolicy, type RetryPolicyInput, retryDelayMs, type SendOutcome } from "sendstate/sdk"
import { memory as memoryStorage } from "sendstate/storage/memory"
import { memory as memoryTransport, type OutcomeScript } from "sendstate/transport/memory"
import { advanceUntil } from "./virtual-time.ts"
import { accepted, busy, campaign, down, gone, people, renderer } from "./world.ts"

/** Runs one mail through these outcomes and answers when each attempt reached the transport, from the first on. */
const attemptsOf = (retry: RetryPolicyInput, outcomes: ReadonlyArray<SendOutcome>) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const at: number[] = []
    const outcome: OutcomeScript = () => {
      at.push(clock.currentTimeMillisUnsafe())
      return outcomes[at.length - 1] ?? accepted
    }
    const transport = memoryTransport({ outcome })
    return yield* Effect.gen(function* () {
      const { create } = yield* Sendstate
      const spring = yield* create(campaign({ retry }))
      yield* spring.enroll(people("ann"))
      yield* spring.close
      yield* advanceUntil(
        Effect.map(spring.state, (state) => state === "completed"),
        { stepMs: 100, steps: 5_000 },
      )
      const [first = 0] = at
      return { after: at.map((instant) => instant - first), counts: yield* spring.stats }
    }).pipe(Effect.provide(Sendstate.layer({ storage: memoryStorage(), transport, renderer: renderer() })))
  })

// Steps of virtual time are coarse: an attempt is at most this late.
const slack = 500

const isAt = (actual: number | undefined, wanted: number): void => {
  expect(actual).toBeGreaterThanOrEqual(wanted)
  expect(actual).toBeLessThanOrEqual(wanted + slack)
}

it.effect("delays grow by the factor up to the cap, and the attempts run out", () =>
  Effect.gen(function* () {
    const input = { attempts: 5, base: "10 s", factor: 3, cap: "60 s", jitter: 0 } as const
    const { after, counts } = yield* attemptsOf(
      input,
      Array.from({ length: 9 }, () => busy),
    )
    expect(after).toHaveLength(5)
    let wanted = 0
    for (const [index, instant] of after.entries()) {
      isAt(instant, wanted)
      wanted = instant + retryDelayMs(defineRetryPolicy(input), index + 1, 0.5)
    }
    isAt((after[4] ?? 0) - (after[3] ?? 0), 60_000)
    expect(counts).toMatchObject({ failed: 1, sent: 0 })
  }),
)

it.effect("jitter spreads a delay by its share to both sides, never beyond the cap", () =>
  Effect.gen(function* () {
    const { after } = yield* attemptsOf({ attempts: 12, base: "20 s", factor: 1, cap: "22 s", jitter: 0.5 }, [
      ...Array.from({ length: 11 }, () => busy),
    ])
    const delays = after.slice(1).map((instant, index) => instant - (after[index] ?? 0))
    for (const delay of delays) {
      expect(delay).toBeGreaterThanOrEqual(10_000)
      expect(delay).toBeLessThanOrEqual(22_000 + slack)
    }
    expect(new Set(delays).size).toBeGreaterThan(3)
  }),
)

it.effect("a server's wish for a longer delay is granted, for a shorter one is not", () =>
  Effect.gen(function* () {
    const { after, counts } = yield* attemptsOf({ base: "10 s", factor: 1, jitter: 0 }, [
      { ...busy, retryAfterMs: 45_000 } as SendOutcome,
      { ...busy, retryAfterMs: 1_000 } as SendOutcome,
    ])
    isAt(after[1], 45_000)
    isAt((after[2] ?? 0) - (after[1] ?? 0), 10_000)
    expect(counts).toMatchObject({ sent: 1 })
  }),
)

it.effect("no retry starts after the deadline", () =>
  Effect.gen(function* () {
    const { after, counts } = yield* attemptsOf(
      { attempts: 50, base: "10 s", factor: 1, jitter: 0, deadline: "35 s" },
      Array.from({ length: 50 }, () => busy),
    )
    expect(after).toHaveLength(4)
    expect(counts).toMatchObject({ failed: 1 })
  }),
)

it.effect("a refusal for good is not tried again", () =>
  Effect.gen(function* () {
    const { after, counts } = yield* attemptsOf({ attempts: 5, base: "1 s" }, [gone])
    expect(after).toEqual([0])
    expect(counts).toMatchObject({ failed: 1 })
  }),
)

it.effect("trouble of the host uses up no attempt", () =>
  Effect.gen(function* () {
    const { after, counts } = yield* attemptsOf({ attempts: 1, base: "5 s", jitter: 0 }, [down, down, down])
    expect(after).toHaveLength(4)
    expect(counts).toMatchObject({ sent: 1, failed: 0 })
  }),
)
