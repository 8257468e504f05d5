import { defineCommand } from "citty"
import type { ControlCommand, ControlResult, FeedbackAnswer, StoreHandle } from "sendstate"
import {
  type Feedback,
  type InboundMessage,
  isAutomatic,
  messageNameOf,
  parseInbound,
  readFeedback,
} from "sendstate/feedback"
import { exitCodes } from "../exit-code.ts"
import { readMail } from "../mail-input.ts"
import { err, out, writeJson } from "../output.ts"
import { type ReceivedMail, receivedObject, writeReceived } from "../received-mail.ts"
import { storeArgs, withStore } from "../store-option.ts"
import { UsageError } from "../usage-error.ts"

const ask = async <Type extends ControlResult["type"]>(
  store: StoreHandle,
  command: ControlCommand,
  expected: Type,
): Promise<Extract<ControlResult, { type: Type }>> => {
  const answer = await store.control(command)
  if (answer.type === expected) return answer as Extract<ControlResult, { type: Type }>
  throw new UsageError(answer.type === "failed" ? answer.message : "The owner of the database is an older version.")
}

const nothing: ReceivedMail = { feedback: [], answers: null, enrolled: 0, started: 0, cancelled: 0, ignored: null }

const withTold = (answer: FeedbackAnswer, told: Feedback | undefined): ReceivedMail["feedback"] =>
  told === undefined ? [] : [{ told, answer }]

const receive = async (
  store: StoreHandle,
  message: InboundMessage,
  lead: string | undefined,
): Promise<ReceivedMail> => {
  if (isAutomatic(message)) {
    const feedback = readFeedback(message)
    if (feedback.length === 0) return { ...nothing, ignored: "automatic" }
    const { answers } = await ask(store, { type: "feedback", feedback }, "feedback")
    return { ...nothing, feedback: answers.flatMap((answer, index) => withTold(answer, feedback[index])) }
  }
  // What a person wrote and attached decides nothing, and need not lie in the database until it is taken in.
  const { text: _text, parts: _parts, ...rest } = message
  const { result } = await ask(
    store,
    { type: "receive", message: { ...rest, messageId: messageNameOf(message), lead } },
    "received",
  )
  const { lead: _lead, ...done } = result
  return { ...nothing, ...done }
}

/** `sendstate receive`. Does not repeat who wrote it: addresses must not stay in a log. */
export const receiveCommand = defineCommand({
  meta: { name: "receive" },
  args: {
    mail: { type: "positional", required: true, valueHint: "FILE", description: "The raw mail; - reads it from stdin" },
    lead: { type: "string", valueHint: "ID", description: "Who wrote it, where you know better than its sender says" },
    ...storeArgs,
  },
  run: async ({ args: { mail, lead, db, json } }) => {
    const message = await parseInbound(await readMail(mail))
    return withStore(db, async (store) => {
      const received = await receive(store, message, lead)
      writeReceived(json === true ? err : out, received)
      if (json === true) writeJson(receivedObject(received))
      return exitCodes.done
    })
  },
})
