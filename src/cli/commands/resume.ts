import { defineCommand } from "citty"
import { changeCampaign } from "../campaign-change.ts"
import { chooseCampaign } from "../campaign-choice.ts"
import { storeArgs, withStore } from "../store-option.ts"

/** `sendstate resume`. */
export const resumeCommand = defineCommand({
  meta: { name: "resume" },
  args: {
    campaign: {
      type: "positional",
      required: false,
      valueHint: "CAMPAIGN",
      description: "Id; not needed when there is only one",
    },
    ...storeArgs,
  },
  run: ({ args }) =>
    withStore(args.db, async (store) =>
      changeCampaign(store, (await chooseCampaign(store, args.campaign)).id, "resume", args.json === true),
    ),
})
