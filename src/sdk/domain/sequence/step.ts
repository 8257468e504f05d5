import * as z from "zod"
import { type DurationInput, durationSchema } from "../duration.ts"
import { type Moment, momentSchema } from "../moment.ts"
import { forward } from "./by-key.ts"
import { type Condition, type ConditionInput, conditionSchema, eventName } from "./condition.ts"

/** When a step is due, as users write it. */
export interface TimingInput {
  /** Delay after the step before ended, after enrolling for the first. Default: at once. */
  readonly after?: DurationInput | undefined
  /** The first such moment once the delay is over, by the lead's clock (else the campaign's): `"next day at 09:00"`, `"monday at 09:00"`, `"day 1 at 10:00"`, `"2026-12-24 at 16:00"`, `"at 09:00"`. */
  readonly on?: string | undefined
  /** Instead of `after`: as soon as this event is signalled for the lead, and at the latest after `timeout`. */
  readonly waitUntil?: { readonly event: string; readonly timeout: DurationInput } | undefined
}

/** One mail, as users write it. */
export interface MailStepInput extends TimingInput {
  /** Default: the template's name, or the names of the variants. */
  readonly name?: string | undefined
  readonly template?: string | undefined
  /** Instead of `template`: each lead gets one of these, always the same, in proportion to the weights (default 1). */
  readonly variants?:
    | Readonly<Record<string, string | { readonly template: string; readonly weight?: number | undefined }>>
    | undefined
  /** Looked at when the mail is due: when it is false, the mail is skipped. */
  readonly when?: ConditionInput | undefined
}

/** A fork, as users write it: decided when it is due, then the mails of one side follow. */
export interface BranchInput extends TimingInput {
  readonly if: ConditionInput
  readonly do?: ReadonlyArray<StepInput> | undefined
  readonly else?: ReadonlyArray<StepInput> | undefined
}

/** A step of a campaign, as users write it. */
export type StepInput = MailStepInput | BranchInput

/** One of several templates of a step. */
export interface Variant {
  readonly name: string
  readonly template: string
  readonly weight: number
}

/** One mail of a campaign, as stored. */
export interface Step {
  /** The template's name; of a step with variants, the first one's. */
  readonly template: string
  /** Delay after the end of the step before (after enrolling, for the first), milliseconds of campaign time. */
  readonly afterMs: number
  /** Calendar rule: the first such moment once the delay is over. */
  readonly on?: Moment
  /** Default: the template. */
  readonly name?: string
  readonly variants?: ReadonlyArray<Variant>
  /** The event that makes it due before its delay is over. */
  readonly waitUntil?: string
  /** Asked in this order when it is due: the first that is false skips the mail, and `otherwise` follows. */
  readonly when?: ReadonlyArray<{ readonly if: Condition; readonly otherwise: number }>
  /** Index of the step that follows; default: the next one. The number of steps: none. */
  readonly next?: number
}

/** A checked step, still nested. */
export type NestedStep =
  | (Omit<Step, "when" | "next"> & { readonly if?: undefined; readonly when?: Condition })
  | {
      readonly if: Condition
      readonly do: ReadonlyArray<NestedStep>
      readonly else: ReadonlyArray<NestedStep>
      readonly afterMs: number
      readonly on?: Moment
      readonly waitUntil?: string
    }

const timing = {
  after: durationSchema.optional(),
  on: momentSchema.optional(),
  waitUntil: z.strictObject({ event: eventName, timeout: durationSchema }).optional(),
}

const templateName = z.string().min(1).max(200)

const variants = z
  .record(
    z.string().regex(/^[\w.-]{1,50}$/, "the name of a variant: letters, digits, dots and dashes"),
    z.preprocess(
      (value) => (typeof value === "string" ? { template: value } : value),
      z.strictObject({ template: templateName, weight: z.number().positive().max(1e6).default(1) }),
    ),
  )
  .refine((record) => Object.keys(record).length >= 2, "a test needs at least two variants")
  .transform((record): ReadonlyArray<Variant> => Object.entries(record).map(([name, one]) => ({ name, ...one })))

type Timing = { readonly [Key in keyof typeof timing]?: z.output<(typeof timing)[Key]> }

const timingOf = ({ after, on, waitUntil }: Timing): Pick<Step, "afterMs" | "on" | "waitUntil"> => ({
  afterMs: waitUntil?.timeout ?? after ?? 0,
  ...(on === undefined ? {} : { on }),
  ...(waitUntil === undefined ? {} : { waitUntil: waitUntil.event }),
})

const onlyOneDelay = ({ after, on, waitUntil }: Timing): boolean =>
  waitUntil === undefined || (after === undefined && on === undefined)

const delayMessage = "waitUntil has a timeout of its own: it stands without after and on"

const mailStep = z
  .strictObject({
    ...timing,
    name: z.string().min(1).max(100).optional(),
    template: templateName.optional(),
    variants: variants.optional(),
    when: conditionSchema.optional(),
  })
  .refine(onlyOneDelay, delayMessage)
  .transform(({ name, template, variants: several, when, ...rest }, context): NestedStep => {
    const first = template ?? several?.[0]?.template
    if (first === undefined || (template !== undefined && several !== undefined))
      context.addIssue({ code: "custom", path: ["template"], message: "a step has a template, or variants" })
    return {
      template: first ?? "",
      ...timingOf(rest),
      ...(name === undefined ? {} : { name }),
      ...(several === undefined ? {} : { variants: several }),
      ...(when === undefined ? {} : { when }),
    }
  })

const branchStep = (depth: number) =>
  z
    .strictObject({
      ...timing,
      if: conditionSchema,
      do: z
        .array(stepAt(depth + 1))
        .max(1_000)
        .default([]),
      else: z
        .array(stepAt(depth + 1))
        .max(1_000)
        .default([]),
    })
    .refine(onlyOneDelay, delayMessage)
    .transform(({ if: condition, do: first, else: second, ...rest }, context): NestedStep => {
      if (first.length + second.length === 0)
        context.addIssue({ code: "custom", path: ["do"], message: "a branch has mails under do, else, or both" })
      return { if: condition, do: first, else: second, ...timingOf(rest) }
    })

const hasIf = (value: unknown): boolean => typeof value === "object" && value !== null && "if" in value

const stepAt = (depth: number): z.ZodType<NestedStep> =>
  depth > 8
    ? z.custom<NestedStep>(() => false, "branches are nested deeper than 8")
    : (z.lazy(() => {
        const branch = branchStep(depth)
        return z
          .unknown()
          .transform((value, context): NestedStep => forward(hasIf(value) ? branch : mailStep, value, context))
      }) as unknown as z.ZodType<NestedStep>)

/** Checks one step as users write it. */
export const stepSchema: z.ZodType<NestedStep> = stepAt(0)
