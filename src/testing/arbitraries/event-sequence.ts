import * as fc from "fast-check"
import type { ExecutionEvent } from "sendstate/sdk"

const at = fc.integer({ min: 0, max: 2_000_000_000_000 })
const jitterUnit = fc.double({ min: 0, max: 1, noNaN: true }).map((unit) => unit + 0)
const attempt = fc.integer({ min: 1, max: 4 })
const code = fc.constantFrom("451", "550", "missing-variable")
const retryAfterMs = fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined })
const facts = fc
  .record({
    scope: fc.constantFrom("recipient", "sender", "host", "config"),
    retryable: fc.boolean(),
    code,
    retryAfterMs,
  })
  .map(({ retryAfterMs: wish, ...rest }) => (wish === undefined ? rest : { ...rest, retryAfterMs: wish }))

const outcome = fc.oneof(
  fc.constant({ type: "accepted" } as const),
  facts.map((rejection) => ({ type: "rejected", ...rejection }) as const),
  fc.constant({ type: "notCalled" } as const),
)

const shapes = {
  DUE: fc.record({ at }),
  RETRY_DUE: fc.record({ at }),
  RENDERED: fc.record({ at, via: fc.constantFrom("main", "backup") }, { requiredKeys: ["at"] }),
  FAILED: fc.record({ at, jitterUnit, retryable: fc.boolean(), code }),
  ACCEPTED: fc.record({ at }),
  REJECTED: fc
    .tuple(fc.record({ at, jitterUnit, reroute: fc.constant(true) }, { requiredKeys: ["at", "jitterUnit"] }), facts)
    .map(([when, rejection]) => ({ ...when, ...rejection })),
  NOT_CALLED: fc.record({ at, code: fc.constant("shutdown") }),
  UNKNOWN: fc.record({ at, stage: fc.constant("final-dot") }),
  RESOLVE: fc.record({
    at,
    jitterUnit,
    attempt,
    verdict: fc.constantFrom("sent", "notSent"),
    by: fc.constantFrom("user", "policy", "lookup", "idempotency"),
  }),
  LATE_RECEIPT: fc.record({ at, jitterUnit, attempt, outcome }),
  CANCEL: fc.record({ at, by: fc.constantFrom("user", "campaign", "exit") }),
  SUPPRESS: fc.record({ at, code: fc.constant("unsubscribed") }),
  SKIP: fc.record({ at, code: fc.constant("condition") }),
  RESCHEDULE: fc.record({ at, dueAt: at, reason: fc.constant({ code: "window" }) }, { requiredKeys: ["at", "dueAt"] }),
  REDRIVE: fc.record({ at, duplicate: fc.boolean() }),
} satisfies { readonly [Type in Exclude<ExecutionEvent["type"], "SCHEDULED">]: fc.Arbitrary<Payload<Type>> }

type Payload<Type extends ExecutionEvent["type"]> = Omit<Extract<ExecutionEvent, { readonly type: Type }>, "type">

const typed = <Type extends keyof typeof shapes>(type: Type): fc.Arbitrary<ExecutionEvent> =>
  (shapes[type] as fc.Arbitrary<object>).map((payload) => ({ type, ...payload }) as ExecutionEvent)

// What drives an execution forward comes more often than what ends it, so that sequences get far.
const weights: Partial<Record<keyof typeof shapes, number>> = {
  DUE: 6,
  RETRY_DUE: 6,
  RENDERED: 8,
  REJECTED: 3,
  UNKNOWN: 4,
  RESOLVE: 4,
  LATE_RECEIPT: 3,
  REDRIVE: 3,
}

/** Any event of an execution, accepted where it stands or not. */
const anyEvent: fc.Arbitrary<ExecutionEvent> = fc.oneof(
  ...(Object.keys(shapes) as ReadonlyArray<keyof typeof shapes>).map((type) => ({
    arbitrary: typed(type),
    weight: weights[type] ?? 1,
  })),
)

/**
 * Events of one execution in any order, 1 to 60 of them: most of what can be thought of and some of what cannot, since each
 * may come where the machine does not take it. Shrinks to fewer, earlier and smaller ones.
 */
export const anyEventSequence: fc.Arbitrary<ReadonlyArray<ExecutionEvent>> = fc.array(anyEvent, {
  minLength: 1,
  maxLength: 60,
  size: "max",
})
