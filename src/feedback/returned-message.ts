import { addressField, fieldGroups } from "./field-groups.ts"
import type { InboundMessage } from "./inbound-message.ts"
import { executionOfBounceAddress, executionOfMessageId } from "./our-message.ts"

const returned = /^(message\/(rfc822|global)|text\/rfc822(-headers)?|message\/global-headers)$/

// The headers end at the first empty line: what follows is the mail, which may be long and hold anything.
const headersOf = (content: Uint8Array) => fieldGroups(Buffer.from(content).subarray(0, 65_536))[0]

/** What a report tells about the mail that it is about, as far as it sends it back. */
export interface ReturnedMessage {
  readonly executionId?: string
  /** Whom it was addressed to. */
  readonly to?: string
}

/**
 * The mail that a report is about, recognised by our own Message-ID, or by the bounce address that it came to. What the
 * report says in words is not believed: anybody can write to a bounce address.
 */
export const returnedMessage = (message: InboundMessage): ReturnedMessage => {
  const part = message.parts.find(({ contentType }) => returned.test(contentType))
  const headers = part === undefined ? undefined : headersOf(part.content)
  const executionId =
    executionOfMessageId(headers?.["message-id"] ?? "") ??
    message.to.map(executionOfBounceAddress).find((id) => id !== undefined)
  // One recipient a mail: what stands in angle brackets, or all of it.
  const to = addressField(/<[^<>]+>/.exec(headers?.to ?? "")?.[0] ?? headers?.to)
  return { ...(executionId === undefined ? {} : { executionId }), ...(to === undefined ? {} : { to }) }
}
