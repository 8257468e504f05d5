import { checkDisplayName } from "../../../sdk/domain/address.ts"
import { controlCharacters } from "../../../sdk/domain/control-characters.ts"
import { InvalidInput } from "../../../sdk/errors.ts"
import type { Message } from "../../../sdk/transport/message.ts"

/** Headers that sendstate sets itself, or that decide who gets the mail or how it is read. */
const reserved = new Set([
  "authentication-results",
  "bcc",
  "cc",
  "date",
  "dkim-signature",
  "domainkey-signature",
  "from",
  "message-id",
  "mime-version",
  "received",
  "reply-to",
  "return-path",
  "sender",
  "subject",
  "to",
])

// RFC 5322 3.6.8: printable ASCII without the colon.
const fieldName = /^[!-9;-~]{1,76}$/
const messageIdForm = /^<[!-;=?A-~]{1,240}@[!-;=?A-~]{1,255}>$/

/** One header line: its name and its one-line value. */
export interface HeaderField {
  key: string
  value: string
}

const refuse = (path: string, reason: string): InvalidInput =>
  new InvalidInput({
    code: "invalid-header",
    retryable: false,
    issues: [{ path, message: reason }],
    message: `The message is refused: ${path}: ${reason}.`,
  })

const checkLine = (path: string, value: unknown): void => {
  if (typeof value !== "string") throw refuse(path, "must be text")
  if (controlCharacters.test(value)) throw refuse(path, "control characters and line breaks are not allowed")
}

const checkCustom = (name: string, value: unknown, hasListUnsubscribe: boolean): void => {
  const path = `headers.${JSON.stringify(name)}`
  if (!fieldName.test(name)) throw refuse(path, "is not a header name (RFC 5322)")
  const lower = name.toLowerCase()
  if (reserved.has(lower) || /^(content|resent|arc)-/.test(lower))
    throw refuse(path, "is set by sendstate and cannot be a custom header")
  if (hasListUnsubscribe && /^list-unsubscribe(-post)?$/.test(lower))
    throw refuse(path, "is set from listUnsubscribe; give one of the two")
  checkLine(path, value)
}

/**
 * The headers beside the standard ones, in a fixed order: the custom ones, then List-Unsubscribe (RFC 2369) and
 * List-Unsubscribe-Post (RFC 8058).
 *
 * @throws InvalidInput with code `invalid-header` for whatever could add a header, a recipient or a second meaning.
 */
export const headerFields = (message: Message): Array<HeaderField> => {
  if (!messageIdForm.test(message.messageId)) throw refuse("messageId", "must look like <id@domain>")
  checkLine("subject", message.subject)
  for (const mailbox of [message.from, message.to, message.replyTo])
    if (mailbox?.name !== undefined) checkDisplayName(mailbox.name)
  const custom = Object.entries(message.headers).map(([key, value]) => {
    checkCustom(key, value, message.listUnsubscribe !== undefined)
    return { key, value }
  })
  return [...custom, ...listFields(message)]
}

const listFields = ({ listUnsubscribe }: Message): Array<HeaderField> => {
  if (listUnsubscribe === undefined || listUnsubscribe.urls.length === 0) return []
  const urls = listUnsubscribe.urls.map((text, index) => {
    const url = controlCharacters.test(text) ? null : URL.parse(text)
    if (url === null || !/^(https?|mailto):$/.test(url.protocol) || /[<>\s]/.test(url.href))
      throw refuse(`listUnsubscribe.urls.${index}`, "must be an https, http or mailto URL")
    return url
  })
  const list = { key: "List-Unsubscribe", value: urls.map((url) => `<${url.href}>`).join(", ") }
  if (!listUnsubscribe.oneClick) return [list]
  if (!urls.some((url) => url.protocol === "https:"))
    throw refuse("listUnsubscribe.urls", "one click needs an https URL (RFC 8058)")
  return [list, { key: "List-Unsubscribe-Post", value: "List-Unsubscribe=One-Click" }]
}
