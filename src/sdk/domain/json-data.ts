import * as z from "zod"

const forbiddenKeys = new Set(["__proto__", "constructor", "prototype"])

const hasForbiddenKey = (value: unknown, depth = 0): boolean => {
  if (typeof value !== "object" || value === null) return false
  if (depth > 32) return true
  if (Array.isArray(value)) return value.some((item) => hasForbiddenKey(item, depth + 1))
  return Object.entries(value).some(([key, item]) => forbiddenKeys.has(key) || hasForbiddenKey(item, depth + 1))
}

/**
 * An object from outside that cannot reach a prototype. To be checked before `z.record`, which drops `__proto__` silently.
 */
export const plainObject = z
  .custom<unknown>((value) => typeof value === "object" && value !== null && !Array.isArray(value), "no object")
  .refine((value) => !hasForbiddenKey(value), {
    message: "a key is __proto__, constructor or prototype, or it is nested deeper than 32",
  })

/** Variables for templates: a copy, JSON only. */
export const jsonData = plainObject.pipe(z.record(z.string(), z.json()))
