import { defineCommand } from "citty"
import { exitCodes } from "../exit-code.ts"
import { out, printable } from "../output.ts"
import { storeArgs, withStore } from "../store-option.ts"
import { timeText } from "../time-text.ts"

/** `sendstate suppressions`: a line each, written as it is read. */
export const suppressionsCommand = defineCommand({
  meta: { name: "suppressions" },
  args: { ...storeArgs, json: { type: "boolean", description: "One JSON object a line" } },
  run: ({ args }) =>
    withStore(args.db, async (store) => {
      let count = 0
      for await (const entry of store.suppressions()) {
        if (out.isClosed()) return exitCodes.done
        count += 1
        if (args.json === true) out.line(JSON.stringify(entry))
        else
          out.line(`  ${timeText(entry.at)}  ${entry.key}  ${entry.topic ?? "everything"}  ${printable(entry.reason)}`)
        await out.ready()
      }
      if (count === 0 && args.json !== true) out.line("Nobody is suppressed.")
      return exitCodes.done
    }),
})
