import { defineCommand } from "citty"
import { confirm } from "../confirmation.ts"
import { countText } from "../duration-text.ts"
import { exitCodes } from "../exit-code.ts"
import { err, out, writeJson } from "../output.ts"
import { changeArgs, withStore } from "../store-option.ts"
import { UsageError } from "../usage-error.ts"

/** How long mails that are being sent may take, milliseconds; the owner of the database needs a little more to answer. */
const sendMs = 30_000
const answerMs = 90_000

/** `sendstate forget`. Says counts only: what is forgotten must not stay in a log. */
export const forgetCommand = defineCommand({
  meta: { name: "forget" },
  args: {
    lead: { type: "positional", required: true, valueHint: "LEAD", description: "Id or address" },
    mailable: { type: "boolean", description: "Keep no hash of the address: the person may be mailed again" },
    ...changeArgs,
  },
  run: ({ args }) =>
    withStore(args.db, async (store) => {
      const json = args.json === true
      const output = json ? err : out
      if (!(await confirm("Cancel all mails to this person and erase what is known, for good?", args.yes === true))) {
        output.line("Nothing was changed.")
        if (json) writeJson({ forgotten: 0, cancelled: 0, settings: 0, suppressed: false })
        return exitCodes.workRemains
      }
      const answer = await store.control(
        { type: "forget", lead: args.lead, options: { suppress: args.mailable !== true, deadlineMs: sendMs } },
        { deadlineMs: answerMs },
      )
      if (answer.type === "failed") throw new UsageError(answer.message)
      if (answer.type !== "forgotten")
        throw new UsageError("The owner of the database gave an answer that makes no sense.")
      const { forgotten, cancelled, suppressed } = answer.result
      if (forgotten === 0) output.line("Nothing is known of this person.")
      else {
        output.line(`Forgotten: ${countText(forgotten, "lead")}, ${countText(cancelled, "waiting mail")} cancelled.`)
        output.line(
          suppressed
            ? "A hash of the address stays, so that the person is not mailed again."
            : "The person may be mailed again.",
        )
      }
      if (json) writeJson({ ...answer.result })
      return exitCodes.done
    }),
})
