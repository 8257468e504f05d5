import type { Message } from "../../sdk/index.ts"
import { checkLinks } from "./link-check.ts"
import type { Finding } from "./warnings.ts"

/** Gmail shows no more of a mail's HTML than this, bytes. */
const clippedAt = 102 * 1_024

/** What many servers take, bytes as encoded. */
const largeMail = 10 * 1_048_576

/** What most lists of mails show of a subject, characters. */
const shownSubject = 70

/** Longest header line (RFC 5322 2.1.1), without what stands before the value. */
const longestHeader = 900

const leftOver = /\{\{|\}\}|\[object Object\]|\*\|[A-Z_:]+\|\*|%%[A-Za-z_]+%%/

const kilobytes = (bytes: number): number => Math.ceil(bytes / 1_024)

const checkSubject = (subject: string): ReadonlyArray<Finding> => [
  ...([...subject].length > shownSubject
    ? [
        {
          code: "subject-long",
          message: `The subject has ${[...subject].length} characters; most programs show ${shownSubject} or fewer.`,
        },
      ]
    : []),
  ...(/^(re|fwd?|aw|wg|antw)\s*:/i.test(subject)
    ? [{ code: "subject-reply", message: "The subject looks like an answer, which it is not: filters count that." }]
    : []),
]

const checkSize = ({ html = "", text, attachments }: Message): ReadonlyArray<Finding> => {
  const bytes = Buffer.byteLength(html)
  // Base64 and its line ends.
  const files = attachments.reduce((sum, { content }) => sum + content.byteLength, 0) * 1.37
  const whole = bytes + Buffer.byteLength(text) + files
  return [
    ...(bytes > clippedAt
      ? [
          {
            code: "html-clipped",
            message: `The HTML has ${kilobytes(bytes)} KB: Gmail cuts it at ${kilobytes(clippedAt)} KB, and hides what follows, the link to unsubscribe too.`,
          },
        ]
      : []),
    ...(whole > largeMail
      ? [{ code: "mail-large", message: `The mail has ${kilobytes(whole)} KB: many servers refuse it.` }]
      : []),
  ]
}

// As a template writes an address into HTML.
const shown = (text: string): string =>
  text
    .replace(/&amp;/g, "&")
    .replace(/&#x3D;/gi, "=")
    .replace(/&#x27;/gi, "'")

const checkUnsubscribe = ({ listUnsubscribe, html = "", text }: Message): ReadonlyArray<Finding> => {
  const url = listUnsubscribe?.urls[0]
  if (url === undefined) return []
  const isThere = text.includes(url) || shown(html).includes(url)
  return [
    ...(isThere
      ? []
      : [
          {
            code: "unsubscribe-not-shown",
            message: "The mail itself has no link to unsubscribe: put {{unsubscribeUrl}} into the template.",
          },
        ]),
    ...(url.length > longestHeader
      ? [{ code: "header-long", message: "The address to unsubscribe is too long for a header line." }]
      : []),
  ]
}

const checkHeaders = ({ headers }: Message): ReadonlyArray<Finding> =>
  Object.values(headers).every((value) => /^[\t\x20-\x7e]*$/.test(value))
    ? []
    : [
        {
          code: "header-not-ascii",
          message: "A header of your own is not ASCII: it is encoded, and programs may not read it.",
        },
      ]

/** What may keep one mail from being read. */
export const checkMail = (message: Message): ReadonlyArray<Finding> => [
  ...checkSubject(message.subject),
  ...checkSize(message),
  ...checkHeaders(message),
  ...checkUnsubscribe(message),
  ...(message.text.trim() === ""
    ? [{ code: "text-empty", message: "The text part is empty: filters count that, and some readers see nothing." }]
    : []),
  ...([message.subject, message.text, message.html ?? ""].some((part) => leftOver.test(part))
    ? [
        {
          code: "placeholder-left",
          message: "A placeholder was not filled in: {{...}}, *|...|*, %%...%% or [object Object].",
        },
      ]
    : []),
  ...checkLinks(message.html ?? ""),
]
