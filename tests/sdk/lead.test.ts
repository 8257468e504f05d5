import { isLocale, isTimeZone, type LeadInput, leadSchema, parse } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import { refusalOf, refusedFields } from "./refusal.ts"

const lead = (input: unknown) => parse(leadSchema, input, "The lead")
const email = "ann@acme.test"

describe("a lead", () => {
  test("is stored with its address normalised, and named by it", () => {
    expect(lead({ email: "Ann@BÜCHER.example" })).toEqual({
      id: "ann@xn--bcher-kva.example",
      email: "Ann@xn--bcher-kva.example",
    })
  })

  test("keeps its own id and every field", () => {
    const input: LeadInput = {
      id: "42",
      email,
      name: "Ann Bell",
      phone: "+49 30 1234",
      timeZone: "Europe/Paris",
      locale: "pt-BR",
      status: "new",
      data: { plan: "gold", seats: 3, trial: false, tags: ["a", { b: null }] },
    }
    expect(lead(input)).toEqual(input)
  })

  test("has no field for what was not given", () => {
    expect(Object.keys(lead({ email, name: undefined, data: undefined })).sort()).toEqual(["email", "id"])
  })

  test.each([
    ["email", { email: "b@y.test\r\nBcc: evil@z.test" }],
    ["email", { email: "Ann <ann@acme.test>" }],
    ["email", { email: 7 }],
    ["email", {}],
    ["id", { email, id: "" }],
    ["id", { email, id: "a\nb" }],
    ["id", { email, id: "a\u0085b" }],
    ["id", { email, id: "a\u2028b" }],
    ["id", { email, id: "x".repeat(321) }],
    ["id", { email, id: "\ud800" }],
    ["name", { email, name: "Ann\r\nBcc: evil@z.test" }],
    ["name", { email, name: "x".repeat(501) }],
    ["phone", { email, phone: "1\u0000" }],
    ["status", { email, status: "a\tb" }],
    ["timeZone", { email, timeZone: "Mars/Olympus" }],
    ["timeZone", { email, timeZone: "" }],
    ["locale", { email, locale: "de_DE" }],
    ["locale", { email, locale: "not a locale" }],
    ["locale", { email, locale: "" }],
    ["data", { email, data: [] }],
    ["data", { email, data: "x" }],
    ["data", { email, data: null }],
  ])("its %s is refused by name in %o", (field, input) => {
    expect(refusedFields(() => lead(input))).toEqual([field])
  })

  test("an unknown field is refused: a typo must not lose data", () => {
    expect(refusalOf(() => lead({ email, timezone: "UTC" })).message).toContain("timezone")
  })

  test("every wrong field is named at once", () => {
    expect(refusedFields(() => lead({ email: "b@y", timeZone: "Mars/Olympus", locale: "de_DE" }))).toEqual([
      "email",
      "timeZone",
      "locale",
    ])
  })
})

describe("a lead's data", () => {
  test.each([
    '{"__proto__": {"admin": true}}',
    '{"constructor": {"prototype": {}}}',
    '{"prototype": 1}',
    '{"a": {"b": [{"__proto__": 1}]}}',
    '{"a": [{"constructor": 1}]}',
  ])("%s is refused", (json) => {
    const data: unknown = JSON.parse(json)
    expect(refusedFields(() => lead({ email, data }))).toEqual(["data"])
    expect(Object.hasOwn(Object.prototype, "admin")).toBe(false)
  })

  test("a prototype key beside the fields is refused as well", () => {
    expect(() => lead(JSON.parse(`{"email": "${email}", "__proto__": {"name": "evil"}}`))).toThrow()
  })

  test("the words themselves are fine as values", () => {
    expect(lead({ email, data: { word: "__proto__" } })).toMatchObject({ data: { word: "__proto__" } })
  })

  test.each([
    ["a function", { f: () => 1 }],
    ["a symbol", { s: Symbol("s") }],
    ["a bigint", { n: 1n }],
    ["not a number", { n: Number.NaN }],
    ["an infinite number", { n: Number.POSITIVE_INFINITY }],
    ["a date", { at: new Date(0) }],
    ["a map", { m: new Map() }],
    ["bytes", { b: new Uint8Array(2) }],
    ["nothing at all", { u: undefined }],
  ])("%s is no JSON and is refused", (_, data) => {
    expect(() => lead({ email, data })).toThrow(/data/)
  })

  test("is refused when it is nested without end", () => {
    const loop: { self?: unknown } = {}
    loop.self = loop
    expect(refusedFields(() => lead({ email, data: loop }))).toEqual(["data"])
    const deep = (levels: number): object => (levels === 0 ? {} : { in: deep(levels - 1) })
    expect(() => lead({ email, data: deep(30) })).not.toThrow()
    expect(refusedFields(() => lead({ email, data: deep(40) }))).toEqual(["data"])
  })

  test("is a copy: what the caller changes afterwards does not change the lead", () => {
    const data = { plan: "gold" }
    const stored = lead({ email, data })
    data.plan = "none"
    expect(stored).toMatchObject({ data: { plan: "gold" } })
  })
})

describe("zones and locales", () => {
  test.each(["UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Asia/Kolkata"])("%s is a time zone", (zone) => {
    expect(isTimeZone(zone)).toBe(true)
    expect(isTimeZone(zone)).toBe(true)
  })

  test.each(["de", "pt-BR", "zh-Hant-TW", "ar"])("%s is a locale", (tag) => {
    expect(isLocale(tag)).toBe(true)
  })

  test("an answer does not change when it is asked again", () => {
    for (const zone of ["Mars/Olympus", "Europe/Paris", "Mars/Olympus"]) expect(isTimeZone(zone)).toBe(zone[0] === "E")
  })
})
