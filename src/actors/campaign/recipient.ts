import * as Effect from "effect/Effect"
import type { EnrollItem, ExecutionRow, Lead, NotFound, Reason, StorageError } from "../../sdk/index.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import type { LoadedDefinition } from "./definition.ts"

/** Who a claimed execution is for, as the storage says. */
export interface Recipient {
  /** `undefined` for one that was erased. */
  readonly lead: Lead | undefined
  /** Whether the address is suppressed at this moment; the intent's own commit looks again. */
  readonly isSuppressed: boolean
}

type Services = Pick<ProcessServices, "store" | "secrets" | "leadOf">

/** Whether each of these addresses is suppressed, in one question. */
const areSuppressed = (
  { store, secrets }: Pick<Services, "store" | "secrets">,
  wanted: ReadonlyArray<{ readonly address: string; readonly topic: string | null }>,
): Effect.Effect<ReadonlyArray<boolean>, StorageError> =>
  Effect.gen(function* () {
    const keys = wanted.map(({ address, topic }) => secrets.suppressionKeys(address, topic))
    const all = [...new Set(keys.flat())]
    if (all.length === 0) return []
    const documents = yield* store.use((driver) => driver.documents("suppression", all))
    const found = new Set(documents.flatMap((document) => (document === undefined ? [] : [document.key])))
    return keys.map((own) => own.some((key) => found.has(key)))
  })

const suppressedReason: Reason = {
  code: "suppressed",
  text: "on the suppression list when it was planned, and not sent unless taken off",
}

/** New entries; where the address is suppressed already, what is planned says so. It may be taken off the list until it is due. */
export const noteSuppressed = (
  services: Services,
  topic: string | null,
  items: ReadonlyArray<EnrollItem>,
): Effect.Effect<ReadonlyArray<EnrollItem>, StorageError> =>
  // Where the host says who a lead is now, the address is known when the mail is due.
  services.leadOf !== undefined || items.length === 0
    ? Effect.succeed(items)
    : Effect.map(
        areSuppressed(
          services,
          items.map(({ lead }) => ({ address: lead.email, topic })),
        ),
        (suppressed) =>
          items.map((item, index) => {
            if (suppressed[index] !== true) return item
            const { execution } = item
            return { ...item, execution: { ...execution, context: { ...execution.context, reason: suppressedReason } } }
          }),
      )

/** The recipients of rows that were claimed together. */
export const recipientsOf = (
  services: Services,
  definition: (row: ExecutionRow) => Effect.Effect<LoadedDefinition, StorageError | NotFound>,
  rows: ReadonlyArray<ExecutionRow>,
): Effect.Effect<ReadonlyArray<Recipient>, StorageError> =>
  Effect.gen(function* () {
    if (rows.length === 0) return []
    const documents = yield* services.store.use((driver) =>
      driver.documents(
        "lead",
        rows.map((row) => row.leadId),
      ),
    )
    const leads = documents.map((document) => document?.value as Lead | undefined)
    // Where the host says who a lead is now, the stored address may be an old one.
    if (services.leadOf !== undefined) return leads.map((lead) => ({ lead, isSuppressed: false }))
    const topicOf = (row: ExecutionRow): Effect.Effect<string | null, StorageError> =>
      Effect.map(definition(row), (loaded) => loaded.definition.topic).pipe(
        // The attempt meets the same, and says so.
        Effect.catchTag("NotFound", () => Effect.succeed(null)),
      )
    const wanted: Array<{ readonly index: number; readonly address: string; readonly topic: string | null }> = []
    for (const [index, row] of rows.entries()) {
      const lead = leads[index]
      if (lead !== undefined) wanted.push({ index, address: lead.email, topic: yield* topicOf(row) })
    }
    const suppressed = yield* areSuppressed(services, wanted)
    const hit = new Set(wanted.filter((_, position) => suppressed[position]).map(({ index }) => index))
    return leads.map((lead, index) => ({ lead, isSuppressed: hit.has(index) }))
  })
