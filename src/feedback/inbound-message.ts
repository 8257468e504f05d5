import { contentHash, MissingDependency } from "../sdk/index.ts"

/** A part of a mail that is no text to read: an attachment, or a report's machine-readable half. */
export interface InboundPart {
  /** Lower case, without parameters. */
  readonly contentType: string
  readonly content: Uint8Array
}

/** A mail that came in, parsed; addresses bare. */
export interface InboundMessage {
  /** `<id@domain>`. */
  readonly messageId?: string
  readonly from: string
  readonly to: ReadonlyArray<string>
  readonly subject: string
  readonly inReplyTo?: string
  readonly references: ReadonlyArray<string>
  /** Epoch ms of its Date header. */
  readonly date?: number
  readonly text: string
  /** Lower-case names; of several with one name the first. */
  readonly headers: Readonly<Record<string, string>>
  readonly parts: ReadonlyArray<InboundPart>
}

/** What a mail is named by. */
export type NamedMessage = Pick<InboundMessage, "from" | "to" | "subject" | "text" | "parts"> & {
  readonly messageId?: string | undefined
  readonly date?: number | undefined
}

/** A name for the mail: its Message-ID, or what it is made of when it has none. The same for each copy of it. */
export const messageNameOf = ({ messageId, from, to, subject, date, text, parts }: NamedMessage): string =>
  messageId ??
  contentHash([
    from,
    to,
    subject,
    date ?? null,
    text,
    parts.map(({ content }) => Buffer.from(content).toString("base64")),
  ])

const load = async (): Promise<typeof import("mailparser")> => {
  try {
    return await import("mailparser")
  } catch (cause) {
    throw new MissingDependency({
      code: "missing-dependency",
      retryable: false,
      dependency: "mailparser",
      message: "Raw mail is parsed with mailparser, which cannot be loaded. Run: npm install mailparser",
      cause,
    })
  }
}

type Parsed = Awaited<ReturnType<typeof import("mailparser").simpleParser>>

const addressesOf = (field: Parsed["to"] | Parsed["from"]): ReadonlyArray<string> =>
  (field === undefined ? [] : Array.isArray(field) ? field : [field]).flatMap(({ value }) =>
    value.flatMap(({ address }) => (address === undefined || address === "" ? [] : [address])),
  )

const headersOf = (parsed: Parsed): Readonly<Record<string, string>> => {
  const headers: Record<string, string> = Object.create(null)
  for (const { key, line } of parsed.headerLines)
    headers[key] ??= line
      .slice(line.indexOf(":") + 1)
      .replace(/\r?\n[ \t]+/g, " ")
      .trim()
  return headers
}

// Reports and returned mails as parts of their own, not glued to the text; the types of mailparser do not know it yet.
const options = { skipTextToHtml: true, skipImageLinks: true, keepDeliveryStatus: true, ignoreEmbedded: true }

/**
 * A raw mail (RFC 5322), parsed. Nothing in it is followed, run or rendered.
 *
 * @throws MissingDependency without `mailparser`.
 */
export const parseInbound = async (raw: Uint8Array | string): Promise<InboundMessage> => {
  const { simpleParser } = await load()
  const parsed = await simpleParser(typeof raw === "string" ? raw : Buffer.from(raw), options)
  const { messageId, inReplyTo, references, date } = parsed
  return {
    ...(messageId === undefined ? {} : { messageId }),
    from: addressesOf(parsed.from)[0] ?? "",
    to: addressesOf(parsed.to),
    subject: parsed.subject ?? "",
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    references: references === undefined ? [] : Array.isArray(references) ? references : [references],
    ...(date === undefined || Number.isNaN(date.getTime()) ? {} : { date: date.getTime() }),
    text: parsed.text ?? "",
    headers: headersOf(parsed),
    parts: parsed.attachments.map(({ contentType, content }) => ({
      contentType: contentType.toLowerCase(),
      content,
    })),
  }
}
