import { defineCommand } from "citty"
import { exitCodes } from "../exit-code.ts"
import { err, out, writeJson } from "../output.ts"
import { storeArgs, withStore } from "../store-option.ts"
import { changeSuppression, scopeText, suppressionArgs } from "../suppression-change.ts"

/** `sendstate suppress`. Does not repeat the address: it must not stay in a log. */
export const suppressCommand = defineCommand({
  meta: { name: "suppress" },
  args: {
    ...suppressionArgs,
    reason: { type: "string", valueHint: "TEXT", description: "Kept with the entry; default manual" },
    ...storeArgs,
  },
  run: ({ args: { address, topic, reason, db, json } }) =>
    withStore(db, async (store) => {
      await changeSuppression(store, { type: "suppress", email: address, options: { topic, reason } })
      const output = json === true ? err : out
      output.line(`Suppressed: no mail${scopeText(topic)} goes to this address any more.`)
      if (json === true) writeJson({ suppressed: true, topic: topic ?? null })
      return exitCodes.done
    }),
})
