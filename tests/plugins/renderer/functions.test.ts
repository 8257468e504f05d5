import { handlebars } from "sendstate/renderer/handlebars"
import { afterAll, describe, expect, test } from "vitest"
import { compileError, html, now, rendered, renderFailure } from "./compile-template.ts"

const renderer = handlebars({ templates: {} })
afterAll(() => renderer.close?.())

/** What an expression writes into the text part. */
const text = async (expression: string, variables: Record<string, unknown> = {}, more = {}): Promise<string> =>
  (await rendered(renderer, html("x", { text: expression }), variables, more)).text.trimEnd().replaceAll(/\s/g, " ")

const failureOf = async (expression: string, variables: Record<string, unknown> = {}, more = {}) =>
  await renderFailure(renderer, html("x", { text: expression }), variables, more)

describe("date", () => {
  test.each([
    ["{{date now}}", "en", "UTC", "Mar 3, 2026"],
    ['{{date now "short"}}', "de", "UTC", "03.03.26"],
    ['{{date now "long"}}', "de-AT", "UTC", "3. März 2026"],
    ['{{date now "full"}}', "fr", "UTC", "mardi 3 mars 2026"],
    ['{{date now "time"}}', "en-GB", "Asia/Kathmandu", "16:00"],
    ['{{date now "datetime"}}', "en-US", "Pacific/Kiritimati", "Mar 4, 2026, 12:15 AM"],
    ['{{date now "long" "America/Los_Angeles" "es"}}', "en", "UTC", "3 de marzo de 2026"],
    ['{{date now format="short" zone="Asia/Tokyo" locale="ja"}}', "en", "UTC", "2026/03/03"],
  ])("%s in %s, %s is %s", async (expression, locale, timeZone, expected) => {
    expect(await text(expression, {}, { locale, timeZone })).toBe(expected)
  })

  test("takes the forms in which instants are written", async () => {
    for (const value of [now, String(now), "2026-03-03T10:15:00Z", "2026-03-03T11:15+01:00", new Date(now)])
      expect(await text('{{date at "datetime"}}', { at: value })).toBe("Mar 3, 2026, 10:15 AM")
  })

  test("a day is the same day in every zone", async () => {
    for (const timeZone of ["Pacific/Honolulu", "UTC", "Pacific/Kiritimati"])
      expect(await text("{{date day}}", { day: "2026-03-29" }, { timeZone })).toBe("Mar 29, 2026")
  })

  test("an instant in the hour that summer time skips is shown in the hour after it", async () => {
    expect(
      await text('{{date at "time"}}', { at: "2026-03-29T01:30:00Z" }, { timeZone: "Europe/Berlin", locale: "de" }),
    ).toBe("03:30")
  })

  test.each([
    ["{{date at}}", "2026-02-30"],
    ["{{date at}}", "2026-02-30T09:00:00Z"],
    ["{{date at}}", "2026-03-03T10:15"],
    ["{{date at}}", "3/3/2026"],
    ["{{date at}}", "soon"],
    ["{{date at}}", true],
    ['{{date at "shortish"}}', "2026-03-03"],
    ['{{date at "time"}}', "2026-03-03"],
    ['{{date at "long" "Mars/Olympus"}}', "2026-03-03T10:15:00Z"],
    ['{{date at locale="not a tag"}}', "2026-03-03"],
    ["{{date at}}", 9e15],
  ])("%s of %j names the function and the template", async (expression, at) => {
    const error = await failureOf(expression, { at })
    expect(error.code).toBe("bad-argument")
    expect(error.issues[0]?.path).toBe("date")
    expect(error.message).toMatch(/^Template "test" cannot be rendered: date: /)
  })

  test("a zone that the lead made up names the function", async () => {
    expect((await failureOf("{{date now}}", {}, { timeZone: "Mars/Olympus" })).code).toBe("bad-argument")
  })
})

