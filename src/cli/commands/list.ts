import { defineCommand } from "citty"
import type { ExecutionRow } from "sendstate/sdk"
import { numberText } from "../duration-text.ts"
import { bucketsOf, filterOf, selectionArgs } from "../execution-selection.ts"
import { executionObjects } from "../execution-stream.ts"
import { writeExecutions } from "../execution-table.ts"
import { exitCodes } from "../exit-code.ts"
import { numberOption } from "../number-option.ts"
import { out } from "../output.ts"
import { storeArgs, withStore } from "../store-option.ts"

const defaultLimit = 50

/** One object on one line, written as it is read. */
const writeAll = async (objects: AsyncIterable<unknown>, limit: number): Promise<void> => {
  let count = 0
  let more = false
  out.raw('{"executions":[')
  for await (const object of objects) {
    if (out.isClosed()) return
    if (count >= limit) {
      more = true
      break
    }
    out.raw(`${count === 0 ? "" : ","}${JSON.stringify(object)}`)
    count += 1
    await out.ready()
  }
  out.line(`],"count":${count},"more":${more}}`)
}

/** `sendstate list`. */
export const listCommand = defineCommand({
  meta: { name: "list" },
  args: {
    state: {
      type: "string",
      valueHint: "STATE[,STATE]",
      description: "failed, in-doubt, retrying, scheduled, sent...",
    },
    ...selectionArgs,
    limit: { type: "string", valueHint: "N", description: `How many; default ${defaultLimit}, with --json all` },
    ...storeArgs,
  },
  run: ({ args }) => {
    const filter = filterOf(args, bucketsOf(args.state))
    const limit = numberOption("limit", args.limit, { min: 1, whole: true })
    return withStore(args.db, async (store) => {
      if (args.json === true) {
        await writeAll(executionObjects(store, filter), limit ?? Number.POSITIVE_INFINITY)
        return exitCodes.done
      }
      const rows: ExecutionRow[] = []
      let more = false
      for await (const row of store.executions(filter)) {
        more = rows.length >= (limit ?? defaultLimit)
        if (more) break
        rows.push(row)
      }
      if (rows.length === 0) out.line("There is no such execution.")
      else writeExecutions(out, rows)
      if (more) out.line(`  ... only the first ${numberText(rows.length)}; --limit N shows more, --json and export all`)
      return exitCodes.done
    })
  },
})
