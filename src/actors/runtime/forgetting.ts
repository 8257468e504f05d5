import * as Effect from "effect/Effect"
import * as z from "zod"
import {
  addressKey,
  type Closed,
  Conflict,
  type Document,
  type DocumentKind,
  InvalidInput,
  idOf,
  type Lead,
  type NotFound,
  openBuckets,
  parse,
  parseAddress,
  type StorageError,
} from "../../sdk/index.ts"
import type { CampaignActor, CampaignError } from "../campaign/campaign-actor.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { eachPageOfDocuments } from "../pages.ts"
import { frequencyKey } from "../shaping/frequency.ts"
import { leadIn } from "../stored-lead.ts"
import { cancelExecution } from "./execution-control.ts"
import { addressRecord, removeRecords } from "./feedback-record.ts"
import { suppressKey } from "./suppressing.ts"

/** How a person is forgotten. */
export interface ForgetOptions {
  /** Leaves a hash of the address among the suppressions, so that the person is not mailed again. Default true. */
  readonly suppress?: boolean | undefined
  /** How long sends under way may take, milliseconds. Default 30,000. */
  readonly deadlineMs?: number | undefined
}

/** What was forgotten. Counts only, so that it can be logged. */
export interface ForgetResult {
  /** Leads that are erased now; 0 when nothing was known of the person. */
  readonly forgotten: number
  /** Executions that waited, and were cancelled. */
  readonly cancelled: number
  /** Settings of integrations that were removed. */
  readonly settings: number
  /** Whether the address stays suppressed, by its hash. */
  readonly suppressed: boolean
}

/** What forgetting needs of the runtime. */
export interface ForgettingRuntime {
  readonly services: ProcessServices
  readonly campaign: (id: string) => Effect.Effect<CampaignActor, NotFound | StorageError | Closed>
}

/** Everything that `forgetLead` may fail with. */
export type ForgetError = CampaignError | Closed | InvalidInput

const pageSize = 500

/** How many waiting executions are cancelled at the same time: a cancel waits for a send that is under way. */
const cancelsAtOnce = 50

const optionsSchema = z.strictObject({
  suppress: z.boolean().default(true),
  deadlineMs: z.int().min(0).max(3_600_000).default(30_000),
})

type Stores = Pick<ProcessServices, "store">

/** All documents of a kind, page by page: nothing is kept of those that do not belong to the person. */
const filterDocuments = (
  stores: Stores,
  kind: DocumentKind,
  belongs: (document: Document) => boolean,
): Effect.Effect<ReadonlyArray<Document>, StorageError> =>
  Effect.gen(function* () {
    const found: Array<Document> = []
    yield* eachPageOfDocuments(stores, kind, (page) =>
      Effect.sync(() => {
        found.push(...page.filter(belongs))
      }),
    )
    return found
  })

const addressIn = (text: string): string | undefined => {
  try {
    return addressKey(parseAddress(text))
  } catch (error) {
    if (error instanceof InvalidInput) return undefined
    throw error
  }
}

/** The leads that are meant: the one of this id, and all of this address. */
const findLeads = (services: Stores, lead: string): Effect.Effect<ReadonlyArray<Lead>, StorageError> =>
  Effect.gen(function* () {
    const [byId] = yield* services.store.use((driver) => driver.documents("lead", [lead]))
    const address = addressIn(lead)
    const byAddress =
      address === undefined
        ? []
        : yield* filterDocuments(services, "lead", (document) => addressKey(leadIn(document).email) === address)
    return [
      ...new Map([...(byId === undefined ? [] : [byId]), ...byAddress].map((one) => [one.key, one])).values(),
    ].map(leadIn)
  })

/** First of all: whatever becomes of the rest, nothing more is sent to these addresses. */
const suppressAll = (services: ProcessServices, emails: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const keys = yield* Effect.forEach(emails, (email) => services.secrets.suppressionKey(email, null))
    for (const key of new Set(keys)) yield* suppressKey(services, key, { topic: null, reason: "forgotten" })
  })

/** Where the host's own directory says who a lead is, the address that it mails is the directory's. */
const mailedAddresses = (
  { leadOf }: ProcessServices,
  leads: ReadonlyArray<Lead>,
  lead: string,
): Effect.Effect<ReadonlyArray<string>, Conflict> => {
  const stored = leads.map(({ email }) => email)
  if (leadOf === undefined) return Effect.succeed(stored)
  return Effect.forEach([...new Set([...leads.map(({ id }) => id), lead])], leadOf).pipe(
    Effect.map((known) => [...stored, ...known.flatMap((one) => (one === undefined ? [] : [one.email]))]),
    Effect.mapError(
      ({ code, retryable }) =>
        new Conflict({
          code,
          retryable,
          differences: [],
          message:
            "The directory of leads did not tell the person's address, so that it cannot be suppressed; nothing was changed. Ask again, or forget without suppressing.",
        }),
    ),
  )
}

const inFlight = (count: number): Conflict =>
  new Conflict({
    code: "lead-in-flight",
    retryable: true,
    differences: [],
    message: `${count === 1 ? "A mail" : `${count} mails`} of the lead ${count === 1 ? "is" : "are"} being sent at this moment, so that nothing was erased yet; everything that waited is cancelled. Ask again when the send has ended, or give it a longer deadline.`,
  })

