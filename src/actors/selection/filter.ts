import * as z from "zod"
import { type Bucket, buckets, parse } from "../../sdk/index.ts"
import type { Selection } from "./selecting.ts"

/** Which executions to list; all that is left out matches. */
export interface ExecutionFilter {
  readonly campaignId?: string | undefined
  readonly leadId?: string | undefined
  /** Columns of the counts. */
  readonly states?: ReadonlyArray<Bucket> | undefined
  /** Code of the latest reason, for example `5.1.1` or `missing-variables`. */
  readonly error?: string | undefined
}

/** Which executions: at least one part, or `all`. */
export interface SelectionFilter extends ExecutionFilter {
  /** Every execution there is. */
  readonly all?: true | undefined
}

/** The filter in the storage's words. */
export const selectionOf = (filter: ExecutionFilter): Selection => ({
  ...(filter.campaignId === undefined ? {} : { campaignId: filter.campaignId }),
  ...(filter.leadId === undefined ? {} : { leadId: filter.leadId }),
  ...(filter.states === undefined ? {} : { buckets: filter.states }),
  ...(filter.error === undefined ? {} : { reason: filter.error }),
})

const name = z.string().min(1)

const filterSchema = z
  .strictObject({
    campaignId: name.optional(),
    leadId: name.optional(),
    states: z.array(z.enum(buckets)).min(1, { message: "names no state; leave it out for all" }).optional(),
    error: name.optional(),
    all: z.literal(true).optional(),
  })
  .refine(
    (filter) => Object.values(filter).some((part) => part !== undefined),
    "give campaignId, leadId, states or error, or `all: true` for every execution there is",
  )

/**
 * A filter that says what it means: one whose parts are all missing, by mistake perhaps, is not taken for everything.
 *
 * @throws InvalidInput
 */
export const readSelection = (filter: SelectionFilter): Selection =>
  selectionOf(parse(filterSchema, filter, "The filter of executions"))
