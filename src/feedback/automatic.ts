import type { InboundMessage } from "./inbound-message.ts"

/** What tells a program's mail from a person's. */
export type MessageMarks = Pick<InboundMessage, "headers" | "from" | "parts">

const robots = /^(mailer-daemon|postmaster|bounces?|no[-._]?reply|do[-._]?not[-._]?reply)([+=-][^@]*)?@/i

/** Whether nobody reads what is sent to this address: `mailer-daemon`, `postmaster`, `no-reply`. */
const isRobot = (address: string): boolean => robots.test(address.trim())

/**
 * Whether a program wrote it: vacation notices, receipts, reports, lists (RFC 3834, RFC 8098, RFC 2919), and what comes from
 * an address that nobody reads. Neither a reply nor a bounce.
 */
export const isAutomatic = ({ headers, from, parts }: MessageMarks): boolean =>
  !/^\s*(no\b|$)/i.test(headers["auto-submitted"] ?? "") ||
  /^\s*(auto_reply|bulk|junk|list)\s*$/i.test(headers.precedence ?? "") ||
  headers["x-autoreply"] !== undefined ||
  headers["x-autorespond"] !== undefined ||
  headers["list-id"] !== undefined ||
  /^\s*<\s*>\s*$/.test(headers["return-path"] ?? "") ||
  /^\s*multipart\/report\b/i.test(headers["content-type"] ?? "") ||
  isRobot(from) ||
  parts.some(({ contentType }) =>
    /^message\/(disposition-notification|(global-)?delivery-status|feedback-report)$/.test(contentType),
  )
