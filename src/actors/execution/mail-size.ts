import { RenderError, type RenderedMail } from "../../sdk/index.ts"

/** How large subject, HTML and text of one mail may be together, bytes: what no mail server takes. Attachments have a limit of their own. */
export const largestMailBytes = 26_214_400

const sizeOf = (part: string | undefined): number => {
  if (part === undefined) return 0
  // A text has at least one byte for each of its characters: a giant need not be read to be refused.
  return part.length > largestMailBytes ? part.length : Buffer.byteLength(part)
}

/**
 * Refuses what a renderer made too large, before any transport has to hold it. The project's own renderers stop long
 * before.
 *
 * @throws RenderError `mail-too-large`, for good: the same values make the same mail.
 */
export const refuseGiant = ({ subject, html, text }: RenderedMail, template: string): void => {
  const bytes = sizeOf(subject) + sizeOf(html) + sizeOf(text)
  if (bytes <= largestMailBytes) return
  throw new RenderError({
    template,
    code: "mail-too-large",
    retryable: false,
    issues: [],
    message: `The mail has more than ${largestMailBytes / 1_048_576} MB without its attachments. Make the template, or the values in it, smaller.`,
  })
}
