import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as z from "zod"
import {
  findIssues,
  InvalidInput,
  idOf,
  type Lead,
  type LeadInput,
  leadSchema,
  parse,
  type StandardSchema,
  withoutAddresses,
  withoutAddressesIn,
} from "../../sdk/index.ts"
import type { CampaignActor, CampaignError, EnrollRequest } from "../campaign/campaign-actor.ts"

/** A lead that was not enrolled, and why. */
export interface RejectedLead {
  /** Position in the source, counted from 0. */
  readonly index: number
  readonly input: unknown
  readonly error: InvalidInput
}

/** What became of the leads that were given. Counts only what is durable. */
export interface EnrollResult {
  readonly enrolled: number
  /** In already, as far as the campaign's re-entry, `entry` and `again` say so, or twice in the source: not mailed again. */
  readonly duplicates: number
  readonly rejected: { readonly total: number; readonly first: ReadonlyArray<RejectedLead> }
}

/** Any source of leads. */
export type LeadSource = Iterable<LeadInput> | AsyncIterable<LeadInput>

/** How leads are checked, whom the campaign lets in again, and who hears of those that are refused. */
export interface EnrollOptions {
  /** Checks each lead's data; any Standard Schema. */
  readonly leadData?: StandardSchema | undefined
  /**
   * Names what these leads are enrolled for, at most 200 characters: under one name each of them is let in at most once,
   * whatever the campaign's `reentry` says, so that the same call may be repeated after an error or a crash. Default: a name
   * of its own for each call.
   */
  readonly entry?: string | undefined
  /** `false`: who was in the campaign before is a duplicate, whatever its `reentry` says. Default true. */
  readonly again?: boolean | undefined
  /** Called for each rejected lead, beyond the first thousand too. */
  readonly onRejected?: ((rejected: RejectedLead) => void) | undefined
}

const batchSize = 500
const rejectedKept = 1_000

/** A checked lead. Throws InvalidInput with all reasons. */
export const checkLead = async (input: unknown, leadData: StandardSchema | undefined): Promise<Lead> => {
  const lead = parse(leadSchema, input, "The lead")
  const issues = leadData === undefined ? [] : await findIssues(leadData, lead.data ?? {})
  if (issues.length === 0) return lead
  throw new InvalidInput({
    code: "invalid-lead-data",
    retryable: false,
    issues,
    message: `The lead's data is refused: ${issues.map(({ path, message }) => `${path} ${message}`).join("; ")}`,
  })
}

const isSource = (source: unknown): source is LeadSource =>
  typeof source === "object" && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source)

/** Begins to read leads; fails for what is no source of any: a text can be gone through too, letter by letter. */
export const openSource = (
  source: LeadSource,
): Effect.Effect<Iterator<LeadInput> | AsyncIterator<LeadInput>, InvalidInput> =>
  Effect.suspend(() => {
    if (isSource(source))
      return Effect.succeed(Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]())
    const expected = 'give an array, an iterable or an async iterable of leads, like [{ email: "ann@example.test" }]'
    return Effect.fail(
      new InvalidInput({
        code: "invalid-leads",
        retryable: false,
        issues: [{ path: "leads", message: expected }],
        message: `The leads are no list: ${expected}.`,
      }),
    )
  })

const entrySchema = z.strictObject({ entry: z.string().min(1).max(200).optional(), again: z.boolean().optional() })

/** What a call lets its leads in for: a lead that its source has twice is one, also where it could come again at once. */
const entryOf = (
  actor: CampaignActor,
  { entry, again }: EnrollOptions,
): Effect.Effect<Pick<EnrollRequest, "key" | "again">, CampaignError | InvalidInput> =>
  Effect.gen(function* () {
    const named = yield* Effect.try({
      try: () => parse(entrySchema, { entry, again }, "The options of enroll"),
      catch: (error) => error as InvalidInput,
    })
    if (named.entry !== undefined) return { key: named.entry, again: named.again }
    const { definition } = yield* actor.loaded
    if (definition.reentry === undefined) return { again: named.again }
    const call = idOf("call", actor.id, yield* Clock.currentTimeMillis, yield* Random.next, yield* Random.next)
    return { key: call, again: named.again }
  })

/**
 * Streams leads into a campaign in batches; the source is read no faster than batches become durable. What was stored
 * before the source failed or the caller interrupted stays stored: giving the same leads again, with the same `entry`, goes on.
 */
export const enrollLeads = (
  actor: CampaignActor,
  source: LeadSource,
  options: EnrollOptions,
): Effect.Effect<EnrollResult, CampaignError | InvalidInput> =>
  Effect.flatMap(openSource(source), (iterator) => {
    const first: RejectedLead[] = []
    let index = 0
    let total = 0
    let enrolled = 0
    let duplicates = 0
    let finished = false

    const check = async (input: unknown): Promise<Lead | undefined> => {
      try {
        return await checkLead(input, options.leadData)
      } catch (error) {
        if (!(error instanceof InvalidInput)) throw error
        const rejected = { index, input, error }
        total += 1
        if (first.length < rejectedKept) first.push(rejected)
        options.onRejected?.(rejected)
        return undefined
      }
    }

    const nextBatch = async (signal: AbortSignal): Promise<ReadonlyArray<Lead>> => {
      const batch: Lead[] = []
      while (batch.length < batchSize && !signal.aborted) {
        const next = iterator.next()
        const { done, value } = next instanceof Promise ? await next : next
        if (done === true) {
          finished = true
          break
        }
        const lead = await check(value)
        index += 1
        if (lead !== undefined) batch.push(lead)
      }
      return batch
    }

    const readFailed = (cause: unknown): InvalidInput =>
      new InvalidInput({
        code: "source-failed",
        retryable: true,
        issues: [],
        cause: withoutAddressesIn(cause),
        message: `Reading the leads failed after ${index}: ${withoutAddresses(cause instanceof Error ? cause.message : String(cause))}. ${enrolled} are enrolled; giving the same leads again goes on${options.entry === undefined ? "" : ", with the same entry"}.`,
      })

    // Not waited for: a source that hangs in a read answers no `return` before that read ends.
    const endSource = Effect.sync(() => {
      if (finished) return
      const end = async (): Promise<unknown> => iterator.return?.()
      // Its failure tells nothing beyond what enrolling already answers.
      end().catch(() => undefined)
    })

    return Effect.gen(function* () {
      const entry = yield* entryOf(actor, options)
      while (!finished) {
        const batch = yield* Effect.tryPromise({ try: nextBatch, catch: readFailed })
        if (batch.length === 0) continue
        const results = yield* actor.enroll(batch.map((lead) => ({ lead, ...entry })))
        const created = results.filter((result) => result === "created").length
        enrolled += created
        duplicates += results.length - created
      }
      return { enrolled, duplicates, rejected: { total, first } }
    }).pipe(Effect.ensuring(endSource))
  })
