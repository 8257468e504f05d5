import { isDeepStrictEqual } from "node:util"
import * as z from "zod"
import { type DurationInput, durationSchema } from "../duration.ts"
import { plainObject } from "../json-data.ts"
import type { Json, Lead } from "../lead.ts"
import { byKey } from "./by-key.ts"

/** Something that is true of a lead or not: JSON, so that it can be stored, shown and simulated. */
export type Condition<Duration = number> =
  /** A field of the lead: `email`, `status`, `locale`, ..., or a path into its data, like `plan` or `company.size`. Without a comparison: whether it is there. */
  | {
      readonly lead: string
      readonly equals?: Json | undefined
      readonly oneOf?: ReadonlyArray<Json> | undefined
      readonly above?: number | undefined
      readonly below?: number | undefined
    }
  /** An event that was signalled for the lead since it was enrolled; `within`: at most so long ago (stored as milliseconds). */
  | { readonly event: string; readonly within?: Duration | undefined }
  | { readonly all: ReadonlyArray<Condition<Duration>> }
  | { readonly any: ReadonlyArray<Condition<Duration>> }
  | { readonly not: Condition<Duration> }

/** A {@link Condition} as users write it. */
export type ConditionInput = Condition<DurationInput>

/** What conditions are asked about. */
export interface Facts {
  readonly lead: Lead
  /** When the lead was enrolled, epoch ms. */
  readonly enrolledAt: number
  /** Epoch ms. */
  readonly now: number
  /** How much faster campaign time runs than real time. */
  readonly timeScale: number
  /** When an event last happened to the lead, epoch ms; `undefined` for never. */
  readonly lastEvent: (event: string) => number | undefined
}

/** Name of an event: `clicked`, `trial.started`. */
export const eventName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.:-]{0,99}$/, "the name of an event: letters, digits, dots, dashes, colons, at most 100")

const leadPath = z.string().regex(/^[^.\s][^\s]{0,199}$/, "a field of the lead, like status or company.size")

/** Checks a condition; 16 levels are deep enough for anybody. */
const conditionAt = (depth: number): z.ZodType<Condition> =>
  depth > 16
    ? z.custom<Condition>(() => false, "is nested deeper than 16")
    : z.lazy(() => {
        const inner = conditionAt(depth + 1)
        const shapes = {
          lead: z
            .strictObject({
              lead: leadPath,
              equals: z.json().optional(),
              oneOf: z.array(z.json()).min(1).max(1_000).optional(),
              above: z.number().optional(),
              below: z.number().optional(),
            })
            .refine(
              ({ equals, oneOf, above, below }) =>
                [equals, oneOf, above ?? below].filter((one) => one !== undefined).length <= 1,
              "takes one comparison: equals, oneOf, or above and below",
            ),
          event: z.strictObject({ event: eventName, within: durationSchema.optional() }),
          all: z.strictObject({ all: z.array(inner).min(1).max(100) }),
          any: z.strictObject({ any: z.array(inner).min(1).max(100) }),
          not: z.strictObject({ not: inner }),
        }
        return plainObject.pipe(
          byKey<Condition>(shapes, "a condition begins with lead, event, all, any or not: { event: clicked }"),
        )
      })

/** Checks a {@link Condition}. */
export const conditionSchema: z.ZodType<Condition> = conditionAt(0)

const own = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined

// As in templates: the lead's data wins over its own fields.
const valueAt = (lead: Lead, path: string): unknown => {
  const keys = path.split(".")
  const [first = ""] = keys
  const start = first !== "data" && own(lead.data, first) !== undefined ? lead.data : lead
  return keys.reduce<unknown>(own, start)
}

const numberOf = (value: unknown): number =>
  typeof value === "string" && value.trim() !== "" ? Number(value) : typeof value === "number" ? value : Number.NaN

/** Whether it is true. */
export const isTrue = (condition: Condition, facts: Facts): boolean => {
  if ("all" in condition) return condition.all.every((one) => isTrue(one, facts))
  if ("any" in condition) return condition.any.some((one) => isTrue(one, facts))
  if ("not" in condition) return !isTrue(condition.not, facts)
  if ("event" in condition) {
    const at = facts.lastEvent(condition.event)
    if (at === undefined || at < facts.enrolledAt) return false
    return condition.within === undefined || at >= facts.now - condition.within / facts.timeScale
  }
  const value = valueAt(facts.lead, condition.lead)
  if (condition.equals !== undefined) return isDeepStrictEqual(value, condition.equals)
  if (condition.oneOf !== undefined) return condition.oneOf.some((one) => isDeepStrictEqual(value, one))
  if (condition.above === undefined && condition.below === undefined) return value !== undefined && value !== null
  const number = numberOf(value)
  return (
    number > (condition.above ?? Number.NEGATIVE_INFINITY) && number < (condition.below ?? Number.POSITIVE_INFINITY)
  )
}

/** The events that it asks for. */
export const eventsOf = (condition: Condition): ReadonlyArray<string> => {
  if ("event" in condition) return [condition.event]
  if ("not" in condition) return eventsOf(condition.not)
  if ("all" in condition) return condition.all.flatMap(eventsOf)
  return "any" in condition ? condition.any.flatMap(eventsOf) : []
}

/** The condition in words. */
export const conditionText = (condition: Condition): string => {
  if ("event" in condition) return condition.event
  if ("not" in condition) return `not ${conditionText(condition.not)}`
  if ("all" in condition) return `(${condition.all.map(conditionText).join(" and ")})`
  if ("any" in condition) return `(${condition.any.map(conditionText).join(" or ")})`
  const { lead, equals, oneOf, above, below } = condition
  if (equals !== undefined) return `${lead} is ${JSON.stringify(equals)}`
  if (oneOf !== undefined) return `${lead} is one of ${oneOf.map((one) => JSON.stringify(one)).join(", ")}`
  const bounds = [
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
  ]
  return bounds.length === 0 ? `has ${lead}` : `${lead} is ${bounds.join(" and ")}`
}
