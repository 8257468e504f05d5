import * as Effect from "effect/Effect"
import { idOf, type Json, StorageError } from "../../sdk/index.ts"
import type { Store } from "../store.ts"

/** What happened to a lead, as far as campaigns ask: when each event was last signalled. Kept under the lead's id. */
export interface LeadEvents {
  /** Epoch ms, by event and then by campaign; `*` for events that belong to none. */
  readonly last: { readonly [event: string]: { readonly [campaign: string]: number } }
  /** Ids of the latest signals, oldest first: each counts once. */
  readonly ids: ReadonlyArray<string>
  /** The status that the lead was last signalled to have. Absent until its first change. */
  readonly status?: StatusNote
}

/** A status of a lead whose event is told, or that it had before its first change. */
export interface StatusNote {
  /** `null` for none. */
  readonly value: string | null
  /** Version of the lead's document that has it; 0 for none. */
  readonly version: number
  /** The event's id; absent where there was none. */
  readonly signal?: string
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
  /** The status whose event it is. */
  readonly status?: StatusNote
}

/** Names an event among all leads' in a form that shows neither. */
export const eventKeyOf = ({ lead, id }: Pick<LeadEvent, "lead" | "id">): string => idOf("signal", lead, id)

/** Of a lead to whom nothing happened. */
export const noEvents: LeadEvents = { last: {}, ids: [] }

const anyCampaign = "*"

/** Signals whose ids are remembered, and events whose last time is, per lead. */
const mostKept = 1_000

/** Writers of one lead's events that may come in between before it is called broken. */
const mostRereads = 50

const own = <Value>(record: { readonly [key: string]: Value }, key: string): Value | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined

/** When an event last happened, as this campaign sees it (`null`: as the host does, who sees all); `undefined` for never. */
export const lastEventFor =
  ({ last }: LeadEvents, campaignId: string | null) =>
  (event: string): number | undefined => {
    const times = own(last, event)
    if (times === undefined) return undefined
    const seen = campaignId === null ? Object.values(times) : [own(times, anyCampaign), own(times, campaignId)]
    const known = seen.filter((at) => at !== undefined)
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

// Of two changes at the same time the later write of the lead says what it is.
const laterStatus = (known: StatusNote | undefined, told: StatusNote | undefined): Pick<LeadEvents, "status"> => {
  const status = known !== undefined && (told === undefined || told.version < known.version) ? known : told
  return status === undefined ? {} : { status }
}

const withEvent = (known: LeadEvents, { id, event, at, campaign, status }: LeadEvent, again: boolean): LeadEvents => {
  const { last, ids } = known
  const times = own(last, event) ?? {}
  const key = campaign ?? anyCampaign
  const { [event]: _before, ...others } = last
  return {
    last: newest([...Object.entries(others), [event, { ...times, [key]: Math.max(at, own(times, key) ?? at) }]]),
    ids: again ? ids : [...ids, id].slice(-mostKept),
    ...laterStatus(known.status, status),
  }
}

const update = (
  store: Store["Service"],
  lead: string,
  changed: (known: LeadEvents) => LeadEvents | undefined,
): Effect.Effect<boolean, StorageError> =>
  Effect.gen(function* () {
    for (let reread = 0; reread < mostRereads; reread += 1) {
      const { version, events } = yield* readDocument(store, lead)
      const next = changed(events)
      if (next === undefined) return false
      const value = next as unknown as { readonly [key: string]: Json }
      const [result] = yield* store.use((driver) =>
        driver.writeDocuments([{ kind: "events", key: lead, expected: version, value }]),
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

/**
 * Remembers an event, durable on return; answers whether it is new. `again`: it happened, and the same id may be told once
 * more.
 */
export const recordEvent = (
  store: Store["Service"],
  event: LeadEvent,
  { again = false }: { readonly again?: boolean } = {},
): Effect.Effect<boolean, StorageError> =>
  update(store, event.lead, (known) => (known.ids.includes(event.id) ? undefined : withEvent(known, event, again)))

/** Remembers which status a lead has, where no event says so; durable on return. */
export const noteStatus = (
  store: Store["Service"],
  lead: string,
  status: StatusNote,
): Effect.Effect<void, StorageError> =>
  Effect.asVoid(update(store, lead, (known) => ({ ...known, ...laterStatus(known.status, status) })))
