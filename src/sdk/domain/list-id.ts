import * as z from "zod"

// RFC 2919 2: a phrase of plain words, and a dot-atom in angle brackets.
const form = /^(?:([A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]{1,200}?) *<([^<>]+)>|([^<>]+))$/
const atom = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+$/

const isListId = (text: string): boolean => {
  const parts = text.split(".")
  return text.length <= 255 && parts.length >= 2 && parts.every((part) => atom.test(part))
}

/** A List-ID (RFC 2919): `news.acme.test` or `Garden news <news.acme.test>`; becomes the header's value. */
export const listIdSchema = z.string().transform((text, context) => {
  const match = form.exec(text.trim())
  const id = match?.[2] ?? match?.[3] ?? ""
  if (isListId(id)) return `${match?.[1]?.trim() ?? ""} <${id}>`.trim()
  context.addIssue({
    code: "custom",
    message: "a List-ID is a name with at least one dot, like news.acme.test or Garden news <news.acme.test>",
  })
  return z.NEVER
})
