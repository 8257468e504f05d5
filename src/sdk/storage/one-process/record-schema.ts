import * as z from "zod"
import type { Enrollment } from "../../domain/execution.ts"
import type { HistoryEntry } from "../../domain/execution-event.ts"
import { StorageError } from "../../errors.ts"
import type { Document } from "../document.ts"
import type { ClaimNote, Stored } from "./records.ts"
import { columns, type Totals } from "./totals.ts"

/** The version of the record format; a store with a higher one is refused. */
export const recordFormat = 1

const instant = z.number()
const event = z.looseObject({ type: z.string(), at: instant })
const reason = z.looseObject({ code: z.string(), text: z.string().optional() })

const context = z.looseObject({
  machine: z.literal(1),
  id: z.string(),
  retry: z.looseObject({ attempts: z.number() }),
  timeScale: z.number(),
  dueAt: instant.nullable(),
  attempt: z.int(),
  used: z.int(),
  firstAttemptAt: instant.nullable(),
  renderedAt: instant.nullable(),
  unknownAttempts: z.array(z.int()),
  doubts: z.int(),
  resent: z.int(),
  cancelRequested: z.boolean(),
  outcome: z.enum(["sent", "failed", "suppressed", "skipped"]).nullable(),
  delivery: z.enum(["confirmed", "unconfirmed", "unknown"]).nullable(),
  reason: reason.nullable(),
})

const row = z.strictObject({
  id: z.string(),
  campaignId: z.string(),
  enrollmentId: z.string(),
  leadId: z.string(),
  step: z.int(),
  template: z.string(),
  definition: z.string(),
  state: z.enum(["scheduled", "rendering", "sending.attempting", "sending.inDoubt", "retrying", "done", "cancelled"]),
  context,
  dueAt: instant.nullable(),
  scheduledFor: instant,
  createdAt: instant,
  updatedAt: instant,
  token: z.int(),
  version: z.int(),
  // Leases are never stored: who reads a row from a store finds it at rest.
  owner: z.null(),
  leaseUntil: z.null(),
  intent: z.strictObject({ attempt: z.int(), at: instant }).nullable(),
  flags: z.array(event),
  claims: z.int(),
})

const totals = z.strictObject(Object.fromEntries(columns.map((column) => [column, z.int()])))

const schemas = {
  execution: z.strictObject({ row, restDueAt: instant.nullable(), slot: z.int() }),
  enrollment: z.strictObject({
    id: z.string(),
    campaignId: z.string(),
    leadId: z.string(),
    entry: z.string(),
    definition: z.string(),
    status: z.enum(["active", "finished", "ended"]),
    createdAt: instant,
  }),
  history: z.strictObject({ seq: z.int(), executionId: z.string(), events: z.array(event) }),
  document: z.strictObject({
    kind: z.string(),
    key: z.string(),
    version: z.int().min(1),
    value: z.record(z.string(), z.json()),
  }),
  counts: z.strictObject({ live: totals, pruned: totals }),
  claim: z.strictObject({ id: z.string(), version: z.int() }),
  meta: z.looseObject({ format: z.int().optional(), nextSlot: z.int().optional(), nextSeq: z.int().optional() }),
}

/** All records of a store, sorted by what they are. */
export interface RestoredRecords {
  readonly executions: Array<Stored>
  readonly enrollments: Array<Enrollment>
  readonly history: Array<HistoryEntry>
  readonly documents: Array<Document>
  readonly totals: Array<readonly [string, { readonly live: Totals; readonly pruned: Totals }]>
  readonly notes: Array<ClaimNote>
  nextSlot: number
  nextSeq: number
  format: number | undefined
}

const refuse = (storage: string, code: string, message: string): StorageError =>
  new StorageError({ storage, code, retryable: false, indeterminate: false, message })

/**
 * Checks each record by its schema.
 *
 * @throws StorageError `corrupt` naming the record, `newer-schema` when a newer program wrote the store.
 */
export const restoreRecords = (
  storage: string,
  entries: Iterable<readonly [key: string, value: unknown]>,
): RestoredRecords => {
  const restored: RestoredRecords = {
    executions: [],
    enrollments: [],
    history: [],
    documents: [],
    totals: [],
    notes: [],
    nextSlot: 1,
    nextSeq: 1,
    format: undefined,
  }
  const records = [...entries]
  // First, since nothing else can be judged in a format that is not known.
  const format = schemas.meta.safeParse(records.find(([key]) => key === "meta/format")?.[1] ?? {}).data?.format
  if (format !== undefined && format > recordFormat)
    throw refuse(
      storage,
      "newer-schema",
      `The store was written by a newer sendstate (format ${format}, this one knows ${recordFormat}); update sendstate`,
    )
  restored.format = format
  for (const [key, value] of records) {
    const slash = key.indexOf("/")
    const kind = key.slice(0, slash)
    const schema = Object.hasOwn(schemas, kind) ? schemas[kind as keyof typeof schemas] : undefined
    if (schema === undefined)
      throw refuse(storage, "corrupt", `The record ${JSON.stringify(key)} is of no kind that is known`)
    const checked = schema.safeParse(value)
    if (!checked.success)
      throw refuse(
        storage,
        "corrupt",
        `The record ${JSON.stringify(key)} is damaged: ${z.prettifyError(checked.error)}. Restore the store from a backup, or correct the record`,
      )
    // The schemas check what these types say; the input is taken, since it keeps keys that a later version may know.
    if (kind === "execution") restored.executions.push(value as Stored)
    else if (kind === "enrollment") restored.enrollments.push(value as Enrollment)
    else if (kind === "history") restored.history.push(value as HistoryEntry)
    else if (kind === "document") restored.documents.push(value as Document)
    else if (kind === "counts")
      restored.totals.push([key.slice(slash + 1), value as { readonly live: Totals; readonly pruned: Totals }])
    else if (kind === "claim") restored.notes.push(value as ClaimNote)
    else if (key === "meta/counters") Object.assign(restored, value)
  }
  return restored
}
