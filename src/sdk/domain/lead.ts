import * as z from "zod"
import { addressKey, checkDisplayName, parseAddress } from "./address.ts"
import { controlCharacters } from "./control-characters.ts"
import { jsonData } from "./json-data.ts"

/** A JSON value. */
export type Json = string | number | boolean | null | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** A person to mail, as stored. */
export interface Lead {
  /** Unique within the storage; default: the normalised address. */
  readonly id: string
  /** Parsed and normalised: one mailbox, domain as A-label. */
  readonly email: string
  readonly name?: string
  readonly phone?: string
  /** IANA name. */
  readonly timeZone?: string
  /** BCP 47 tag. */
  readonly locale?: string
  /** The host's own word, for example `new`. */
  readonly status?: string
  /** Everything else: variables for templates. */
  readonly data?: { readonly [key: string]: Json }
}

/** A lead as users give it. */
export interface LeadInput {
  readonly id?: string | undefined
  readonly email: string
  readonly name?: string | undefined
  readonly phone?: string | undefined
  readonly timeZone?: string | undefined
  readonly locale?: string | undefined
  readonly status?: string | undefined
  readonly data?: { readonly [key: string]: Json } | undefined
}

const checked = (check: (text: string) => string) =>
  z.string().transform((text, context) => {
    try {
      return check(text)
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) })
      return z.NEVER
    }
  })

// Intl throws RangeError for what it does not know; asking it once per distinct value keeps a million leads cheap.
const known = (probe: (value: string) => void) => {
  const seen = new Map<string, boolean>()
  return (value: string): boolean => {
    const cached = seen.get(value)
    if (cached !== undefined) return cached
    let ok = true
    try {
      probe(value)
    } catch {
      ok = false
    }
    if (seen.size < 10_000) seen.set(value, ok)
    return ok
  }
}

/** Whether this is an IANA time zone that the running Node knows. */
export const isTimeZone = known((value) => void new Intl.DateTimeFormat("en", { timeZone: value }))

/** Whether this is a well-formed BCP 47 language tag. */
export const isLocale = known((value) => void new Intl.Locale(value))

const noControls = (what: string) =>
  z
    .string()
    .max(1_000)
    .refine((text) => !controlCharacters.test(text), { message: `the ${what} holds control characters` })

/** Checks a lead and normalises its address; refuses everything in the hazard list (see docs/security). */
export const leadSchema = z
  .strictObject({
    // Halves of surrogate pairs are all the same in UTF-8: two leads would become one in a store.
    id: noControls("id")
      .min(1)
      .max(320)
      .refine((id) => id.isWellFormed(), { message: "the id is no well-formed Unicode" })
      .optional(),
    email: checked(parseAddress),
    name: checked(checkDisplayName).optional(),
    phone: noControls("phone").optional(),
    timeZone: z
      .string()
      .refine(isTimeZone, { message: "no time zone that is known here; use an IANA name like Europe/Paris" })
      .optional(),
    locale: z.string().refine(isLocale, { message: "no language tag; write for example de or pt-BR" }).optional(),
    status: noControls("status").optional(),
    data: jsonData.optional(),
  })
  .transform((input): Lead => {
    const lead: Record<string, unknown> = { id: input.id ?? addressKey(input.email) }
    for (const [key, value] of Object.entries(input)) if (value !== undefined && key !== "id") lead[key] = value
    return lead as unknown as Lead
  })
