import { domainToASCII } from "node:url"
import { InvalidInput } from "../errors.ts"
import { controlCharacters } from "./control-characters.ts"

/** One mailbox: what a person sees and where mail goes. Never a list, never a group. */
export interface Mailbox {
  /** Display name, any Unicode text without control characters; absent when there is none. */
  readonly name?: string
  /** `local@domain`: the domain lower-case as A-label (IDNA), the local part as given. */
  readonly address: string
}

const refuse = (reason: string): InvalidInput =>
  new InvalidInput({
    code: "invalid-address",
    retryable: false,
    issues: [{ path: "email", message: reason }],
    message: `The address is refused: ${reason}. Give exactly one mailbox, like ann@acme.test.`,
  })

// Half a surrogate pair changes on the wire; an invisible character makes one person two. The two joiners are letters of
// some scripts.
const invisible = /\p{Cs}|(?![\u200c\u200d])\p{Cf}/u
const atom = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\u{10ffff}-]+$/u
const label = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/

const checkLocalPart = (local: string): void => {
  if (local === "") throw refuse("the part before the @ is empty")
  if (Buffer.byteLength(local) > 64) throw refuse("the part before the @ is longer than 64 octets")
  if (local.startsWith('"')) throw refuse("quoted local parts are not supported")
  for (const part of local.split("."))
    if (!atom.test(part))
      throw refuse(part === "" ? "two dots in a row, or a dot at an end" : "a character is not allowed before the @")
}

const asciiDomain = (domain: string): string => {
  if (domain.startsWith("[")) throw refuse("address literals like [192.0.2.1] are not allowed")
  if (/[^a-z0-9.\u00a1-\u{10ffff}-]/iu.test(domain)) throw refuse("a character is not allowed after the @")
  const ascii = domainToASCII(domain.normalize("NFC"))
  if (ascii === "") throw refuse("the domain is not a valid internationalised name")
  if (ascii.length > 255) throw refuse("the domain is longer than 255 octets")
  const labels = ascii.split(".")
  if (labels.length < 2) throw refuse("the domain needs a dot")
  for (const part of labels)
    if (!label.test(part))
      throw refuse(part === "" ? "two dots in a row, or a dot at an end" : "a domain label is not valid")
  if (/^\d+$/.test(labels.at(-1) ?? "")) throw refuse("an IP address is not a mail domain")
  return ascii
}

/**
 * The address in the one form that sendstate stores and sends: local part as given, domain lower-case and as A-label.
 *
 * Strict on purpose (SMTP injection): lists, groups, comments, quoted local parts, address literals and control
 * characters are refused, not cleaned. Limits: local part 64 octets, label 63, domain 255 (RFC 5321 4.5.3.1).
 *
 * @throws InvalidInput with code `invalid-address` and the reason.
 */
export const parseAddress = (text: string): string => {
  if (controlCharacters.test(text)) throw refuse("control characters and line breaks are not allowed")
  if (invisible.test(text)) throw refuse("invisible characters are not allowed")
  if (/[,;:<>()[\]\\\s]/.test(text.replace(/@\[.*$/, "@")))
    throw refuse("lists, groups, comments, angle brackets and spaces are not allowed")
  const at = text.lastIndexOf("@")
  if (at < 0) throw refuse("the @ is missing")
  const local = text.slice(0, at)
  checkLocalPart(local)
  return `${local}@${asciiDomain(text.slice(at + 1))}`
}

/**
 * The key under which two spellings of one mailbox are the same person: lower-case, Unicode NFC.
 *
 * Local parts are case-sensitive by the letter of RFC 5321 and by no mailbox provider in use.
 */
export const addressKey = (address: string): string => address.normalize("NFC").toLowerCase()

/** The domain of a parsed address. */
export const domainOf = (address: string): string => address.slice(address.lastIndexOf("@") + 1)

/**
 * A mailbox from `Ann <ann@acme.test>`, `"Ann, Sales" <ann@acme.test>` or `ann@acme.test`.
 *
 * For addresses that a campaign's author writes (from, replyTo); a lead's `email` is an address alone.
 *
 * @throws InvalidInput with code `invalid-address`.
 */
export const parseMailbox = (text: string): Mailbox => {
  if (controlCharacters.test(text)) throw refuse("control characters and line breaks are not allowed")
  // The pattern takes more than linear time on runs of spaces.
  if (text.length > 1_000) throw refuse("a mailbox has at most 1,000 characters")
  const mailbox = text.trim()
  const match = /^(?:"((?:[^"\\]|\\.)*)"|([^"<>,;:()[\]\\@]*?))\s*<([^<>]*)>$/u.exec(mailbox)
  if (match === null) return { address: parseAddress(mailbox) }
  const name = (match[1]?.replace(/\\(.)/g, "$1") ?? match[2] ?? "").trim()
  const address = parseAddress((match[3] ?? "").trim())
  return name === "" ? { address } : { name, address }
}

/**
 * A display name that is safe in a header.
 *
 * @throws InvalidInput when it holds control characters or is longer than 500 characters.
 */
export const checkDisplayName = (name: string): string => {
  if (controlCharacters.test(name)) throw refuse("the name holds control characters or line breaks")
  if (name.length > 500) throw refuse("the name is longer than 500 characters")
  return name
}
