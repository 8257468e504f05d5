import { defineCommand } from "citty"
import { changeExecutions } from "../execution-change.ts"
import { selectExecutions, selectionArgs, stateArg } from "../execution-selection.ts"
import { changeArgs, withStore } from "../store-option.ts"
import { UsageError } from "../usage-error.ts"

/** `sendstate resolve`. */
export const resolveCommand = defineCommand({
  meta: { name: "resolve" },
  args: {
    executions: {
      type: "positional",
      required: false,
      valueHint: "EXECUTION...",
      description: "Ids of executions in doubt",
    },
    as: { type: "enum", options: ["sent", "not-sent"], description: "What you found out; not-sent sends it again" },
    ...selectionArgs,
    ...stateArg,
    all: { type: "boolean", description: "All that are in doubt" },
    ...changeArgs,
  },
  run: ({ args }) => {
    const verdict = args.as
    if (verdict === undefined)
      throw new UsageError(
        "As what? --as sent when the mail arrived, --as not-sent when it did not (it is sent again).",
      )
    return withStore(args.db, async (store) =>
      changeExecutions({
        store,
        selected: await selectExecutions(store, args._, args, ["inDoubt"]),
        describe: (executions) => `Resolve ${executions} as ${verdict}`,
        command: (ids) => ({ type: "resolve", ids, verdict: verdict === "sent" ? "sent" : "notSent" }),
        yes: args.yes === true,
        json: args.json === true,
        hint: "A run of the campaign that is going on goes on with them; if there is none, start it with sendstate run.",
      }),
    )
  },
})
