import type { Mailbox } from "../domain/address.ts"

/** A file that travels with the mail. Bytes only: a path or URL is never followed. */
export interface Attachment {
  readonly filename: string
  readonly content: Uint8Array
  /** MIME type; default: from the file name. */
  readonly contentType?: string
  /** Set to refer to it from HTML as `cid:...`; it is then inline. */
  readonly contentId?: string
}

/** One mail to exactly one recipient, complete: what a transport gets. */
export interface Message {
  /** `<id@domain>`, derived from the execution: the same for all its attempts. */
  readonly messageId: string
  /** The `Date` header, epoch milliseconds, real time. */
  readonly date: number
  readonly from: Mailbox
  readonly to: Mailbox
  readonly replyTo?: Mailbox
  /** What is said at the wire; `from` is the bounce address and may differ from the header. */
  readonly envelope: { readonly from: string; readonly to: string }
  readonly subject: string
  readonly html?: string
  readonly text: string
  /** Further headers. Names follow RFC 5322; Bcc, To, From, DKIM-Signature, Content-Type and the like are refused before they get here. */
  readonly headers: Readonly<Record<string, string>>
  /** RFC 8058/2369: gives `List-Unsubscribe` and, with `oneClick`, `List-Unsubscribe-Post`. */
  readonly listUnsubscribe?: { readonly urls: ReadonlyArray<string>; readonly oneClick: boolean }
  readonly attachments: ReadonlyArray<Attachment>
}
