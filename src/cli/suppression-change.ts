import type { ControlCommand, ControlResult, StoreHandle } from "sendstate"
import { UsageError } from "./usage-error.ts"

type Suppressing = Extract<ControlCommand, { type: "suppress" | "unsuppress" }>

/** Arguments that name one entry of the suppression list. */
export const suppressionArgs = {
  address: { type: "positional", required: true, valueHint: "ADDRESS", description: "Whose" },
  topic: { type: "string", valueHint: "TOPIC", description: "Only campaigns of this topic. Default: everything" },
} as const

/** The same in words. */
export const scopeText = (topic: string | undefined): string => (topic === undefined ? "" : ` about "${topic}"`)

/** Asks the owner of the database, or does it here when nobody runs it. */
export const changeSuppression = async (store: StoreHandle, command: Suppressing): Promise<ControlResult> => {
  const answer = await store.control(command)
  if (answer.type === "failed") throw new UsageError(answer.message)
  return answer
}
