import * as z from "zod"
import { cronProblem, neverComes } from "../cron.ts"
import { type Moment, parseMoment } from "../moment.ts"
import { byKey } from "./by-key.ts"
import { type Condition, type ConditionInput, conditionSchema, eventName } from "./condition.ts"

/** What enrolls a lead by itself, as users write it. */
export type TriggerInput =
  /** An event that is signalled for the lead. */
  | { readonly event: string; readonly when?: ConditionInput | undefined }
  /** The lead's `status` becomes this, by `runtime.leads.put`. */
  | { readonly status: string; readonly when?: ConditionInput | undefined }
  /** An inbound mail, given to `runtime.receive`: parts of its subject and of its sender, in any case. */
  | {
      readonly mail: { readonly subject?: string | undefined; readonly from?: string | undefined }
      readonly when?: ConditionInput | undefined
    }
  /**
   * A time by the campaign's `timeZone`: a cron expression of five fields (`"0 9 1 * *"`), or `"monday at 09:00"`, `"day 1 at 10:00"`,
   * `"2026-12-24 at 16:00"`, `"at 09:00"`. Lets in every stored lead that `when` asks for.
   */
  | { readonly at: string; readonly when?: ConditionInput | undefined }

/** When a trigger by time fires. */
export type TriggerTime = { readonly cron: string } | { readonly moment: Moment }

/** {@link TriggerInput}, as stored. */
export interface Trigger {
  readonly event?: string
  readonly at?: TriggerTime
  readonly mail?: { readonly subject: string; readonly from: string }
  readonly when?: Condition
}

/** The event that a lead's new status is. */
export const statusEvent = (status: string): string =>
  `status:${status
    .trim()
    .replace(/[^\w.:-]+/g, "-")
    .slice(0, 90)}`

const condition = { when: conditionSchema.optional() }
const part = z.string().max(500).default("")

const time = z.string().transform((text, context): TriggerTime => {
  const problem = cronProblem(text)
  if (problem === undefined) return { cron: text.trim() }
  const moment = text.length > 60 ? undefined : parseMoment(text)
  // Every day has a next one: as a time that comes again it says nothing.
  if (moment !== undefined && moment.day.type !== "next") return { moment }
  context.addIssue({
    code: "custom",
    message:
      problem === "never"
        ? neverComes(text)
        : `"${text}" is no time; write a cron expression like "0 9 1 * *", "monday at 09:00", "day 1 at 10:00", "2026-12-24 at 16:00" or "at 09:00"`,
  })
  return z.NEVER
})

const shapes = {
  event: z.strictObject({ event: eventName, ...condition }),
  status: z
    .strictObject({ status: z.string().min(1).max(90), ...condition })
    .transform(({ status, ...rest }) => ({ event: statusEvent(status), ...rest })),
  mail: z.strictObject({
    mail: z
      .strictObject({ subject: part, from: part })
      .refine(({ subject, from }) => subject + from !== "", "names a part of the subject, of the sender, or of both"),
    ...condition,
  }),
  at: z.strictObject({ at: time, ...condition }),
}

/** Checks a {@link TriggerInput}. */
export const triggerSchema = byKey<Omit<Trigger, "when"> & { readonly when?: Condition | undefined }>(
  shapes,
  "a trigger is { event }, { status }, { mail } or { at }",
).transform(({ when, ...trigger }): Trigger => ({ ...trigger, ...(when === undefined ? {} : { when }) }))

const holds = (part: string, text: string): boolean => text.toLowerCase().includes(part.toLowerCase())

/** Whether an inbound mail fires it. */
export const matchesMail = ({ mail }: Trigger, message: { readonly subject: string; readonly from: string }): boolean =>
  mail !== undefined && holds(mail.subject, message.subject) && holds(mail.from, message.from)
