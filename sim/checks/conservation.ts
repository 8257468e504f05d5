import { buckets, type ExecutionRow } from "../../src/sdk/index.ts"
import type { Counters } from "../world/durable-state.ts"

/** Who renders is stored as what waits. */
const columns = buckets.filter((bucket) => bucket !== "rendering")

/** The column of a stored row, written down a second time. */
const columnOf = ({ state, context }: ExecutionRow): string => {
  switch (state) {
    case "done":
      return context.outcome ?? "no outcome"
    case "sending.attempting":
      return "sending"
    case "sending.inDoubt":
      return "inDoubt"
    default:
      return state
  }
}

/** What is wrong with a campaign's counters, by its rows; `undefined` for nothing. */
export const counterFlaw = (counters: Counters, rows: ReadonlyArray<ExecutionRow>): string | undefined => {
  const counted = rows.map(columnOf)
  const sum = (of: (row: ExecutionRow) => number): number => rows.reduce((total, row) => total + of(row), 0)
  const should: Counters = {
    ...Object.fromEntries(columns.map((column) => [column, counted.filter((one) => one === column).length])),
    inDoubtTotal: sum(({ context }) => context.doubts),
    resent: sum(({ context }) => context.resent),
  }
  const column = Object.keys(should).find((name) => counters[name] !== should[name])
  return column === undefined ? undefined : `${column} says ${counters[column]}, the rows say ${should[column]}`
}
