import type { LeadInput } from "sendstate/sdk"
import { chance, pick } from "./chance.ts"

interface Place {
  readonly locale: string
  readonly zones: readonly [string, ...string[]]
  readonly first: readonly [string, ...string[]]
  readonly last: readonly [string, ...string[]]
}

const places: readonly [Place, ...Place[]] = [
  {
    locale: "en-US",
    zones: ["America/New_York", "America/Chicago", "America/Los_Angeles"],
    first: ["Grace", "Liam", "Ava", "Noah", "Maya"],
    last: ["O'Connor", "Johnson", "Lee", "Ramirez"],
  },
  {
    locale: "en-GB",
    zones: ["Europe/London"],
    first: ["Isla", "Oliver", "Freya"],
    last: ["Hughes", "Smith-Jones", "Clarke"],
  },
  {
    locale: "de-DE",
    zones: ["Europe/Berlin"],
    first: ["Jürgen", "Änne", "Zoë", "Sören"],
    last: ["Müller", "Groß", "Köhler", "von der Tann"],
  },
  {
    locale: "fr-FR",
    zones: ["Europe/Paris", "America/Martinique"],
    first: ["Chloé", "François", "Anaïs"],
    last: ["Lefèvre", "Garçon", "D’Aubigné"],
  },
  {
    locale: "pl-PL",
    zones: ["Europe/Warsaw"],
    first: ["Łukasz", "Małgorzata"],
    last: ["Wiśniewski", "Dąbrowska"],
  },
  { locale: "el-GR", zones: ["Europe/Athens"], first: ["Ελένη", "Νίκος"], last: ["Παπαδόπουλος", "Οικονόμου"] },
  { locale: "uk-UA", zones: ["Europe/Kyiv"], first: ["Олена", "Андрій"], last: ["Шевченко", "Коваленко"] },
  { locale: "he-IL", zones: ["Asia/Jerusalem"], first: ["נועה", "דוד"], last: ["כהן", "לוי"] },
  { locale: "ar-EG", zones: ["Africa/Cairo"], first: ["فاطمة", "يوسف"], last: ["منصور", "خليل"] },
  { locale: "ja-JP", zones: ["Asia/Tokyo"], first: ["さくら", "蓮"], last: ["佐藤", "渡辺"] },
  { locale: "hi-IN", zones: ["Asia/Kolkata"], first: ["अनन्या", "आरव"], last: ["शर्मा", "पटेल"] },
  {
    locale: "pt-BR",
    zones: ["America/Sao_Paulo", "America/Manaus"],
    first: ["João", "Thaís"],
    last: ["Araújo", "Simões"],
  },
]

const companies = ["Kestrel & Sons", "Blue Door Bakery", "Nørd ApS", "Müller <GmbH>", "“Paper” Works"] as const
const domains = ["mail.example", "post.test", "bücher.example", "gärtner.test", "日本語.example"] as const
const firstTrialEnd = Date.UTC(2027, 2, 1)
const dayMs = 86_400_000

const leadOf = (index: number): LeadInput => {
  const place = pick(places, "place", index)
  // One in fifty gave no name: templates have to cope.
  const name =
    chance("nameless", index) < 0.02
      ? undefined
      : `${pick(place.first, "first", index)} ${pick(place.last, "last", index)}`
  const company = chance("company", index) < 0.4 ? { company: pick(companies, "which company", index) } : {}
  const plan = pick(["solo", "team"], "plan", index)
  const seats = plan === "solo" ? 1 : 2 + Math.floor(chance("seats", index) * 3_000)
  const trialEnds = new Date(firstTrialEnd + Math.floor(chance("trial", index) * 60) * dayMs).toISOString().slice(0, 10)
  return {
    email: `person.${index}+ledger@${pick(domains, "domain", index)}`,
    name,
    locale: place.locale,
    timeZone: pick(place.zones, "zone", index),
    data: { plan, seats, trialEnds, price: seats * 7.5, ...company },
  }
}

/** So many invented people, the same in every run. Reserved domains only (RFC 2606). */
export function* leads(count: number): Generator<LeadInput, void, void> {
  for (let index = 1; index <= count; index += 1) yield leadOf(index)
}
