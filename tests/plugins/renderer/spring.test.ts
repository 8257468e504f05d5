import { readFile } from "node:fs/promises"
import { parse as parseCsv } from "csv-parse/sync"
import { mjml } from "sendstate/renderer/mjml"
import { defineCampaign, InvalidInput, leadSchema, parse } from "sendstate/sdk"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { parse as parseYaml } from "yaml"
import { now } from "./compile-template.ts"

type Row = Readonly<Record<string, string>>

const spring = (file: string): URL => new URL(`../../../examples/spring/${file}`, import.meta.url)
const renderer = mjml({ directory: spring("templates").pathname })
const { signal } = new AbortController()
let variables: Readonly<Record<string, unknown>> = {}
let leads: ReadonlyArray<Row> = []

beforeAll(async () => {
  variables = parseYaml(await readFile(spring("campaign.yaml"), "utf8")).variables
  leads = parseCsv(await readFile(spring("leads.csv")), { columns: true })
})
afterAll(() => renderer.close?.())

const unsubscribeUrl = (row: Row): string =>
  `https://acme.example/unsubscribe?list=spring&lead=${encodeURIComponent(row.email ?? "")}`

const inputFor = (row: Row) => {
  const firstName = row.firstName || row.name?.split(" ")[0]
  return {
    variables: {
      ...variables,
      ...row,
      firstName,
      lead: { ...row, id: row.email },
      campaign: { id: "spring" },
      unsubscribeUrl: unsubscribeUrl(row),
    },
    locale: row.locale || "en",
    timeZone: row.timeZone || "Europe/Berlin",
    now,
  }
}

const template = async (name: string) => {
  const compiled = await renderer.compile(await renderer.load(name, { signal }), { signal })
  const stored = JSON.parse(JSON.stringify(compiled))
  expect(stored).toEqual(compiled)
  return { direct: renderer.prepare(compiled), stored: renderer.prepare(stored) }
}

describe.each(["hello", "nudge", "last-call"])("the spring mail %s", (name) => {
  test("renders for each of the 1,000 leads, the same from memory and from a store", async () => {
    const { direct, stored } = await template(name)
    expect(leads).toHaveLength(1_000)
    for (const row of leads) {
      const mail = stored.render(inputFor(row))
      expect(direct.render(inputFor(row))).toEqual(mail)
      expect(mail.html).not.toMatch(/\{\{|hbtag|undefined|\[object/)
      expect(mail.text).not.toMatch(/\{\{|hbtag|undefined|\[object|\n\n\n/)
      const link = unsubscribeUrl(row)
      // Handlebars escapes more in HTML than it must.
      expect(mail.html?.replaceAll("&#x3D;", "=").replaceAll("&amp;", "&")).toContain(`href="${link}"`)
      expect(mail.text).toContain(`<${link}>`)
      if (row.firstName && name !== "last-call") expect(mail.subject).toContain(row.firstName)
      // Gmail shows the first 102 KB of a mail.
      expect(mail.html?.length).toBeLessThan(40_000)
    }
  })
})

test("a German lead gets the German variant with German numbers, an Egyptian one English throughout", async () => {
  const { stored } = await template("nudge")
  const row = { email: "a@mail.test", name: "Änne Groß", balance: "1234.5", company: "", plan: "pro" }
  const german = stored.render(inputFor({ ...row, locale: "de-AT" }))
  expect(german.subject).toBe("€ 1.234,50 Guthaben warten, Änne".replace("€ 1", "€\u00a01"))
  expect(german.text).toMatchInlineSnapshot(`
    "acme.garden

    Ihr Frühlingsguthaben, Änne

    € 1.234,50

    gültig bis 31. Mai 2026

    Mit Pro zählt es bei Saatgut und Werkzeug doppelt.

    Guthaben nutzen <https://app.acme.example/credit?lead=a@mail.test>

    Ann von Acme

    Sie erhalten diese E-Mail, weil Sie Acme Garden nutzen. Fragen? Antworten Sie einfach.

    Abmelden <https://acme.example/unsubscribe?list=spring&lead=a%40mail.test>  ·  Acme Garden Software, 12 Orchard Lane, 10115 Berlin
    "
  `)
  expect(stored.render(inputFor({ ...row, locale: "ar-EG" })).subject).toBe("€1,234.50 of credit is waiting, Änne")
})

describe("the lists", () => {
  test("leads.csv holds 1,000 acceptable leads, each once, in reserved domains", () => {
    const ids = new Set(leads.map((row) => checked(row).id))
    expect(ids.size).toBe(1_000)
    expect(leads.every((row) => /\.(?:test|example)$/.test(row.email ?? ""))).toBe(true)
    const all = leads.map((row) => Object.values(row).join()).join()
    for (const script of [/\p{Script=Arabic}/u, /\p{Script=Hebrew}/u, /\p{Script=Han}/u, /"/, /\+garden@/, /@bücher/])
      expect(all).toMatch(script)
  })

  test("leads-bad.csv holds good rows, and bad ones that are all refused or duplicates", async () => {
    const rows: ReadonlyArray<Row> = parseCsv(await readFile(spring("leads-bad.csv")), {
      columns: true,
      skip_records_with_error: true,
    })
    const results = rows.map((row) => ({ row, error: problemOf(row) }))
    const good = results.filter(({ row }) => /^(?:good|twice|zweimal)/i.test(row.email ?? ""))
    expect(good).toHaveLength(17)
    expect(good.filter(({ error }) => error !== undefined)).toEqual([])
    const bad = results.filter((result) => !good.includes(result))
    expect(bad).toHaveLength(38)
    expect(bad.filter(({ error }) => !(error instanceof InvalidInput))).toEqual([])
    const ids = good.map(({ row }) => checked(row).id)
    expect(new Set(ids).size).toBe(ids.length - 3)
  })
})

test("campaign.yaml is a campaign", async () => {
  const { templates, ...campaign } = parseYaml(await readFile(spring("campaign.yaml"), "utf8"))
  expect(templates).toBe("templates")
  expect(defineCampaign(campaign).steps.map((step) => step.template)).toEqual(["hello", "nudge", "last-call"])
})

function checked(row: Row) {
  const given = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== ""))
  const { email = "", name, phone, timeZone, locale, status, ...data } = given
  return parse(leadSchema, { email, name, phone, timeZone, locale, status, data }, "The lead")
}

function problemOf(row: Row): unknown {
  try {
    checked(row)
  } catch (error) {
    return error
  }
  return undefined
}
