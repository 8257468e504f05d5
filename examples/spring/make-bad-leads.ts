/**
 * Writes leads-bad.csv: what hostile and careless lists hold, between good rows. A run lists each bad row with its line and
 * reason, and mails the good ones.
 *
 *   node examples/spring/make-bad-leads.ts
 */
import { writeFileSync } from "node:fs"
import { toCsv } from "./write-csv.ts"

const header = "email,name,firstName,lastName,phone,timeZone,locale,status,company,plan,signupDate,balance".split(",")

const lead = (email: string, fields: Readonly<Record<string, string>> = {}): ReadonlyArray<string> =>
  header.map((column) => (column === "email" ? email : (fields[column] ?? "")))

let count = 0
/** A row that is fine; it must be mailed whatever stands around it. */
const good = (name: string): ReadonlyArray<string> => {
  count += 1
  return lead(`good${count}@mail.test`, {
    name,
    firstName: name.split(" ")[0] ?? "",
    timeZone: "Europe/Paris",
    locale: "fr-FR",
  })
}

const longLabel = "l".repeat(64)
const longDomain = `${Array.from({ length: 8 }, (_, index) => `${index}`.repeat(40)).join(".")}.test`

const addresses = [
  // Recipient injection: nodemailer 10.6 delivers the first one to evil@evil.test only.
  "victim@mail.test\r\nBcc: evil@evil.test",
  "victim@mail.test\nRCPT TO:<evil@evil.test>",
  "victim@mail.test, evil@evil.test",
  "victim@mail.test;evil@evil.test",
  "friends: victim@mail.test, evil@evil.test;",
  "victim@mail.test>,<evil@evil.test",
  "<victim@mail.test>",
  "Victim <victim@mail.test>",
  "victim(comment)@mail.test",
  '"victim"@mail.test',
  '"a b"@mail.test',
  "victim@mail.test\u2028evil@evil.test",
  "victim@mail.test\u0000",
  "vic\ttim@mail.test",
  // Limits and grammar of addresses (RFC 5321 4.5.3.1).
  `${"a".repeat(65)}@mail.test`,
  `${"ä".repeat(33)}@mail.test`,
  `victim@${longLabel}.test`,
  `victim@${longDomain}`,
  "victim@mail..test",
  ".victim@mail.test",
  "victim.@mail.test",
  "vic..tim@mail.test",
  "victim@-mail.test",
  "victim@mail_.test",
  "victim@localhost",
  "victim@[192.0.2.1]",
  "victim@192.0.2.1",
  "victim@xn--a-ecp.ru-.test",
  "victim.mail.test",
  "@mail.test",
  "victim@",
  "",
]

const fields: ReadonlyArray<Readonly<Record<string, string>>> = [
  { name: "Ann\r\nBcc: evil@evil.test" },
  { name: "Ann\u0007" },
  { name: "Ann\u2028Example" },
  { timeZone: "Mars/Olympus_Mons" },
  { timeZone: "GMT+25" },
  { locale: "klingon_not_a_tag!" },
]

/** Each spelling is the same mailbox as the row before it. */
const duplicates = [
  lead("twice@mail.test", { name: "First Spelling" }),
  lead("Twice@MAIL.test", { name: "Other Case" }),
  lead("zweimal@bücher.test", { name: "As Unicode" }),
  lead("zweimal@xn--bcher-kva.test", { name: "As A-Label" }),
  lead("zweimal@BÜCHER.test", { name: "As Capitals" }),
]

const ragged = [
  ["short@mail.test", "Too Few"],
  [...lead("long@mail.test", { name: "Too Many" }), "one", "two"],
]

const names = [
  "Chloé Lefèvre",
  "Loïc Moreau",
  "Anaïs Garçon",
  "Noël Béranger",
  "Hélène D’Aubigné",
  "François Petit",
  "Zoé Blanc",
  "Léa Roux",
]
const nextGood = (): ReadonlyArray<string> => good(names[count % names.length] ?? "Ann Example")

const rows: Array<ReadonlyArray<string>> = [nextGood()]
addresses.forEach((email, index) => {
  rows.push(lead(email, { name: `Bad Address ${index + 1}` }))
  if (index % 4 === 3) rows.push(nextGood())
})
fields.forEach((values, index) => {
  rows.push(lead(`field${index + 1}@mail.test`, values))
})
rows.push(nextGood(), ...duplicates)
for (const row of ragged) rows.push(row, nextGood())

writeFileSync(new URL("leads-bad.csv", import.meta.url), toCsv([header, ...rows]))
