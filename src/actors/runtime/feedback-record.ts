import * as Effect from "effect/Effect"
import * as z from "zod"
import { contentHash, type Document, type Feedback, type Json, type StorageError } from "../../sdk/index.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { eachPageOfDocuments } from "../pages.ts"

/** One thing that came back, as it is kept: no address, no words of the other side. */
export interface HeardFeedback {
  /** Hash of the feedback's id. */
  readonly id: string
  readonly type: Feedback["type"]
  /** Epoch ms. */
  readonly at: number
  readonly kind?: "hard" | "soft"
  readonly code?: string
  readonly executionId?: string
}

type Stores = Pick<ProcessServices, "store">

/** So many are kept of one mail and of one address, the latest. */
const kept = 100

/** Document of what came back about one mail. */
export const mailRecord = (executionId: string): string => `mail:${executionId}`

/** Document of what came back from one address; the key is its keyed hash. */
export const addressRecord = (key: string): string => `address:${key}`

const recordSchema = z.object({
  heard: z.array(
    z.object({
      id: z.string(),
      type: z.custom<Feedback["type"]>((value) => typeof value === "string"),
      at: z.number(),
      kind: z.enum(["hard", "soft"]).exactOptional(),
      code: z.string().exactOptional(),
      executionId: z.string().exactOptional(),
    }),
  ),
})

const heardIn = (document: Document | undefined): ReadonlyArray<HeardFeedback> =>
  document === undefined ? [] : recordSchema.parse(document.value).heard

/** The kept form of a feedback. */
export const heardOf = (
  { id, type, bounce }: Feedback,
  at: number,
  executionId: string | undefined,
): HeardFeedback => ({
  id: contentHash(id),
  type,
  at,
  ...(bounce === undefined ? {} : { kind: bounce.kind }),
  ...(bounce?.enhancedCode === undefined ? {} : { code: bounce.enhancedCode }),
  ...(executionId === undefined ? {} : { executionId }),
})

/** What came back, oldest first as it was heard. */
export const readFeedbackRecord = (
  { store }: Stores,
  key: string,
): Effect.Effect<ReadonlyArray<HeardFeedback>, StorageError> =>
  Effect.map(
    store.use((driver) => driver.documents("feedback", [key])),
    ([document]) => heardIn(document),
  )

/**
 * Adds to a record unless it is in there already; answers whether it was new. `before` is run with what was known, ahead
 * of the write: whatever must be durable first. Of two processes at once each sees what the other wrote.
 */
export const addToRecord = <E = never>(
  { store }: Stores,
  key: string,
  heard: HeardFeedback,
  before: (known: ReadonlyArray<HeardFeedback>) => Effect.Effect<void, E> = () => Effect.void,
): Effect.Effect<boolean, StorageError | E> =>
  Effect.gen(function* () {
    while (true) {
      const [document] = yield* store.use((driver) => driver.documents("feedback", [key]))
      const known = heardIn(document)
      if (known.some(({ id }) => id === heard.id)) return false
      yield* before(known)
      const value = { heard: [...known, heard].slice(-kept) as unknown as Json }
      const [result] = yield* store.use((driver) =>
        driver.writeDocuments([{ kind: "feedback", key, expected: document?.version ?? 0, value }]),
      )
      if (result?.type === "ok") return true
    }
  })

/** Removes records: of addresses that are forgotten. */
export const removeRecords = ({ store }: Stores, keys: ReadonlyArray<string>): Effect.Effect<void, StorageError> =>
  keys.length === 0
    ? Effect.void
    : Effect.asVoid(
        store.use((driver) => driver.writeDocuments(keys.map((key) => ({ kind: "feedback", key, value: null })))),
      )

/** Removes the records of mails that are gone, and those in which nothing is as young as `endedBefore`. */
export const pruneRecords = ({ store }: Stores, endedBefore: number): Effect.Effect<void, StorageError> =>
  eachPageOfDocuments({ store }, "feedback", (page) =>
    Effect.gen(function* () {
      const mails = page.filter(({ key }) => key.startsWith("mail:"))
      const rows = yield* store.use((driver) => driver.get(mails.map(({ key }) => key.slice("mail:".length))))
      const gone = new Set(mails.filter((_, index) => rows[index] === undefined))
      const old = page.filter(
        (document) => !document.key.startsWith("mail:") && heardIn(document).every(({ at }) => at < endedBefore),
      )
      yield* removeRecords(
        { store },
        [...gone, ...old].map(({ key }) => key),
      )
    }),
  )
