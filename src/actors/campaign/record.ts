import * as Effect from "effect/Effect"
import {
  type CampaignContext,
  type CampaignEvent,
  type CampaignRest,
  startCampaign,
  stepCampaign,
} from "../../machines/index.ts"
import { type CampaignState, Conflict, type Document, type Json, type StorageError } from "../../sdk/index.ts"
import type { Store } from "../store.ts"

/** How campaign time runs: `origin + (now - origin) * scale`. Kept with the campaign, so that a restart goes on. */
export interface CampaignClock {
  /** Epoch ms. */
  readonly origin: number
  /** 1 is real time. */
  readonly scale: number
}

/** A campaign as stored: where its machine stands, and which definition it follows. */
export interface CampaignRecord {
  readonly id: string
  /** Of the document. */
  readonly version: number
  readonly rest: CampaignRest
  /** Content hash of the definition that new enrollments follow. */
  readonly definition: string
  /** Those that enrollments entered with before, and the one that they follow instead since an update was meant for them too: their own where none was. */
  readonly earlier: { readonly [definition: string]: string }
  readonly clock: CampaignClock
  readonly createdAt: number
  /** Since when `definition` is the one that new enrollments follow, epoch ms. */
  readonly definedAt: number
}

/** A campaign that was not stored yet. */
export const newRecord = (id: string, definition: string, clock: CampaignClock, createdAt: number): CampaignRecord => ({
  id,
  version: 0,
  rest: startCampaign(id),
  definition,
  earlier: {},
  clock,
  createdAt,
  definedAt: createdAt,
})

/** Reads a stored campaign. */
export const recordOf = ({ key, version, value }: Document): CampaignRecord => ({
  id: key,
  version,
  rest: { state: value.state as CampaignState, context: value.context as unknown as CampaignContext },
  definition: String(value.definition),
  earlier: (value.earlier ?? {}) as { readonly [definition: string]: string },
  clock: value.clock as unknown as CampaignClock,
  createdAt: Number(value.createdAt),
  // Stored by an earlier version: it did not say.
  definedAt: Number(value.definedAt ?? value.createdAt),
})

/** The campaign as it is stored; `undefined` when it is not. */
export const readRecord = (
  store: Store["Service"],
  id: string,
): Effect.Effect<CampaignRecord | undefined, StorageError> =>
  Effect.map(
    store.use((driver) => driver.documents("campaign", [id])),
    ([document]) => (document === undefined ? undefined : recordOf(document)),
  )

const documentValue = ({
  rest,
  definition,
  earlier,
  clock,
  createdAt,
  definedAt,
}: CampaignRecord): Document["value"] => ({
  state: rest.state,
  context: rest.context as unknown as Json,
  definition,
  ...(Object.keys(earlier).length === 0 ? {} : { earlier }),
  clock: clock as unknown as Json,
  createdAt,
  definedAt,
})

// After an error that leaves open whether it was written, the document says so.
const readBack = (
  store: Store["Service"],
  written: CampaignRecord,
  error: StorageError,
): Effect.Effect<CampaignRecord, StorageError> =>
  Effect.flatMap(readRecord(store, written.id), (stored) =>
    stored?.version === written.version &&
    JSON.stringify(documentValue(stored)) === JSON.stringify(documentValue(written))
      ? Effect.succeed(stored)
      : Effect.fail(error),
  )

/** Stores the record; fails when another process wrote it since it was read. */
export const saveRecord = (
  store: Store["Service"],
  record: CampaignRecord,
): Effect.Effect<CampaignRecord, StorageError | Conflict> =>
  Effect.gen(function* () {
    const [result] = yield* store.use((driver) =>
      driver.writeDocuments([
        { kind: "campaign", key: record.id, expected: record.version, value: documentValue(record) },
      ]),
    )
    if (result?.type === "ok") return { ...record, version: result.version }
    return yield* Effect.fail(
      new Conflict({
        code: "campaign-changed",
        retryable: true,
        differences: [],
        message: `The campaign "${record.id}" was changed by another process at the same time. Try again.`,
      }),
    )
  }).pipe(
    Effect.catchTag("StorageError", (error) =>
      error.indeterminate ? readBack(store, { ...record, version: record.version + 1 }, error) : Effect.fail(error),
    ),
  )

/** The definition that an enrollment follows which entered with this one. */
export const followed = ({ earlier }: Pick<CampaignRecord, "earlier">, entered: string): string =>
  earlier[entered] ?? entered

/** The record with another definition for new enrollments, or for all that is not sent yet. */
export const withDefinition = (
  record: CampaignRecord,
  hash: string,
  who: "new" | "all",
  now: number,
): CampaignRecord => {
  const { [hash]: _known, ...others } = { ...record.earlier, [record.definition]: followed(record, record.definition) }
  const earlier = who === "new" ? others : Object.fromEntries(Object.keys(others).map((entered) => [entered, hash]))
  return { ...record, definition: hash, earlier, definedAt: hash === record.definition ? record.definedAt : now }
}

/** The record after an event, or `undefined` where its machine does not take it. */
export const afterEvent = (record: CampaignRecord, event: CampaignEvent): CampaignRecord | undefined => {
  const { accepted, state, context } = stepCampaign(record.rest, event)
  return accepted ? { ...record, rest: { state, context } } : undefined
}
