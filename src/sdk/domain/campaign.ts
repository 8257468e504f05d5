import * as z from "zod"
import { type FrequencyCap, frequencySchema } from "../limits/frequency.ts"
import { type Rate, type RateInput, rateSchema } from "../limits/rate.ts"
import { type RetryPolicy, type RetryPolicyInput, retryPolicySchema } from "../retry-policy.ts"
import { parse, type StandardSchema } from "../schema.ts"
import { type Mailbox, parseMailbox } from "./address.ts"
import {
  type LatePolicy,
  type LatePolicyInput,
  latePolicySchema,
  type SendingHours,
  type SendingHoursInput,
  sendingHoursSchema,
} from "./calendar.ts"
import { controlCharacters } from "./control-characters.ts"
import { type DurationInput, durationSchema } from "./duration.ts"
import { jsonData, plainObject } from "./json-data.ts"
import { isLocale, isTimeZone, type Json } from "./lead.ts"
import { listIdSchema } from "./list-id.ts"
import { type Repeat, type RepeatInput, repeatSchema } from "./repeat.ts"
import { eventName } from "./sequence/condition.ts"
import { flattenSteps, SequenceProblem } from "./sequence/flatten.ts"
import { type Step, type StepInput, stepSchema } from "./sequence/step.ts"
import { type Trigger, type TriggerInput, triggerSchema } from "./sequence/trigger.ts"
import { topicSchema } from "./topic.ts"

/** What happens to an attempt in doubt when the transport itself cannot tell. */
export type UnknownPolicy =
  /** Stays listed until somebody resolves it. The default: never a second copy. */
  | "hold"
  /** Ends as sent, marked unconfirmed. */
  | "assumeSent"
  /** Is sent again with the same Message-ID; counted as a possible duplicate. */
  | "resend"

/** Whose mails go first where campaigns compete for slots and limits. */
export type Priority =
  /** Campaigns take turns, mail by mail. The default. */
  | "bulk"
  /** Before all bulk mails; for mails that somebody waits for. Limits hold all the same. */
  | "transactional"

/** When a lead may be enrolled again, as stored: so many milliseconds after it was enrolled, and not before that enrollment has ended. */
export interface Reentry {
  readonly afterMs: number
}

/** A file that each mail of the campaign carries. */
export interface CampaignAttachment {
  readonly filename: string
  readonly content: Uint8Array
  readonly contentType?: string | undefined
}

/**
 * Where a recipient can unsubscribe; gives the headers of RFC 2369 and RFC 8058. `{token}` is replaced by a signed token
 * that `unsubscribeHandler` of `sendstate/web` takes, `{leadId}` and `{executionId}` by what they name, URL-encoded.
 */
export interface UnsubscribeLink {
  /** `https:` (or `mailto:`) URL. */
  readonly url: string
  /** Whether a POST to the URL unsubscribes without asking (RFC 8058); default true for `https:`. */
  readonly oneClick?: boolean | undefined
}

