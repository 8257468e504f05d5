import * as fc from "fast-check"
import type { Json, LeadInput } from "sendstate/sdk"

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,15}$/)

/** Addresses that are accepted: plain, tagged, with dots, and of internationalised domains. */
export const anyAddress: fc.Arbitrary<string> = fc
  .tuple(
    word,
    fc.option(word, { nil: undefined }),
    fc.oneof(word, fc.constantFrom("münchen", "例え", "x-y")),
    fc.constantFrom("test", "example", "invalid"),
  )
  .map(([local, tag, domain, top]) => `${local}${tag === undefined ? "" : `+${tag}`}@${domain}.${top}`)

const name = fc
  .oneof(
    fc.string({ unit: fc.constantFrom(..."abcÄßçé李たש ء'-".split("")), minLength: 1, maxLength: 30 }),
    fc.constantFrom("Ann", "Ann Example", "李 小龍", "O'Neill"),
  )
  .filter((text) => text.trim() !== "")

const data: fc.Arbitrary<{ readonly [key: string]: Json }> = fc.dictionary(
  word,
  fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.string(), { maxLength: 3 })),
  { maxKeys: 5 },
)

/** Leads that are accepted; they shrink to an address alone. */
export const anyLead: fc.Arbitrary<LeadInput> = fc.record(
  {
    email: anyAddress,
    name,
    timeZone: fc.constantFrom("UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Apia"),
    locale: fc.constantFrom("en", "de", "pt-BR", "zh-Hant"),
    status: fc.constantFrom("new", "open", "won"),
    data,
  },
  { requiredKeys: ["email"] },
)

/** Leads whose addresses all differ. */
export const anyLeads = (
  limits: { readonly minLength?: number; readonly maxLength?: number } = {},
): fc.Arbitrary<ReadonlyArray<LeadInput>> =>
  fc.uniqueArray(anyLead, { maxLength: 20, ...limits, selector: ({ email }) => email.toLowerCase() })
