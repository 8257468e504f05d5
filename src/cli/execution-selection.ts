import type { ExecutionFilter, StoreHandle } from "sendstate"
import { type Bucket, bucketOf, buckets, type ExecutionRow } from "sendstate/sdk"
import { UsageError } from "./usage-error.ts"

/** Arguments that choose executions. */
export const selectionArgs = {
  campaign: { type: "string", valueHint: "ID", description: "Of this campaign" },
  lead: { type: "string", valueHint: "ID", description: "Of this lead (its id; by default its address)" },
  error: { type: "string", valueHint: "CODE", description: "With this latest reason, like 5.1.1 or missing-variables" },
} as const

/** Which of the states that a change is for. */
export const stateArg = {
  state: { type: "string", valueHint: "STATE[,STATE]", description: "Only those in these states" },
} as const

/** What those arguments hold. */
export interface Selection {
  readonly campaign?: string | undefined
  readonly lead?: string | undefined
  readonly error?: string | undefined
}

const bucketNamed = (text: string): Bucket => {
  const name = text.trim().toLowerCase().replace(/[-_ ]/g, "")
  const found = buckets.find((bucket) => bucket.toLowerCase() === name)
  if (found === undefined) throw new UsageError(`There is no state "${text}"; there are ${buckets.join(", ")}.`)
  return found
}

/** States as `--state` lists them: `failed`, `in-doubt,retrying`. @throws UsageError */
export const bucketsOf = (text: string | undefined): ReadonlyArray<Bucket> | undefined =>
  text === undefined ? undefined : text.split(",").map(bucketNamed)

/** The selection as the library's filter. */
export const filterOf = (
  { campaign, lead, error }: Selection,
  states: ReadonlyArray<Bucket> | undefined,
): ExecutionFilter => ({ campaignId: campaign, leadId: lead, error, states })

/** Executions named by id, in that order. @throws NotFound */
const named = async (store: StoreHandle, ids: ReadonlyArray<string>): Promise<ReadonlyArray<ExecutionRow>> => {
  const rows: ExecutionRow[] = []
  for (const id of new Set(ids)) rows.push(await store.execution(id))
  return rows
}

/** What a change would be made to, and what it was asked for in vain. */
export interface Selected {
  readonly rows: ReadonlyArray<ExecutionRow>
  /** Named, but in a state in which the change makes no sense. */
  readonly unfit: ReadonlyArray<ExecutionRow>
  /** Selected, and left alone because of what they are: nothing that was asked for in vain. */
  readonly left: ReadonlyArray<ExecutionRow>
}

/** Keeps of a selection only what may be changed: what was named counts as asked for in vain, the rest is left. */
export const leaveUnless = (
  { rows, unfit, left }: Selected,
  mayChange: (row: ExecutionRow) => boolean,
  isNamed: boolean,
): Selected => {
  const others = rows.filter((row) => !mayChange(row))
  return {
    rows: rows.filter(mayChange),
    unfit: isNamed ? [...unfit, ...others] : unfit,
    left: isNamed ? left : [...left, ...others],
  }
}

const narrowed = (states: ReadonlyArray<Bucket>, asked: ReadonlyArray<Bucket> | undefined): ReadonlyArray<Bucket> => {
  if (asked === undefined) return states
  const vain = asked.filter((state) => !states.includes(state))
  if (vain.length === 0) return asked
  throw new UsageError(`Nothing can be done about what is ${vain.join(" or ")}; this is for ${states.join(", ")}.`)
}

/**
 * The executions that a change is asked for: those named, or those in one of these states that the selection fits.
 *
 * @throws UsageError when nothing is named or selected and `all` is not set; NotFound for an id.
 */
export const selectExecutions = async (
  store: StoreHandle,
  ids: ReadonlyArray<string>,
  selection: Selection & { readonly state?: string | undefined; readonly all?: boolean | undefined },
  fitting: ReadonlyArray<Bucket>,
): Promise<Selected> => {
  const states = narrowed(fitting, bucketsOf(selection.state))
  if (ids.length > 0) {
    const rows = await named(store, ids)
    const fits = (row: ExecutionRow): boolean => states.includes(bucketOf(row))
    return { rows: rows.filter(fits), unfit: rows.filter((row) => !fits(row)), left: [] }
  }
  const { campaign, lead, error, state, all } = selection
  if ([campaign, lead, error, state].every((part) => part === undefined) && all !== true)
    throw new UsageError("Which executions? Name their ids, or give --lead, --error, --state, --campaign or --all.")
  const rows: ExecutionRow[] = []
  for await (const row of store.executions(filterOf(selection, states))) rows.push(row)
  return { rows, unfit: [], left: [] }
}
