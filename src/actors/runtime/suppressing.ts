import * as Effect from "effect/Effect"
import * as z from "zod"
import {
  type Document,
  type InvalidInput,
  parse,
  parseAddress,
  plainSuppressionKey,
  type StorageError,
  type Suppression,
  topicSchema,
} from "../../sdk/index.ts"
import type { ProcessServices } from "../execution/dependencies.ts"

/** What is suppressed, and why. */
export interface SuppressOptions {
  /** Only campaigns of this topic; default: everything. */
  readonly topic?: string | undefined
  /** Kept with the entry; default `manual`. Never an address. */
  readonly reason?: string | undefined
}

/** Which entry is meant. */
export type SuppressionScope = Pick<SuppressOptions, "topic">

type Services = Pick<ProcessServices, "store" | "secrets" | "clock">

const optionsSchema = z.strictObject({
  topic: topicSchema.optional(),
  reason: z.string().min(1).max(200).default("manual"),
})

const check = <A>(body: () => A): Effect.Effect<A, InvalidInput> =>
  Effect.try({ try: body, catch: (error) => error as InvalidInput })

const scopeOf = (options: SuppressOptions) =>
  Effect.map(
    check(() => parse(optionsSchema, options, "What to suppress")),
    ({ topic = null, reason }) => ({ topic, reason }),
  )

const entryOf = ({ key, value }: Document): Suppression => ({
  key,
  at: Number(value.at),
  reason: String(value.reason),
  topic: typeof value.topic === "string" ? value.topic : null,
})

/** Puts a key on the list. One that is there keeps its time and reason. */
export const suppressKey = (
  { store, clock }: Pick<Services, "store" | "clock">,
  key: string,
  { topic, reason }: { readonly topic: string | null; readonly reason: string },
): Effect.Effect<void, StorageError> =>
  Effect.asVoid(
    store.use((driver) =>
      driver.writeDocuments([
        {
          kind: "suppression",
          key,
          expected: 0,
          value: { at: clock.currentTimeMillisUnsafe(), reason, ...(topic === null ? {} : { topic }) },
        },
      ]),
    ),
  )

/**
 * Never mail this address again, or nothing of one topic: checked in the same atomic step that stores an intent. Only a
 * keyed hash of it is kept. Doing it again is harmless, and changes nothing.
 */
export const suppress = (
  services: Services,
  email: string,
  options: SuppressOptions,
): Effect.Effect<void, StorageError | InvalidInput> =>
  Effect.gen(function* () {
    const scope = yield* scopeOf(options)
    const address = yield* check(() => parseAddress(email))
    yield* suppressKey(services, yield* services.secrets.suppressionKey(address, scope.topic), scope)
  })

/** Lifts what was suppressed with the same topic, or without one; answers whether there was such an entry. */
export const unsuppress = (
  { store, secrets }: Services,
  email: string,
  options: SuppressionScope,
): Effect.Effect<boolean, StorageError | InvalidInput> =>
  Effect.gen(function* () {
    const { topic } = yield* scopeOf(options)
    const address = yield* check(() => parseAddress(email))
    const keyed = yield* secrets.suppressionKey(address, topic)
    const keys = topic === null ? [plainSuppressionKey(address), keyed] : [keyed]
    const found = (yield* store.use((driver) => driver.documents("suppression", keys))).flatMap((document) =>
      document === undefined ? [] : [document.key],
    )
    if (found.length > 0)
      yield* store.use((driver) =>
        driver.writeDocuments(found.map((key) => ({ kind: "suppression", key, value: null }))),
      )
    return found.length > 0
  })

/** The entries that keep mail from this address: those of everything, and with a topic those of the topic. */
export const findSuppressions = (
  { store, secrets }: Services,
  email: string,
  options: SuppressionScope,
): Effect.Effect<ReadonlyArray<Suppression>, StorageError | InvalidInput> =>
  Effect.gen(function* () {
    const { topic } = yield* scopeOf(options)
    const address = yield* check(() => parseAddress(email))
    const documents = yield* store.use((driver) =>
      driver.documents("suppression", secrets.suppressionKeys(address, topic)),
    )
    return documents.flatMap((document) => (document === undefined ? [] : [entryOf(document)]))
  })

/** One page of the list, by key. */
export const suppressionPage = (
  { store }: Pick<Services, "store">,
  after: string | undefined,
  limit: number,
): Effect.Effect<ReadonlyArray<Suppression>, StorageError> =>
  Effect.map(
    store.use((driver) => driver.listDocuments("suppression", { limit, ...(after === undefined ? {} : { after }) })),
    (documents) => documents.map(entryOf),
  )
