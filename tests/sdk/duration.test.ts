import * as fc from "fast-check"
import { durationSchema, parse, toMillis } from "sendstate/sdk"
import { describe, expect, test } from "vitest"
import { holds } from "./law.ts"
import { refusalOf } from "./refusal.ts"

describe("a duration", () => {
  test.each([
    ["3 days", 259_200_000],
    ["1 day", 86_400_000],
    ["24 h", 86_400_000],
    ["24h", 86_400_000],
    ["1 hour 30 minutes", 5_400_000],
    ["90 s", 90_000],
    ["1.5 Hours", 5_400_000],
    ["2 weeks", 1_209_600_000],
    ["5 m", 300_000],
    ["5 mins", 300_000],
    ["250ms", 250],
    ["0 s", 0],
    [0, 0],
    [1_500, 1_500],
    [0.4, 0],
  ])("%s is %i ms", (text, ms) => {
    expect(toMillis(text)).toBe(ms)
  })

  test.each([
    "",
    " ",
    "soon",
    "3",
    "days",
    "-3 days",
    "3 days ago",
    "3, 4 h",
    "1e3 s",
    "3 fortnights",
    "3 constructor",
    `${"9".repeat(400)} days`,
    Number.NaN,
    -1,
    Number.POSITIVE_INFINITY,
  ])("%s is none", (text) => {
    expect(toMillis(text)).toBeUndefined()
  })

  test("any text is a finite, non-negative number of milliseconds or nothing", () => {
    const word = fc.constantFrom("3", "0.5", " ", "h", "days", "ms", "-", "constructor", "e", "Infinity")
    holds(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join("")),
        ),
        (text) => {
          const ms = toMillis(text)
          if (ms !== undefined) expect(Number.isSafeInteger(ms) && ms >= 0).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  test("a long text is refused at once", () => {
    expect(toMillis("1".repeat(1_000_000))).toBeUndefined()
  })

  test("what is none is refused with an example of one", () => {
    expect(refusalOf(() => parse(durationSchema, "soon", "The delay")).message).toBe(
      'The delay is not valid: "soon" is no duration; write for example "3 days", "90 s" or milliseconds',
    )
  })
})
