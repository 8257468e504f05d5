import { defineCommand } from "citty"
import type { StoreHandle } from "sendstate"
import { changeCampaign } from "../campaign-change.ts"
import { chooseCampaign } from "../campaign-choice.ts"
import { confirm } from "../confirmation.ts"
import { countText } from "../duration-text.ts"
import { changeExecutions } from "../execution-change.ts"
import { selectExecutions, selectionArgs, stateArg } from "../execution-selection.ts"
import { type ExitCode, exitCodes } from "../exit-code.ts"
import { err, out, writeJson } from "../output.ts"
import { changeArgs, withStore } from "../store-option.ts"

interface Wish {
  readonly yes: boolean
  readonly json: boolean
}

const cancelCampaign = async (store: StoreHandle, id: string, { yes, json }: Wish): Promise<ExitCode> => {
  const { counts } = await chooseCampaign(store, id)
  const { scheduled, rendering, sending, retrying, inDoubt } = counts
  const open = scheduled + rendering + sending + retrying + inDoubt
  const question = `Cancel the campaign ${id} for good, with ${countText(open, "mail")} that ${open === 1 ? "has" : "have"} not ended?`
  if (await confirm(question, yes)) return changeCampaign(store, id, "cancel", json)
  const output = json ? err : out
  output.line("Nothing was changed.")
  if (json) writeJson({ campaign: id, action: "cancel", accepted: false })
  return exitCodes.workRemains
}

/** `sendstate cancel`. */
export const cancelCommand = defineCommand({
  meta: { name: "cancel" },
  args: {
    executions: { type: "positional", required: false, valueHint: "EXECUTION...", description: "Ids of executions" },
    ...selectionArgs,
    ...stateArg,
    campaign: { type: "string", valueHint: "ID", description: "Of this campaign; alone: the whole campaign, for good" },
    all: { type: "boolean", description: "All that have not ended" },
    ...changeArgs,
  },
  run: ({ args }) =>
    withStore(args.db, async (store) => {
      const wish = { yes: args.yes === true, json: args.json === true }
      const { campaign, lead, error, state, all } = args
      const isWhole = [lead, error, state].every((part) => part === undefined) && all !== true
      if (campaign !== undefined && args._.length === 0 && isWhole) return cancelCampaign(store, campaign, wish)
      return changeExecutions({
        ...wish,
        store,
        selected: await selectExecutions(store, args._, args, [
          "scheduled",
          "rendering",
          "sending",
          "inDoubt",
          "retrying",
        ]),
        describe: (executions) => `Cancel ${executions}`,
        command: (ids) => ({ type: "cancel", ids }),
      })
    }),
})
