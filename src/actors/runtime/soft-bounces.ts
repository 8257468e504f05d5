import * as Effect from "effect/Effect"
import * as z from "zod"
import { type DurationInput, durationSchema, type ExecutionRow, parse, type StorageError } from "../../sdk/index.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { eachPageOfRows } from "../pages.ts"
import type { HeardFeedback } from "./feedback-record.ts"

/**
 * When an address that bounces for now is given up: at its `count`th soft bounce among the latest `mails` mails to it, or
 * within a time, whichever is first. Default: 3 among 5 mails, or within 30 days.
 */
export interface SoftBounceRule {
  /** 1 to 100. */
  readonly count?: number | undefined
  /** `count` to 100. */
  readonly mails?: number | undefined
  readonly within?: DurationInput | undefined
}

/** The rule as it is applied. */
export interface CheckedSoftBounceRule {
  readonly count: number
  readonly mails: number
  readonly withinMs: number
}

const schema = z
  .strictObject({
    count: z.int().min(1).max(100).default(3),
    mails: z.int().min(1).max(100).default(5),
    within: durationSchema.default(30 * 86_400_000),
  })
  .refine(({ count, mails }) => mails >= count, { path: ["mails"], message: "is less than count" })
  .transform(({ count, mails, within }) => ({ count, mails, withinMs: within }))

/** Checks the rule. Throws InvalidInput. */
export const checkSoftBounceRule = (rule: SoftBounceRule): CheckedSoftBounceRule =>
  parse(schema, rule, "The rule of soft bounces")

/** Ids of the latest mails to a lead that were accepted. */
const latestMails = (
  { store }: Pick<ProcessServices, "store">,
  leadId: string,
  count: number,
): Effect.Effect<ReadonlySet<string>, StorageError> =>
  Effect.gen(function* () {
    let latest: ReadonlyArray<ExecutionRow> = []
    yield* eachPageOfRows({ store }, { leadId, buckets: ["sent"] }, (page) =>
      Effect.sync(() => {
        latest = [...latest, ...page].sort((one, other) => other.updatedAt - one.updatedAt).slice(0, count)
      }),
    )
    return new Set(latest.map(({ id }) => id))
  })

/** Whether the address is given up, now that this soft bounce has come beside those that were known. */
export const isGivenUp = (
  services: Pick<ProcessServices, "store">,
  { count, mails, withinMs }: CheckedSoftBounceRule,
  known: ReadonlyArray<HeardFeedback>,
  latest: HeardFeedback,
  leadId: string | undefined,
): Effect.Effect<boolean, StorageError> =>
  Effect.gen(function* () {
    // A mail that bounces twice, as told by a server and by a provider, has bounced once.
    const bounces = [
      ...new Map(
        [...known, latest]
          .filter(({ type, kind }) => type === "bounced" && kind === "soft")
          .map((one) => [one.executionId ?? one.id, one]),
      ).values(),
    ]
    if (bounces.filter(({ at }) => at > latest.at - withinMs).length >= count) return true
    const named = bounces.filter(({ executionId }) => executionId !== undefined)
    if (leadId === undefined || named.length < count) return false
    const mailed = yield* latestMails(services, leadId, mails)
    return named.filter(({ executionId = "" }) => mailed.has(executionId)).length >= count
  })
