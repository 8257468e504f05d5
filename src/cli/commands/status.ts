import { defineCommand } from "citty"
import type { OpenCircuit } from "sendstate"
import { chooseCampaign, type StoredCampaign } from "../campaign-choice.ts"
import { writeCounts } from "../counts-report.ts"
import { numberText } from "../duration-text.ts"
import { exitCodes } from "../exit-code.ts"
import { out, printable, writeJson } from "../output.ts"
import { storeArgs, withStore } from "../store-option.ts"
import { timeText } from "../time-text.ts"

const write = (campaign: StoredCampaign): void => {
  const { id, state, cause, speed, counts } = campaign
  const details = [
    state,
    ...(cause === null ? [] : [printable(cause)]),
    ...(speed === 1 ? [] : [`${numberText(speed)} times as fast as real time`]),
  ]
  out.line(`${out.style("bold", id)}  ${details.join(", ")}`)
  writeCounts(out, counts)
}

const writeCircuit = ({ transport, until, cause }: OpenCircuit): void => {
  const time = until === null ? "" : ` until ${timeText(until)}`
  out.line(`${out.style("bold", transport)}  circuit open${time}${cause === null ? "" : `: ${printable(cause)}`}`)
}

/** `sendstate status`. */
export const statusCommand = defineCommand({
  meta: { name: "status" },
  args: {
    campaign: { type: "positional", required: false, valueHint: "CAMPAIGN", description: "Id; default: all of them" },
    ...storeArgs,
  },
  run: ({ args }) =>
    withStore(args.db, async (store, file) => {
      const campaigns =
        args.campaign === undefined ? await store.campaigns() : [await chooseCampaign(store, args.campaign)]
      const circuits = await store.circuits()
      if (args.json === true)
        writeJson({
          database: file,
          circuits,
          campaigns: campaigns.map(({ counts, id, ...status }) => ({ campaign: id, ...status, ...counts })),
        })
      else if (campaigns.length === 0) out.line(`${file} holds no campaign.`)
      else
        for (const [index, campaign] of campaigns.entries()) {
          if (index > 0) out.line()
          write(campaign)
        }
      if (args.json !== true) for (const circuit of circuits) writeCircuit(circuit)
      return exitCodes.done
    }),
})