describe("number and currency", () => {
  test.each([
    ["{{number n}}", "en", "1,234,567.891"],
    ["{{number n}}", "de", "1.234.567,891"],
    ["{{number n digits=1}}", "fr", "1 234 567,9"],
    ['{{currency n "EUR"}}', "de", "1.234.567,89 €"],
    ['{{currency n "jpy"}}', "ja", "¥1,234,568"],
    ['{{currency n "USD" digits=0 locale="en-US"}}', "de", "$1,234,568"],
    ["{{currency n code}}", "en", "€1,234,567.89"],
  ])("%s in %s is %s", async (expression, locale, expected) => {
    const result = await text(expression, { n: "1234567.891", code: "EUR" }, { locale })
    // Japanese writes its currency sign in full width.
    expect(result.normalize("NFKC")).toBe(expected)
  })

  test.each(["1,5", "1.234,5", "12 000", "1e3", "0x10", "twelve", "Infinity"])("%j is no number", async (n) => {
    const error = await failureOf("{{number n}}", { n })
    expect(error).toMatchObject({ code: "bad-argument", issues: [{ path: "number" }] })
  })

  test("an unknown currency and a silly number of digits are refused", async () => {
    expect((await failureOf('{{currency n "EURO"}}', { n: 1 })).code).toBe("bad-argument")
    expect((await failureOf('{{currency n "EUR" digits=99}}', { n: 1 })).code).toBe("bad-argument")
  })
})

describe("plural", () => {
  const polish = '{{plural n one="# dzień" few="# dni" many="# dni (many)" other="# dnia"}}'
  test.each([
    ['{{plural n one="# day" other="# days"}}', "en", 1, "1 day"],
    ['{{plural n one="# day" other="# days"}}', "en", 0, "0 days"],
    ['{{plural n one="# day" other="# days"}}', "en", "1200", "1,200 days"],
    ['{{plural n one="# jour" other="# jours"}}', "fr", 0, "0 jour"],
    [polish, "pl", 1, "1 dzień"],
    [polish, "pl", 3, "3 dni"],
    [polish, "pl", 5, "5 dni (many)"],
    [polish, "pl", 1.5, "1,5 dnia"],
    ['{{plural n other="$& # \\d"}}', "en", 2, "$& 2 \\d"],
    ['{{plural n two="both" other="#" locale="ar"}}', "en", 2, "both"],
  ])("%s in %s for %j is %s", async (expression, locale, n, expected) => {
    expect(await text(expression, { n }, { locale })).toBe(expected)
  })

  test("needs other=, which is seen when the template is compiled", async () => {
    const error = await compileError(renderer, html('{{plural n one="a"}}'))
    expect(error.message).toContain("plural needs other=")
  })

  test("refuses what is no number", async () => {
    expect((await failureOf('{{plural n other="#"}}', { n: "many" })).code).toBe("bad-argument")
  })
})

describe("default, eq and blocks", () => {
  test.each([
    ['{{default name "you"}}', {}, "you"],
    ['{{default name "you"}}', { name: "  " }, "you"],
    ['{{default name "you"}}', { name: "Ann" }, "Ann"],
    ['{{default nick name "you"}}', { name: "Ann" }, "Ann"],
    ['{{default n "none"}}', { n: 0 }, "0"],
    ['{{default b "none"}}', { b: false }, "false"],
    ['{{#if (eq plan "pro")}}a{{else if (eq plan "free")}}b{{else}}c{{/if}}', { plan: "free" }, "b"],
    ['{{#if (eq plan "pro")}}a{{else}}c{{/if}}', {}, "c"],
    ["{{#if (eq n 3)}}three{{/if}}", { n: "3" }, "three"],
    ["{{#unless name}}nobody{{/unless}}", {}, "nobody"],
    ["{{#each items}}{{@index}}{{#if @first}}!{{/if}}{{this}} {{/each}}", { items: ["a", "b"] }, "0!a 1b"],
    ["{{#each items as |item at|}}{{at}}{{item.n}}{{../name}} {{/each}}", { items: [{ n: 1 }], name: "x" }, "01x"],
    ["{{#each map}}{{@key}}={{this}} {{/each}}", { map: { a: 1, b: 2 } }, "a=1 b=2"],
    ["{{#each items}}x{{else}}none{{/each}}", {}, "none"],
    [
      "{{#with lead}}{{name}} {{@root.campaign.id}}{{/with}}",
      { lead: { name: "Ann" }, campaign: { id: "c" } },
      "Ann c",
    ],
  ])("%s with %j writes %s", async (expression, variables, expected) => {
    expect(await text(expression, variables)).toBe(expected)
  })

  test("a variable may have the name of a function", async () => {
    expect(await text("{{date}} {{number}} {{default}}", { date: "a", number: "b", default: "c" })).toBe("a b c")
  })

  test("wrong arguments are seen when the template is compiled", async () => {
    const error = await compileError(
      renderer,
      html('{{date}}{{currency x}}{{date x frmat="long"}}{{#if a b}}{{/if}}{{#eq a b}}{{/eq}}'),
    )
    expect(error.issues.map((issue) => issue.message.split(" ")[0])).toEqual(["currency", "date", "if", "#eq"])
  })
})
