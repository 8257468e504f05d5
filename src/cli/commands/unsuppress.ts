import { defineCommand } from "citty"
import { exitCodes } from "../exit-code.ts"
import { err, out, writeJson } from "../output.ts"
import { storeArgs, withStore } from "../store-option.ts"
import { changeSuppression, scopeText, suppressionArgs } from "../suppression-change.ts"

/** `sendstate unsuppress`. */
export const unsuppressCommand = defineCommand({
  meta: { name: "unsuppress" },
  args: { ...suppressionArgs, ...storeArgs },
  run: ({ args: { address, topic, db, json } }) =>
    withStore(db, async (store) => {
      const answer = await changeSuppression(store, { type: "unsuppress", email: address, options: { topic } })
      const was = answer.type === "unsuppressed" && answer.wasSuppressed
      const output = json === true ? err : out
      output.line(
        was
          ? `Lifted: mail${scopeText(topic)} may go to this address again.`
          : `There is no such entry${scopeText(topic)}.`,
      )
      if (json === true) writeJson({ lifted: was, topic: topic ?? null })
      return exitCodes.done
    }),
})
