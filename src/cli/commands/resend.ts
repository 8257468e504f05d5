import { defineCommand } from "citty"
import { countText } from "../duration-text.ts"
import { changeExecutions } from "../execution-change.ts"
import { leaveUnless, selectExecutions, selectionArgs, stateArg } from "../execution-selection.ts"
import { changeArgs, withStore } from "../store-option.ts"

/** `sendstate resend`. */
export const resendCommand = defineCommand({
  meta: { name: "resend" },
  args: {
    executions: {
      type: "positional",
      required: false,
      valueHint: "EXECUTION...",
      description: "Ids of executions that were not sent",
    },
    ...selectionArgs,
    ...stateArg,
    all: { type: "boolean", description: "All that were not sent" },
    "in-doubt": { type: "boolean", description: "Also what may have been delivered: accepts a second copy" },
    ...changeArgs,
  },
  run: ({ args }) =>
    withStore(args.db, async (store) => {
      const inDoubt = args["in-doubt"] === true
      const selected = leaveUnless(
        await selectExecutions(store, args._, args, ["failed", "inDoubt"]),
        (row) => inDoubt || (row.state !== "sending.inDoubt" && row.context.unknownAttempts.length === 0),
        args._.length > 0,
      )
      return changeExecutions({
        store,
        selected,
        describe: (executions) =>
          `Send ${executions} again${inDoubt ? ", accepting second copies of those that may have been delivered" : ""}`,
        command: (ids) => ({ type: "resend", ids, inDoubt }),
        yes: args.yes === true,
        json: args.json === true,
        ...(selected.left.length === 0
          ? {}
          : {
              note: `${countText(selected.left.length, "execution")} may have been delivered: left alone. --in-doubt sends them too.`,
            }),
        hint: "A run of the campaign that is going on sends them; if there is none, start it again with sendstate run.",
      })
    }),
})