/** A campaign as users write it. */
export interface CampaignInput<Data = unknown> {
  readonly id: string
  /** What it is about, for example `news`: who unsubscribes from it may still get the campaigns of other topics. Default: none. */
  readonly topic?: string | undefined
  /**
   * The List-ID header (RFC 2919), by which mail programs and providers tell lists apart: `news.acme.test` or
   * `Garden news <news.acme.test>`. Default: the topic before the domain of `from`; without a topic none.
   */
  readonly listId?: string | undefined
  /** `Ann <ann@acme.test>`. */
  readonly from: string
  readonly replyTo?: string | undefined
  /** Bounce address (MAIL FROM); default: the address of `from`. */
  readonly envelopeFrom?: string | undefined
  /** The mails in their order, and forks between them; at most 1,000 mails. */
  readonly steps: ReadonlyArray<StepInput>
  /** Events that end a lead's way through the campaign: what is not sent is cancelled. */
  readonly exit?: string | ReadonlyArray<string> | undefined
  /** The event that the campaign is for: it ends a lead's way too, and is counted. */
  readonly goal?: string | undefined
  /** Whether a lead whose enrollment has ended may be enrolled again: `never` (default), `always`, or once so much time has passed since it was enrolled. */
  readonly reentry?: "never" | "always" | { readonly after: DurationInput } | undefined
  /** What enrolls leads by itself: events, a new status, inbound mail. Default: nothing but `enroll`. */
  readonly triggers?: ReadonlyArray<TriggerInput> | undefined
  /** Share of the leads, 0 to 1, that get no mail, to compare with; always the same ones. Default 0. */
  readonly holdout?: number | undefined
  /** When mail may be sent: what is due outside waits for the next open time. Default: always. */
  readonly calendar?: SendingHoursInput | undefined
  /** What becomes of a mail whose time passed while nothing could be sent. Default `send`. */
  readonly late?: LatePolicyInput["policy"] | LatePolicyInput | undefined
  /** Comes again: a cron expression, or with an end. Default: once. */
  readonly repeat?: string | RepeatInput | undefined
  readonly retry?: RetryPolicyInput | undefined
  /** Default `hold`. */
  readonly onUnknown?: UnknownPolicy | undefined
  /** How much of this campaign may be sent, beside the runtime's limits: `"20 / second"`. Default: no limit of its own. */
  readonly limit?: RateInput | undefined
  /** How many mails of this campaign each lead gets at most, beside the runtime's cap. Default: no cap of its own. */
  readonly frequency?: FrequencyCap | undefined
  /** Default `bulk`. */
  readonly priority?: Priority | undefined
  /** BCP 47; for leads without one. */
  readonly locale?: string | undefined
  /** IANA; for leads without one. Default `UTC`. */
  readonly timeZone?: string | undefined
  /** Values for all templates; a lead's own data wins. */
  readonly variables?: { readonly [key: string]: Json } | undefined
  /** Further headers of each mail. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly unsubscribe?: UnsubscribeLink | undefined
  readonly attachments?: ReadonlyArray<CampaignAttachment> | undefined
  /** Checks each lead's `data` at enroll; any Standard Schema (zod, valibot, Effect). Not stored. */
  readonly leadData?: StandardSchema<Data> | undefined
}

/** A checked campaign: plain JSON but for `attachments` and `leadData`. */
export interface Campaign {
  readonly id: string
  readonly topic?: string
  /** The value of the header. */
  readonly listId?: string
  readonly from: Mailbox
  readonly replyTo?: Mailbox
  readonly envelopeFrom?: string
  readonly steps: ReadonlyArray<Step>
  readonly exit?: ReadonlyArray<string>
  readonly goal?: string
  readonly reentry?: Reentry
  readonly triggers?: ReadonlyArray<Trigger>
  readonly holdout?: number
  readonly calendar?: SendingHours
  readonly late?: LatePolicy
  readonly repeat?: Repeat
  readonly retry: RetryPolicy
  readonly onUnknown: UnknownPolicy
  readonly limit?: Rate
  readonly frequency?: FrequencyCap
  readonly priority: Priority
  readonly locale?: string
  readonly timeZone: string
  readonly variables: { readonly [key: string]: Json }
  readonly headers: Readonly<Record<string, string>>
  readonly unsubscribe?: { readonly url: string; readonly oneClick: boolean }
  readonly attachments: ReadonlyArray<CampaignAttachment>
  readonly leadData?: StandardSchema
}

const mailbox = z.string().transform((text, context) => {
  try {
    return parseMailbox(text)
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) })
    return z.NEVER
  }
})

const reservedHeader =
  /^(bcc|cc|to|from|sender|subject|date|message-id|reply-to|mime-version|dkim-signature|received|return-path|list-id|list-unsubscribe(-post)?|content-.*|resent-.*)$/i

const headers = plainObject.pipe(z.record(z.string(), z.string().max(900))).check((context) => {
  for (const [name, value] of Object.entries(context.value)) {
    // RFC 5322 2.2: printable US-ASCII except the colon.
    const message = !/^[!-9;-~]{1,76}$/.test(name)
      ? "is no header name"
      : reservedHeader.test(name)
        ? "is set by sendstate and cannot be given as a header of your own"
        : controlCharacters.test(value.replaceAll("\t", " "))
          ? "has a value with control characters or line breaks"
          : undefined
    if (message !== undefined)
      context.issues.push({ code: "custom", input: name, path: [name], message: `${JSON.stringify(name)} ${message}` })
  }
})

const campaignSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/, "an id has letters, digits, dots, dashes and underscores, at most 100"),
  topic: topicSchema.optional(),
  listId: listIdSchema.optional(),
  from: mailbox,
  replyTo: mailbox.optional(),
  envelopeFrom: mailbox.transform((box) => box.address).optional(),
  steps: z
    .array(stepSchema)
    .max(1_000)
    .transform((nested, context): ReadonlyArray<Step> => {
      try {
        const steps = flattenSteps(nested)
        if (steps.length <= 1_000) return steps
        context.addIssue({ code: "custom", message: "a campaign has at most 1,000 mails, those in branches included" })
      } catch (error) {
        if (!(error instanceof SequenceProblem)) throw error
        context.addIssue({ code: "custom", message: error.message })
      }
      return z.NEVER
    }),
  exit: z
    .preprocess((value) => (typeof value === "string" ? [value] : value), z.array(eventName).min(1).max(100))
    .optional(),
  goal: eventName.optional(),
  reentry: z
    .union([z.enum(["never", "always"]), z.strictObject({ after: durationSchema })], {
      error: 'write "never", "always" or { after: "30 days" }',
    })
    .transform((value): Reentry | undefined =>
      value === "never" ? undefined : { afterMs: value === "always" ? 0 : value.after },
    )
    .optional(),
  triggers: z.array(triggerSchema).min(1).max(100).optional(),
  holdout: z
    .number()
    .min(0)
    .max(0.99)
    .transform((share) => (share === 0 ? undefined : share))
    .optional(),
  calendar: sendingHoursSchema.optional(),
  late: latePolicySchema.optional(),
  repeat: repeatSchema.optional(),
  retry: retryPolicySchema.prefault({}),
  onUnknown: z.enum(["hold", "assumeSent", "resend"]).default("hold"),
  limit: rateSchema.optional(),
  frequency: frequencySchema.optional(),
  priority: z.enum(["bulk", "transactional"]).default("bulk"),
  locale: z.string().refine(isLocale, { message: "no language tag" }).optional(),
  timeZone: z.string().refine(isTimeZone, { message: "no IANA time zone that is known here" }).default("UTC"),
  variables: jsonData.default({}),
  headers: headers.default({}),
  unsubscribe: z
    .strictObject({
      // The header encloses it in angle brackets (RFC 2369): none inside.
      url: z.string().regex(/^(https?:\/\/|mailto:)[!#-;=?-[\]-~]+$/, "an http:, https: or mailto: URL"),
      oneClick: z.boolean().optional(),
    })
    .refine(({ url, oneClick }) => oneClick !== true || url.startsWith("https:"), {
      path: ["oneClick"],
      message: "one-click unsubscribing needs an https: URL (RFC 8058)",
    })
    .transform(({ url, oneClick }) => ({ url, oneClick: oneClick ?? url.startsWith("https:") }))
    .optional(),
  attachments: z
    .array(
      z.strictObject({
        filename: z
          .string()
          .min(1)
          .max(255)
          .regex(/^[^/\\\p{Cc}]+$/u, "a file name without folders or control characters"),
        content: z.instanceof(Uint8Array),
        contentType: z
          .string()
          .regex(/^[\w.+-]+\/[\w.+-]+$/, "a MIME type")
          .optional(),
      }),
    )
    .default([]),
  leadData: z
    .custom<StandardSchema>(
      (value) => typeof value === "object" && value !== null && "~standard" in value,
      "no Standard Schema",
    )
    .optional(),
})

/** The names of all fields of a {@link CampaignInput}. */
export const campaignFields: ReadonlyArray<string> = Object.keys(campaignSchema.shape)

/**
 * A checked campaign definition.
 *
 * @example
 * ```ts
 * const spring = defineCampaign({
 *   id: "spring",
 *   from: "Ann <ann@acme.test>",
 *   steps: [{ template: "hello" }, { template: "nudge", after: "3 days" }],
 * })
 * ```
 * @throws InvalidInput naming each field that is not acceptable.
 */
export const defineCampaign = <Data = unknown>(input: CampaignInput<Data>): Campaign =>
  parse(campaignSchema, input, `The campaign ${JSON.stringify(input.id ?? "")}`) as Campaign
