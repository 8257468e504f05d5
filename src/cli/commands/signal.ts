import { defineCommand } from "citty"
import { exitCodes } from "../exit-code.ts"
import { instantOption } from "../instant-option.ts"
import { err, out, writeJson } from "../output.ts"
import { storeArgs, withStore } from "../store-option.ts"
import { UsageError } from "../usage-error.ts"

/** `sendstate signal`. Does not repeat who it is about: addresses must not stay in a log. */
export const signalCommand = defineCommand({
  meta: { name: "signal" },
  args: {
    lead: {
      type: "positional",
      required: true,
      valueHint: "LEAD",
      description: "The lead's id; by default its address",
    },
    event: {
      type: "positional",
      required: true,
      valueHint: "EVENT",
      description: "What happened: clicked, trial.started",
    },
    campaign: { type: "string", valueHint: "ID", description: "Only this campaign. Default: all that the lead is in" },
    at: { type: "string", valueHint: "TIME", description: "When it happened, ISO 8601. Default: now" },
    id: { type: "string", valueHint: "ID", description: "The same id again does nothing" },
    ...storeArgs,
  },
  run: ({ args: { lead, event, campaign, at, id, db, json } }) =>
    withStore(db, async (store) => {
      const answer = await store.control({
        type: "signal",
        signal: { lead, event, campaign, at: at === undefined ? undefined : instantOption("at", at), id },
      })
      if (answer.type === "failed") throw new UsageError(answer.message)
      if (answer.type !== "signalled") throw new UsageError("The owner of the database is an older version.")
      const { isNew, released, cancelled, enrolled, started, unknownLead } = answer.result
      const byHost = started > 0 ? `, ${started} started by its host` : ""
      const output = json === true ? err : out
      output.line(
        isNew
          ? `Signalled ${event}: ${released} released, ${cancelled} cancelled, ${enrolled} enrolled${byHost}.`
          : `${event} was signalled before: nothing was done.`,
      )
      if (unknownLead === true)
        output.line("A trigger asks for this lead, which is not stored: store it, and signal the same again.")
      if (json === true) writeJson(answer.result)
      return exitCodes.done
    }),
})
