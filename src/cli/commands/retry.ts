import { defineCommand } from "citty"
import { changeExecutions } from "../execution-change.ts"
import { selectExecutions, selectionArgs, stateArg } from "../execution-selection.ts"
import { changeArgs, withStore } from "../store-option.ts"

/** `sendstate retry`. */
export const retryCommand = defineCommand({
  meta: { name: "retry" },
  args: {
    executions: {
      type: "positional",
      required: false,
      valueHint: "EXECUTION...",
      description: "Ids of failed executions",
    },
    ...selectionArgs,
    ...stateArg,
    all: { type: "boolean", description: "All failed ones" },
    duplicate: { type: "boolean", description: "Also where an attempt may have been delivered: accepts a second copy" },
    ...changeArgs,
  },
  run: ({ args }) =>
    withStore(args.db, async (store) =>
      changeExecutions({
        store,
        selected: await selectExecutions(store, args._, args, ["failed"]),
        describe: (executions) => `Run ${executions} again`,
        command: (ids) => ({ type: "retry", ids, duplicate: args.duplicate === true }),
        yes: args.yes === true,
        json: args.json === true,
        hint: "A run of the campaign that is going on sends them; if there is none, start it again with sendstate run.",
      }),
    ),
})
