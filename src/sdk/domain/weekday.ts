import * as z from "zod"

const names = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const

/** 0 is Sunday, 6 is Saturday; `undefined` for what is no day of the week. `"mon"` will do. */
export const weekdayOf = (text: string): number | undefined => {
  const word = text.trim().toLowerCase()
  const index = word.length < 3 ? -1 : names.findIndex((name) => name.startsWith(word))
  return index < 0 ? undefined : index
}

const daysOf = (text: string): ReadonlyArray<number> | undefined => {
  const [first, last, more] = text.split(/\s*[-–]\s*/).map(weekdayOf)
  if (first === undefined || more !== undefined) return undefined
  if (!/[-–]/.test(text)) return [first]
  if (last === undefined) return undefined
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, step) => (first + step) % 7)
}

/** Days of the week as users write them: `"mon-fri"`, `"mon, wed"`, `["monday", "wed"]`; gives 0 (Sunday) to 6, ascending. */
export const weekdaysSchema = z
  .union([z.string(), z.array(z.string()).min(1).max(7)])
  .transform((value, context): ReadonlyArray<number> => {
    const days = (typeof value === "string" ? value.split(",") : value).flatMap((text) => {
      const found = daysOf(text.trim())
      if (found !== undefined) return found
      context.addIssue({
        code: "custom",
        message: `"${text}" names no days; write for example "mon-fri" or "tue, thu"`,
      })
      return z.NEVER
    })
    return [...new Set(days)].sort((a, b) => a - b)
  })