/** Cancels everything of the lead that has not ended, and waits for what is under way; answers how many it cancelled. */
const endAll = (
  runtime: ForgettingRuntime,
  leadId: string,
  until: number,
): Effect.Effect<number, CampaignError | Closed> =>
  Effect.gen(function* () {
    const { services } = runtime
    let cancelled = 0
    while (true) {
      const open = yield* services.store.use((driver) => driver.list({ leadId, buckets: openBuckets, limit: pageSize }))
      if (open.length === 0) return cancelled
      const answers = yield* Effect.forEach(
        open,
        (row) =>
          Effect.flatMap(runtime.campaign(row.campaignId), (actor) =>
            cancelExecution(
              services,
              actor,
              row.id,
              "user",
              Math.max(0, until - services.clock.currentTimeMillisUnsafe()),
            ),
          ),
        { concurrency: cancelsAtOnce },
      )
      cancelled += answers.filter((answer) => answer === "cancelled" || answer === "inDoubt").length
      const busy = answers.filter((answer) => answer === "requested").length
      if (busy > 0 && services.clock.currentTimeMillisUnsafe() >= until) return yield* Effect.fail(inFlight(busy))
    }
  })

const removeSettings = (services: Stores, leadId: string): Effect.Effect<number, StorageError> =>
  Effect.gen(function* () {
    const found = yield* filterDocuments(services, "setting", ({ value }) => value.leadId === leadId)
    if (found.length > 0)
      yield* services.store.use((driver) =>
        driver.writeDocuments(found.map(({ kind, key }) => ({ kind, key, value: null }))),
      )
    return found.length
  })

const removeEvents = (services: Stores, leadId: string) =>
  Effect.gen(function* () {
    const signals = yield* filterDocuments(services, "signal", ({ value }) => value.lead === leadId)
    yield* services.store.use((driver) =>
      driver.writeDocuments([
        ...signals.map(({ kind, key }) => ({ kind, key, value: null })),
        { kind: "events", key: leadId, value: null },
      ]),
    )
  })

interface Erased {
  readonly isKnown: boolean
  readonly cancelled: number
  readonly settings: number
}

const eraseOne = (
  runtime: ForgettingRuntime,
  leadId: string,
  until: number,
): Effect.Effect<Erased, CampaignError | Closed> =>
  Effect.gen(function* () {
    const { store, clock, random } = runtime.services
    let erased: Erased = { isKnown: false, cancelled: 0, settings: 0 }
    while (true) {
      const cancelled = yield* endAll(runtime, leadId, until)
      const settings = yield* removeSettings(runtime.services, leadId)
      yield* store.use((driver) =>
        driver.writeDocuments([{ kind: "frequency", key: frequencyKey(leadId), value: null }]),
      )
      yield* removeEvents(runtime.services, leadId)
      // By chance, since a hash of the id would tell whoever guesses the id that it is this one.
      const pseudonym = `forgotten:${idOf("forgotten", clock.currentTimeMillisUnsafe(), random.nextDoubleUnsafe())}`
      // Last, and in one step: until then the person is found again by whoever goes on after a crash.
      const isKnown = yield* store.use((driver) => driver.erase(leadId, pseudonym))
      erased = {
        isKnown: erased.isKnown || isKnown,
        cancelled: erased.cancelled + cancelled,
        settings: erased.settings + settings,
      }
      // Somebody may have enrolled the lead meanwhile, or a last send have planned the next step.
      const left = yield* store.use((driver) => driver.list({ leadId, limit: 1 }))
      if (left.length === 0) return erased
    }
  })

/**
 * Forgets a person, by id or by address: suppresses the address, cancels what waits, waits for what is under way, removes
 * the settings that name the lead as `leadId`, and then erases the lead's data and puts a pseudonym in the place of its
 * id. What was counted stays counted. Doing it again is harmless, and goes on where a crash ended it.
 */
export const forgetLead = (
  runtime: ForgettingRuntime,
  lead: string,
  options: ForgetOptions,
): Effect.Effect<ForgetResult, ForgetError> =>
  Effect.gen(function* () {
    const { services } = runtime
    const { suppress, deadlineMs } = yield* Effect.try({
      try: () => parse(optionsSchema, options, "The options of forgetLead"),
      catch: (error) => error as InvalidInput,
    })
    const until = services.clock.currentTimeMillisUnsafe() + deadlineMs
    const leads = yield* findLeads(services, lead)
    const addresses = suppress ? yield* mailedAddresses(services, leads, lead) : []
    if (addresses.length > 0) yield* suppressAll(services, addresses)
    // The words themselves too: executions and settings may name a lead that has no document.
    const ids = [
      ...new Set([...leads.map(({ id }) => id), lead, ...(addressIn(lead) === undefined ? [] : [addressKey(lead)])]),
    ]
    const keys = yield* Effect.forEach(leads, ({ email }) => services.secrets.suppressionKey(email, null))
    yield* removeRecords(services, keys.map(addressRecord))
    const erased = yield* Effect.forEach(ids, (id) => eraseOne(runtime, id, until))
    return {
      forgotten: erased.filter(({ isKnown }) => isKnown).length,
      cancelled: erased.reduce((sum, { cancelled }) => sum + cancelled, 0),
      settings: erased.reduce((sum, { settings }) => sum + settings, 0),
      suppressed: addresses.length > 0,
    }
  })
