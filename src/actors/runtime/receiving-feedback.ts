import * as Effect from "effect/Effect"
import * as z from "zod"
import {
  addressKey,
  type ExecutionRow,
  type Feedback,
  InvalidInput,
  idOf,
  type Lead,
  type NotFound,
  parse,
  parseAddress,
  type StorageError,
} from "../../sdk/index.ts"
import { loadDefinition } from "../campaign/definition.ts"
import { type SignalError, type SignallingRuntime, signalEvent } from "../events/signalling.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { readLead } from "../stored-lead.ts"
import { addressRecord, addToRecord, type HeardFeedback, heardOf, mailRecord } from "./feedback-record.ts"
import { type CheckedSoftBounceRule, isGivenUp } from "./soft-bounces.ts"
import { suppressKey } from "./suppressing.ts"

/** What became of one feedback. */
export interface FeedbackAnswer {
  readonly id: string
  /**
   * `suppressed`: the address is not mailed any more. `recorded`: it is kept, and shown by `explain` where the mail is known.
   * `repeated`: it was heard before. `unmatched`: it is about no mail of ours, and not from somebody who is known.
   */
  readonly outcome: "suppressed" | "recorded" | "repeated" | "unmatched"
  /** The mail, where there is such a one in this storage. */
  readonly executionId?: string
}

/** Everything that taking in feedback may fail with. */
export type FeedbackError = SignalError

const schema = z.object({
  id: z.string().min(1).max(2_000),
  type: z.enum(["delivered", "deferred", "bounced", "complained", "opened", "clicked", "replied", "unsubscribed"]),
  at: z.number().min(0).max(8.64e15).optional(),
  executionId: z.string().min(1).max(200).optional(),
  email: z.string().max(1_000).optional(),
  bounce: z
    .object({
      kind: z.enum(["hard", "soft"]),
      enhancedCode: z.string().max(20).optional(),
      text: z.string().optional(),
    })
    .optional(),
  url: z.string().optional(),
  authentic: z.boolean().optional(),
})

/** What is known of whom it is about. */
interface Subject {
  readonly row: ExecutionRow | undefined
  readonly leadId: string | undefined
  /** The address that it is about, where that is certain enough. */
  readonly address: string | undefined
}

const parsedAddress = (email: string | undefined): string | undefined => {
  if (email === undefined) return undefined
  try {
    return parseAddress(email)
  } catch (error) {
    // What other programs write as an address may be none.
    if (error instanceof InvalidInput) return undefined
    throw error
  }
}

const subjectOf = (services: ProcessServices, feedback: Feedback): Effect.Effect<Subject, StorageError> =>
  Effect.gen(function* () {
    const { executionId, authentic } = feedback
    const email = authentic === true ? parsedAddress(feedback.email) : undefined
    const [row] = executionId === undefined ? [] : yield* services.store.use((driver) => driver.get([executionId]))
    // Without our own name of the mail: a lead's id is by default its address.
    const leadId = row?.leadId ?? (email === undefined ? undefined : addressKey(email))
    const lead: Lead | undefined = leadId === undefined ? undefined : yield* readLead(services, leadId)
    return { row, leadId: lead === undefined ? undefined : leadId, address: email ?? (row && lead?.email) }
  })

type Consequence = { readonly topic: string | null; readonly reason: string } | undefined

/** What follows for the address, beside what was known from it. */
const consequenceOf = (
  services: ProcessServices,
  rule: CheckedSoftBounceRule | null,
  { type, bounce }: Feedback,
  { row, leadId }: Subject,
  known: ReadonlyArray<HeardFeedback>,
  heard: HeardFeedback,
): Effect.Effect<Consequence, StorageError | NotFound> =>
  Effect.gen(function* () {
    switch (type) {
      case "complained":
        return { topic: null, reason: "complained" }
      case "unsubscribed": {
        const loaded = row === undefined ? undefined : yield* loadDefinition(services.store, row.definition)
        return { topic: loaded?.definition.topic ?? null, reason: "unsubscribed" }
      }
      case "bounced":
        if (bounce?.kind === "hard") return { topic: null, reason: "bounced" }
        return rule !== null && (yield* isGivenUp(services, rule, known, heard, leadId))
          ? { topic: null, reason: "soft-bounces" }
          : undefined
      default:
        return undefined
    }
  })

