import type { Feedback } from "../sdk/index.ts"
import { isAutomatic } from "./automatic.ts"
import { type InboundMessage, messageNameOf } from "./inbound-message.ts"
import { executionOfMessageId } from "./our-message.ts"

/** The reply of a person to one of our mails, recognised by In-Reply-To, then by the latest reference. */
export const readReply = (message: InboundMessage): ReadonlyArray<Feedback> => {
  if (isAutomatic(message)) return []
  const executionId = [message.inReplyTo ?? "", ...[...message.references].reverse()]
    .map(executionOfMessageId)
    .find((id) => id !== undefined)
  if (executionId === undefined) return []
  return [
    {
      id: `reply:${messageNameOf(message)}`,
      type: "replied",
      ...(message.date === undefined ? {} : { at: message.date }),
      executionId,
      email: message.from,
    },
  ]
}
