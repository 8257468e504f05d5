import { defineCommand } from "citty"
import { toMillis } from "sendstate/sdk"
import { confirm } from "../confirmation.ts"
import { countText, durationText } from "../duration-text.ts"
import { exitCodes } from "../exit-code.ts"
import { err, out, writeJson } from "../output.ts"
import { changeArgs, withStore } from "../store-option.ts"
import { UsageError } from "../usage-error.ts"

/** Pruning millions takes its time, milliseconds. */
const answerMs = 600_000

const ageOf = (text: string): number => {
  const age = toMillis(text)
  if (age === undefined) throw new UsageError(`--before "${text}" is no duration; write for example 90d or "6 weeks".`)
  return age
}

/** `sendstate prune`. */
export const pruneCommand = defineCommand({
  meta: { name: "prune" },
  args: {
    before: {
      type: "string",
      required: true,
      valueHint: "DURATION",
      description: "What ended longer ago than this, like 90d",
    },
    ...changeArgs,
  },
  run: ({ args }) => {
    const ageMs = ageOf(args.before)
    return withStore(args.db, async (store) => {
      const json = args.json === true
      const output = json ? err : out
      const question = `Remove all executions that ended more than ${durationText(ageMs)} ago, with their histories, for good?`
      if (!(await confirm(question, args.yes === true))) {
        output.line("Nothing was changed.")
        if (json) writeJson({ pruned: 0 })
        return exitCodes.workRemains
      }
      const endedBefore = Date.now() - ageMs
      const answer = await store.control({ type: "prune", endedBefore }, { deadlineMs: answerMs })
      if (answer.type === "failed") throw new UsageError(answer.message)
      if (answer.type !== "pruned")
        throw new UsageError("The owner of the database gave an answer that makes no sense.")
      const { executions } = answer.result
      output.line(`Removed ${countText(executions, "execution")}; the counts of their campaigns stay as they are.`)
      if (json) writeJson({ pruned: executions })
      return exitCodes.done
    })
  },
})