const concernsAddress = ({ type }: Feedback): boolean => ["complained", "unsubscribed", "bounced"].includes(type)

const receiveOne = (
  services: ProcessServices,
  rule: CheckedSoftBounceRule | null,
  feedback: Feedback,
): Effect.Effect<FeedbackAnswer, StorageError | NotFound | InvalidInput> =>
  Effect.gen(function* () {
    const subject = yield* subjectOf(services, feedback)
    const { row, address } = subject
    const now = services.clock.currentTimeMillisUnsafe()
    const heard = heardOf(feedback, Math.min(feedback.at ?? now, now), row?.id)
    const answer = (outcome: FeedbackAnswer["outcome"]): FeedbackAnswer => ({
      id: feedback.id,
      outcome,
      ...(row === undefined ? {} : { executionId: row.id }),
    })
    const mention = row === undefined ? Effect.succeed(true) : addToRecord(services, mailRecord(row.id), heard)
    if (address === undefined || !concernsAddress(feedback)) {
      if (row === undefined) return answer("unmatched")
      return answer((yield* mention) ? "recorded" : "repeated")
    }
    const key = yield* services.secrets.suppressionKey(address, null)
    let suppressed = false
    // The record of the address comes last: what is in it has been done, and is not done again after somebody lifted it.
    const isNew = yield* addToRecord(services, addressRecord(key), heard, (known) =>
      Effect.gen(function* () {
        const consequence = yield* consequenceOf(services, rule, feedback, subject, known, heard)
        suppressed = consequence !== undefined
        if (consequence !== undefined) {
          const entry = yield* services.secrets.suppressionKey(address, consequence.topic)
          yield* suppressKey(services, entry, consequence)
        }
        yield* mention
      }),
    )
    return answer(!isNew ? "repeated" : suppressed ? "suppressed" : "recorded")
  })

// Campaigns hear of it as of any other event: `clicked` in a condition, `bounced` as an exit.
const signalOne = (runtime: FeedbackRuntime, feedback: Feedback): Effect.Effect<void, FeedbackError> =>
  Effect.gen(function* () {
    const { row, leadId } = yield* subjectOf(runtime.services, feedback)
    const lead = row?.leadId ?? leadId
    if (lead === undefined) return
    const now = runtime.services.clock.currentTimeMillisUnsafe()
    yield* signalEvent(runtime, {
      lead,
      event: feedback.type,
      at: Math.min(feedback.at ?? now, now),
      id: idOf("feedback", feedback.id),
      ...(row === undefined ? {} : { campaign: row.campaignId }),
    })
  })

/** What taking in feedback needs of the runtime. */
export interface FeedbackRuntime extends SignallingRuntime {
  readonly services: ProcessServices
}

/**
 * Takes in what came back about mails: complaints and hard bounces suppress the address, soft ones by the rule, wishes to
 * unsubscribe the topic; everything is kept with the mail, and signalled to its campaign as an event named as its type.
 * Durable on return, idempotent by the feedback's id.
 */
export const receiveFeedback = (
  runtime: FeedbackRuntime,
  rule: CheckedSoftBounceRule | null,
  given: Feedback | ReadonlyArray<Feedback>,
): Effect.Effect<ReadonlyArray<FeedbackAnswer>, FeedbackError> =>
  Effect.gen(function* () {
    const all: ReadonlyArray<Feedback> = Array.isArray(given) ? given : [given as Feedback]
    yield* Effect.try({
      try: () => parse(z.array(schema), all, "The feedback"),
      catch: (error) => error as InvalidInput,
    })
    const answers: Array<FeedbackAnswer> = []
    for (const feedback of all) {
      answers.push(yield* receiveOne(runtime.services, rule, feedback))
      // Also when it was heard before: the process may have died in between.
      yield* signalOne(runtime, feedback)
    }
    return answers
  })
