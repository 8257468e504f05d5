import * as Effect from "effect/Effect"
import { conditionText, type ExecutionRow, isTrue, type Lead, type StorageError } from "../../sdk/index.ts"
import type { LoadedDefinition } from "../campaign/definition.ts"
import { singleMailStep } from "../campaign/planner.ts"
import { isHeldOut } from "../campaign/variants.ts"
import { exitOf } from "../events/exits.ts"
import { enrolledAtOf, lastHeardBy } from "../events/hearing.ts"
import { type LeadEvents, readEvents } from "../events/lead-events.ts"
import type { ProcessServices } from "./dependencies.ts"
import { advance, type Progress, progressOf } from "./progress.ts"

const decide = (loaded: LoadedDefinition, row: ExecutionRow, lead: Lead, events: LeadEvents, now: number) => {
  const { definition } = loaded
  const lastEvent = lastHeardBy(row, events)
  const exit = exitOf(loaded, lastEvent)
  if (exit !== undefined) return advance(progressOf(row), { type: "CANCEL", by: exit, at: now })
  const facts = {
    lead,
    enrolledAt: enrolledAtOf(row),
    now,
    timeScale: row.context.timeScale,
    lastEvent,
  }
  const no = definition.steps[row.step]?.when?.find((question) => !isTrue(question.if, facts))
  if (no === undefined) return undefined
  const text = `not ${conditionText(no.if)}`
  return advance(progressOf(row), { type: "SKIP", at: now, code: "condition", text, next: no.otherwise })
}

/**
 * What the sequence makes of a claimed row before it is sent: ended by an event, skipped because its condition is false,
 * held out to compare with; `undefined` when it is sent. Asked before each attempt: who replies while a retry waits is heard.
 */
export const leaveJourney = (
  { store }: Pick<ProcessServices, "store">,
  loaded: LoadedDefinition,
  row: ExecutionRow,
  lead: Lead,
  now: number,
): Effect.Effect<Progress | undefined, StorageError> => {
  const { definition, events } = loaded
  if (row.step >= singleMailStep) return Effect.succeed(undefined)
  if (isHeldOut(definition, row.leadId)) {
    const skip = { type: "SKIP", at: now, code: "holdout", next: definition.steps.length } as const
    return Effect.succeed(advance(progressOf(row), skip))
  }
  const asks = (definition.steps[row.step]?.when?.length ?? 0) > 0
  if (events.size > 0)
    return Effect.map(readEvents(store, row.leadId), (known) => decide(loaded, row, lead, known, now))
  return Effect.succeed(asks ? decide(loaded, row, lead, { last: {}, ids: [] }, now) : undefined)
}
