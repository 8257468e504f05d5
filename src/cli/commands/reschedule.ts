import { defineCommand } from "citty"
import type { ControlCommand } from "sendstate"
import { type ExecutionRow, toMillis } from "sendstate/sdk"
import { durationText } from "../duration-text.ts"
import { changeExecutions } from "../execution-change.ts"
import { selectExecutions, selectionArgs, stateArg } from "../execution-selection.ts"
import { instantOption } from "../instant-option.ts"
import { changeArgs, withStore } from "../store-option.ts"
import { timeText } from "../time-text.ts"
import { UsageError } from "../usage-error.ts"

/** To when, in words, and for each execution. */
interface Move {
  readonly text: string
  readonly dueAt: (row: ExecutionRow) => number
}

const moveTo = (text: string): Move => {
  const dueAt = instantOption("to", text)
  return { text: `to ${timeText(dueAt)}`, dueAt: () => dueAt }
}

const moveBy = (text: string): Move => {
  const ms = toMillis(text)
  if (ms === undefined) throw new UsageError(`--by "${text}" is no duration; write for example 2d or "3 hours".`)
  return { text: `by ${durationText(ms)}`, dueAt: (row) => (row.context.dueAt ?? row.scheduledFor) + ms }
}

const moveOf = (to: string | undefined, by: string | undefined): Move => {
  if (to !== undefined && by === undefined) return moveTo(to)
  if (by !== undefined && to === undefined) return moveBy(by)
  throw new UsageError("To when? Give either --to TIME or --by DURATION.")
}

/** `sendstate reschedule`. */
export const rescheduleCommand = defineCommand({
  meta: { name: "reschedule" },
  args: {
    executions: {
      type: "positional",
      required: false,
      valueHint: "EXECUTION...",
      description: "Ids of executions that wait",
    },
    to: { type: "string", valueHint: "TIME", description: "To this time, ISO 8601" },
    by: { type: "string", valueHint: "DURATION", description: "So much later than planned, like 2d" },
    ...selectionArgs,
    ...stateArg,
    all: { type: "boolean", description: "All that wait" },
    ...changeArgs,
  },
  run: ({ args }) => {
    const move = moveOf(args.to, args.by)
    return withStore(args.db, async (store) => {
      const selected = await selectExecutions(store, args._, args, ["scheduled", "rendering", "retrying"])
      const dueAt = new Map(selected.rows.map((row) => [row.id, move.dueAt(row)]))
      return changeExecutions({
        store,
        selected,
        describe: (executions) => `Move ${executions} ${move.text}`,
        // Instants that were settled when they were chosen: asked again, nothing moves twice.
        command: (ids): ControlCommand => ({
          type: "reschedule",
          ids,
          dueAt: ids.flatMap((id) => dueAt.get(id) ?? []),
        }),
        yes: args.yes === true,
        json: args.json === true,
      })
    })
  },
})
