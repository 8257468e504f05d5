import * as fc from "fast-check"
import { contentHash, idOf } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import { holds } from "./law.ts"

const shuffled = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, shuffled(item)]),
  )
}

describe("a content hash", () => {
  test("is the same whatever the order of the keys, at every depth", () => {
    holds(
      fc.property(fc.jsonValue(), (value) => {
        expect(contentHash(shuffled(value))).toBe(contentHash(value))
      }),
    )
    expect(contentHash({ a: { b: 1, c: 2 }, d: 3 })).toBe(contentHash({ d: 3, a: { c: 2, b: 1 } }))
  })

  test("tells different values apart", () => {
    holds(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
        expect(contentHash(one) === contentHash(other)).toBe(same)
      }),
      { numRuns: 300 },
    )
    const values = [null, "", 0, "0", false, [], {}, [[]], [{}], { a: [] }, { a: 1 }, { "a:1": "" }, ["a", 1], ["a,1"]]
    expect(new Set(values.map(contentHash)).size).toBe(values.length)
  })

  test("minds the order of lists", () => {
    expect(contentHash([1, 2])).not.toBe(contentHash([2, 1]))
  })

  test("an absent field is the same as an undefined one", () => {
    expect(contentHash({ a: 1, b: undefined })).toBe(contentHash({ a: 1 }))
  })

  test("is 32 hex digits and stays what it was: stores keep it", () => {
    expect(contentHash({ subject: "Hello", mjml: "<mjml/>" })).toBe("9fddb351fa817883ef147605867e3ac7")
    expect(contentHash("x")).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe("the id of some words", () => {
  const anyWords = fc.array(fc.oneof(fc.string(), fc.constantFrom("", "1", "1:", "a", "b", "ab", ":")), {
    maxLength: 4,
  })

  test("differs when the words differ, also where they would join to the same text", () => {
    holds(
      fc.property(anyWords, anyWords, (one, other) => {
        expect(idOf(...one) === idOf(...other)).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
      { numRuns: 1_000 },
    )
    const lists = [["a", "b"], ["ab"], ["ab", ""], ["", "ab"], ["a", "", "b"], ["1:a", "b"], [], [""], ["", ""]]
    expect(new Set(lists.map((words) => idOf(...words))).size).toBe(lists.length)
  })

  test("differs for words that only differ in half a surrogate pair", () => {
    expect(idOf("\ud800")).not.toBe(idOf("\udbff"))
    expect(idOf("\ud800")).not.toBe(idOf("\ufffd"))
  })

  test("is 24 digits of base 32 and stays what it was: Message-IDs are made of it", () => {
    expect(idOf("spring", "ann@acme.test", 1, 0)).toBe("ih5kt2t3gkjsrm9fbb6o4dt2")
    expect(idOf("x")).toMatch(/^[0-9a-v]{24}$/)
  })
})

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  return Object.entries(value)
    .map(([key, item]) => [key, sorted(item)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
    .concat([["object", true]])
}
