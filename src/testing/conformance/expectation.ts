import { AssertionError } from "node:assert"
import { inspect } from "node:util"

type Plain = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Plain => typeof value === "object" && value !== null

const keysOf = (value: Plain): ReadonlyArray<string> => Object.keys(value).filter((key) => value[key] !== undefined)

// Of two objects a part may be asked for only; arrays are always compared whole. A property that is undefined is none.
const same = (actual: unknown, expected: unknown, whole: boolean): boolean => {
  if (!isObject(actual) || !isObject(expected)) return Object.is(actual, expected)
  if (Array.isArray(actual) !== Array.isArray(expected)) return false
  if (Array.isArray(actual) && actual.length !== (expected as unknown as ReadonlyArray<unknown>).length) return false
  const keys = keysOf(expected)
  if (whole && keysOf(actual).length !== keys.length) return false
  return keys.every((key) => same(actual[key], expected[key], whole))
}

const show = (value: unknown): string => inspect(value, { depth: 8, breakLength: 110, sorted: true })

const check = (holds: boolean, actual: unknown, words: string, expected: unknown, note: string): void => {
  if (holds) return
  throw new AssertionError({
    message: `${note === "" ? "" : `${note}: `}expected ${show(actual)} ${words} ${show(expected)}`,
    actual,
    expected,
    operator: words,
  })
}

/** What can be expected of a value. */
interface Expectation {
  /** The same value. */
  toBe(expected: unknown): void
  /** The same JSON, property by property. */
  toEqual(expected: unknown): void
  /** At least these properties, at every depth. */
  toMatchObject(expected: unknown): void
  toHaveLength(expected: number): void
  toBeGreaterThan(expected: number): void
  toBeNull(): void
  toBeInstanceOf(expected: abstract new (...args: never) => unknown): void
}

/** Assertions that need no test runner, so that the suites run in any. */
export const expect = (actual: unknown, note = ""): Expectation => ({
  toBe: (expected) => check(Object.is(actual, expected), actual, "to be", expected, note),
  toEqual: (expected) => check(same(actual, expected, true), actual, "to equal", expected, note),
  toMatchObject: (expected) => check(same(actual, expected, false), actual, "to have", expected, note),
  toHaveLength: (expected) =>
    check((actual as { readonly length?: number }).length === expected, actual, "to have the length", expected, note),
  toBeGreaterThan: (expected) => check((actual as number) > expected, actual, "to be greater than", expected, note),
  toBeNull: () => check(actual === null, actual, "to be", null, note),
  toBeInstanceOf: (expected) => check(actual instanceof expected, actual, "to be a", expected.name, note),
})

/** The error that a call throws or rejects with. */
export const errorOf = async (call: () => unknown): Promise<unknown> => {
  try {
    await call()
  } catch (error) {
    return error
  }
  throw new AssertionError({ message: "expected an error, and nothing was thrown" })
}
