import * as z from "zod"

const pattern = /^(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/

/** Whether there is such a day, `2026-02-28`: engines read 2026-02-30 as one in March. */
export const isDay = (text: string): boolean => {
  const time = Date.parse(`${text}T00:00:00Z`)
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text)
}

/**
 * The instant (epoch ms) that a text names in ISO 8601: `2026-12-01T09:00:00Z`, with an offset, by the clock of this machine
 * without one; a day alone, `2026-12-01`, is its midnight in UTC. `undefined` for what is none, and for days that do not exist.
 */
export const toInstant = (text: string): number | undefined => {
  const trimmed = text.trim()
  const day = pattern.exec(trimmed)?.[1]
  if (day === undefined || !isDay(day)) return undefined
  const at = Date.parse(trimmed)
  return Number.isFinite(at) ? at : undefined
}

/** Checks an instant as users write it, a Date or ISO 8601; epoch ms. */
export const instantSchema = z.union([z.date(), z.string()]).transform((value, context): number => {
  const at = typeof value === "string" ? toInstant(value) : value.getTime()
  if (at !== undefined && Number.isFinite(at)) return at
  context.addIssue({
    code: "custom",
    message: `"${String(value)}" is no instant of a day that exists; write for example 2027-01-31T18:00:00Z`,
  })
  return z.NEVER
})
