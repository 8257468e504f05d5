/**
 * Writes leads.csv: 1,000 leads that are as untidy as real ones and the same on every machine.
 *
 *   node examples/spring/make-leads.ts
 *
 * Nobody here exists; all domains are reserved for tests (RFC 2606: .test and .example).
 */
import { writeFileSync } from "node:fs"
import { type Country, countries, domains } from "./people.ts"
import { toCsv } from "./write-csv.ts"

/** mulberry32: small, seeded, the same everywhere. */
const randomFrom = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const random = randomFrom(20_260_301)

const pick = <Value>(from: ReadonlyArray<Value>): Value => {
  const chosen = from[Math.floor(random() * from.length)]
  if (chosen === undefined) throw new RangeError("nothing to pick from")
  return chosen
}

const often = (share: number): boolean => random() < share

const companies = [
  "Acme Beds, Inc.",
  'The "Corner" Garden, Ltd.',
  "Müller, Söhne & Co. KG",
  "O'Leary's Orchards",
  "Pépinières de l'Étang",
  "Jardines <Sol> S.A.",
  "Ogród Marzeń sp. z o.o.",
  "みどり園芸株式会社",
  "شركة الحديقة الخضراء",
  "גני השרון בע״מ",
  "Rødgrøn & Fløde ApS",
  "100% Compost",
]

const day = (): string => {
  const [year, month, date] = [
    2019 + Math.floor(random() * 7),
    1 + Math.floor(random() * 12),
    1 + Math.floor(random() * 28),
  ]
  return `${year}-${String(month).padStart(2, "0")}-${String(date).padStart(2, "0")}`
}

const phone = (country: Country): string =>
  `${country.dial} ${100 + Math.floor(random() * 900)} 555 ${String(Math.floor(random() * 10_000)).padStart(4, "0")}`

const row = (index: number): ReadonlyArray<string> => {
  const country = pick(countries)
  const [first, firstLatin] = pick(country.first)
  const [last, lastLatin] = pick(country.last)
  const quotedName = often(0.02) ? `${first} "${firstLatin.slice(0, 3)}" ${last}` : undefined
  const listedName = often(0.02) ? `${last}, ${first}` : undefined
  const fullName = country.familyFirst ? `${last}${country.space}${first}` : `${first} ${last}`
  const plus = often(0.06) ? `+${pick(["garden", "news", "acme", "2026"])}` : ""
  const email = `${firstLatin}.${lastLatin}${index}${plus}@${pick(domains)}`.toLowerCase()
  // Some lists know a full name only, some nothing at all.
  const hasParts = often(0.8)
  const hasName = hasParts || often(0.8)
  return [
    email,
    hasName ? (quotedName ?? listedName ?? fullName) : "",
    hasParts ? first : "",
    hasParts ? last : "",
    often(0.4) ? phone(country) : "",
    often(0.85) ? pick(country.zones) : "",
    often(0.85) ? country.locale : "",
    pick(["new", "active", "active", "active", "trial"]),
    often(0.55) ? pick(companies) : "",
    pick(["free", "free", "starter", "pro", ""]),
    often(0.9) ? day() : "",
    often(0.75) ? (5 + random() * 95).toFixed(2) : "",
  ]
}

const header = "email,name,firstName,lastName,phone,timeZone,locale,status,company,plan,signupDate,balance".split(",")
const rows = Array.from({ length: 1_000 }, (_, index) => row(index + 1))

writeFileSync(new URL("leads.csv", import.meta.url), toCsv([header, ...rows]))
