import { defineCommand } from "citty"
import type { Explanation, StoreHandle } from "sendstate"
import { exitCodes } from "../exit-code.ts"
import { out, printable, writeJson } from "../output.ts"
import { storeArgs, withStore } from "../store-option.ts"
import { timeText } from "../time-text.ts"
import { UsageError } from "../usage-error.ts"

const idsOf = async (store: StoreHandle, id: string | undefined, lead: string | undefined) => {
  if (id !== undefined) return [id]
  if (lead === undefined)
    throw new UsageError("Which execution? Give its id (sendstate list shows them), or --lead ID.")
  const ids: string[] = []
  for await (const row of store.executions({ leadId: lead })) ids.push(row.id)
  if (ids.length === 0)
    throw new UsageError(`There is no lead "${lead}" here. The id of a lead is by default its address.`)
  return ids
}

const write = ({ execution, history, feedback, summary }: Explanation, email: string | undefined): void => {
  const { id, campaignId, leadId, step } = execution
  const person = email === undefined || email === leadId ? leadId : `${leadId} <${email}>`
  out.line(`${out.style("bold", id)}  mail ${step + 1} of ${campaignId} to ${printable(person)}`)
  out.line(`  ${printable(summary)}`)
  out.line()
  for (const { at, text } of [...history, ...feedback].sort((one, other) => one.at - other.at))
    out.line(`  ${out.style("dim", timeText(at))}  ${printable(text)}`)
}

/** `sendstate explain`. */
export const explainCommand = defineCommand({
  meta: { name: "explain" },
  args: {
    execution: { type: "positional", required: false, valueHint: "EXECUTION", description: "Id of the execution" },
    lead: { type: "string", valueHint: "ID", description: "All executions of this lead instead" },
    ...storeArgs,
  },
  run: ({ args }) =>
    withStore(args.db, async (store) => {
      const explanations: Explanation[] = []
      for (const id of await idsOf(store, args.execution, args.lead)) explanations.push(await store.explain(id))
      explanations.sort((a, b) => a.execution.createdAt - b.execution.createdAt || a.execution.step - b.execution.step)
      const emails = await store.addresses(explanations.map(({ execution }) => execution.leadId))
      const [only] = explanations
      if (args.json === true)
        writeJson(args.execution !== undefined && only !== undefined ? only : { executions: explanations })
      else
        for (const [index, explanation] of explanations.entries()) {
          if (index > 0) out.line()
          write(explanation, emails[index])
        }
      return exitCodes.done
    }),
})
