import * as Effect from "effect/Effect"
import { type Json, StorageError } from "../../sdk/index.ts"
import type { Store } from "../store.ts"

/** What happened to a lead, as far as campaigns ask: when each event was last signalled. Kept under the lead's id. */
export interface LeadEvents {
  /** Epoch ms, by event and then by campaign; `*` for events that belong to none. */
  readonly last: { readonly [event: string]: { readonly [campaign: string]: number } }
  /** Ids of the latest signals, oldest first: each counts once. */
  readonly ids: ReadonlyArray<string>
}

/** Something that happened to a lead. */
export interface LeadEvent {
  readonly id: string
  readonly lead: string
  readonly event: string
  /** Epoch ms. */
  readonly at: number
  /** Only this campaign; `null` for all. */
  readonly campaign: string | null
}

const noEvents: LeadEvents = { last: {}, ids: [] }

const anyCampaign = "*"

/** Signals whose ids are remembered, and events whose last time is, per lead. */
const mostKept = 1_000

/** Writers of one lead's events that may come in between before it is called broken. */
const mostRereads = 50

const own = <Value>(record: { readonly [key: string]: Value }, key: string): Value | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined

/** When an event last happened, as this campaign sees it; `undefined` for never. */
export const lastEventFor =
  ({ last }: LeadEvents, campaignId: string) =>
  (event: string): number | undefined => {
    const times = own(last, event)
    if (times === undefined) return undefined
    const known = [own(times, anyCampaign), own(times, campaignId)].filter((at) => at !== undefined)
    return known.length === 0 ? undefined : Math.max(...known)
  }

const readDocument = (store: Store["Service"], leadId: string) =>
  Effect.map(
    store.use((driver) => driver.documents("events", [leadId])),
    ([document]) => ({
      version: document?.version ?? 0,
      events: document === undefined ? noEvents : (document.value as unknown as LeadEvents),
    }),
  )

/** What happened to a lead so far. */
export const readEvents = (store: Store["Service"], leadId: string): Effect.Effect<LeadEvents, StorageError> =>
  Effect.map(readDocument(store, leadId), ({ events }) => events)

const newest = <Value>(entries: ReadonlyArray<readonly [string, Value]>): { readonly [key: string]: Value } =>
  Object.fromEntries(entries.slice(-mostKept))

const withEvent = ({ last, ids }: LeadEvents, { id, event, at, campaign }: LeadEvent): LeadEvents => {
  const times = own(last, event) ?? {}
  const key = campaign ?? anyCampaign
  const { [event]: _before, ...others } = last
  return {
    last: newest([...Object.entries(others), [event, { ...times, [key]: Math.max(at, own(times, key) ?? at) }]]),
    ids: [...ids, id].slice(-mostKept),
  }
}

/** Remembers an event, durable on return; answers whether it is new. */
export const recordEvent = (store: Store["Service"], event: LeadEvent): Effect.Effect<boolean, StorageError> =>
  Effect.gen(function* () {
    for (let reread = 0; reread < mostRereads; reread += 1) {
      const { version, events } = yield* readDocument(store, event.lead)
      if (events.ids.includes(event.id)) return false
      const value = withEvent(events, event) as unknown as { readonly [key: string]: Json }
      const [result] = yield* store.use((driver) =>
        driver.writeDocuments([{ kind: "events", key: event.lead, expected: version, value }]),
      )
      if (result?.type === "ok") return true
    }
    return yield* Effect.fail(
      new StorageError({
        storage: store.storage.name,
        code: "contended",
        retryable: true,
        indeterminate: false,
        message: `The events of one lead changed ${mostRereads} times while one was written. Signal it again.`,
      }),
    )
  })
