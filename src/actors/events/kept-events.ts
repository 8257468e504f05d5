import * as Effect from "effect/Effect"
import type { Document, Json, Lead, StorageError } from "../../sdk/index.ts"
import { eachPageOfDocuments } from "../pages.ts"
import type { Store } from "../store.ts"
import { eventKeyOf, type LeadEvent } from "./lead-events.ts"
import type { Entries } from "./triggering.ts"

/** A mail that came in, as far as triggers ask. */
export interface ArrivedMail {
  readonly subject: string
  readonly from: string
  /** Who wrote it, where that is no stored lead. */
  readonly sender?: Lead
}

/** An event whose consequences are being drawn: a process that dies in the middle goes on with it when it starts again. */
export interface KeptEvent extends LeadEvent {
  /** The inbound mail that it is. */
  readonly mail?: ArrivedMail
  /** Chosen once, so that a trigger that is fired again enrolls nobody twice. */
  readonly entries?: Entries
  /** All that is left is what triggers of the host start. */
  readonly isDrawn?: true
}

type Stores = Store["Service"]

// What an earlier version stored has its id as the key.
const keptOf = ({ key, value }: Document): KeptEvent => ({ id: key, ...(value as unknown as Omit<KeptEvent, "id">) })

const write = (store: Stores, key: string, event: KeptEvent | null, expected?: number) =>
  Effect.map(
    store.use((driver) =>
      driver.writeDocuments([
        {
          kind: "signal",
          key,
          value: event as unknown as { readonly [key: string]: Json } | null,
          ...(expected === undefined ? {} : { expected }),
        },
      ]),
    ),
    ([result]) => result?.type === "ok",
  )

/** Keeps an event until its consequences are drawn; `false` when it is kept already. */
export const keepEvent = (store: Stores, event: KeptEvent): Effect.Effect<boolean, StorageError> =>
  write(store, eventKeyOf(event), event, 0)

const read = (store: Stores, event: Pick<LeadEvent, "lead" | "id">) =>
  Effect.map(
    store.use((driver) => driver.documents("signal", [eventKeyOf(event)])),
    ([document]) => document,
  )

/** The event as it is kept while its consequences are being drawn, or were left undrawn; else `undefined`. */
export const readKept = (
  store: Stores,
  event: Pick<LeadEvent, "lead" | "id">,
): Effect.Effect<KeptEvent | undefined, StorageError> =>
  Effect.map(read(store, event), (document) => (document === undefined ? undefined : keptOf(document)))

/** All its consequences are drawn. */
export const dropEvent = (store: Stores, event: LeadEvent): Effect.Effect<void, StorageError> =>
  Effect.asVoid(write(store, eventKeyOf(event), null))

/** Changes it where it is kept still, durable on return; `changed` answers the same object for no change. */
const amend = (
  store: Stores,
  event: LeadEvent,
  changed: (kept: KeptEvent) => KeptEvent,
): Effect.Effect<KeptEvent | undefined, StorageError> =>
  Effect.gen(function* () {
    while (true) {
      const document = yield* read(store, event)
      if (document === undefined) return undefined
      const kept = keptOf(document)
      const next = changed(kept)
      if (next === kept || (yield* write(store, document.key, next, document.version))) return next
    }
  })

/**
 * The entries that the triggers of an event stand for: those chosen before, else these, durable on return. `undefined` when
 * somebody else has drawn all its consequences meanwhile.
 */
export const settleEntries = (
  store: Stores,
  event: LeadEvent,
  wanted: Entries,
): Effect.Effect<Entries | undefined, StorageError> =>
  Effect.map(
    amend(store, event, (kept) => {
      const entries = { ...wanted, ...kept.entries }
      return Object.keys(entries).length === Object.keys(kept.entries ?? {}).length ? kept : { ...kept, entries }
    }),
    (kept) => kept && (kept.entries ?? {}),
  )

/** Notes that all is drawn but what triggers of the host start. */
export const markDrawn = (store: Stores, event: LeadEvent): Effect.Effect<void, StorageError> =>
  Effect.asVoid(amend(store, event, (kept) => (kept.isDrawn ? kept : { ...kept, isDrawn: true })))

/** Hears of every event that is kept, by its key. */
export const eachKept = <E>(
  store: Stores,
  work: (event: KeptEvent) => Effect.Effect<void, E>,
): Effect.Effect<void, StorageError | E> =>
  eachPageOfDocuments({ store }, "signal", (page) =>
    Effect.gen(function* () {
      for (const document of page) {
        const event = keptOf(document)
        // By an earlier version, under another key.
        if (document.key !== eventKeyOf(event)) {
          yield* keepEvent(store, event)
          yield* write(store, document.key, null)
        }
        yield* work(event)
      }
    }),
  )
