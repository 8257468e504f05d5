import * as Effect from "effect/Effect"
import { type InvalidInput, type Lead, type LeadInput, leadSchema, parse, type StorageError } from "../../sdk/index.ts"
import type { ProcessServices } from "../execution/dependencies.ts"

/** The lead as it is stored. */
export const readLead = (
  { store }: Pick<ProcessServices, "store">,
  id: string,
): Effect.Effect<Lead | undefined, StorageError> =>
  Effect.map(
    store.use((driver) => driver.documents("lead", [id])),
    ([document]) => document?.value as Lead | undefined,
  )

/** Stores the lead in place of what is known about it; mails that are rendered from now on use it. */
export const writeLead = (
  { store }: Pick<ProcessServices, "store">,
  input: LeadInput,
): Effect.Effect<Lead, StorageError | InvalidInput> =>
  Effect.gen(function* () {
    const lead = yield* Effect.try({
      try: () => parse(leadSchema, input, "The lead"),
      catch: (error) => error as InvalidInput,
    })
    yield* store.use((driver) => driver.writeDocuments([{ kind: "lead", key: lead.id, value: { ...lead } }]))
    return lead
  })
