import * as Effect from "effect/Effect"
import * as z from "zod"
import {
  Conflict,
  type InvalidInput,
  idOf,
  type LeadInput,
  leadSchema,
  parse,
  type RenderError,
} from "../../sdk/index.ts"
import type { CampaignActor, CampaignError, EnrollRequest } from "../campaign/campaign-actor.ts"
import { latestPrefix } from "../campaign/planner.ts"
import type { ProcessServices } from "../execution/dependencies.ts"

/** A mail of its own, outside the campaign's steps. */
export interface ScheduleInput {
  /** A lead that is stored already keeps its data. */
  readonly lead: LeadInput
  /**
   * A template's name. As a text it is loaded and compiled now, and this version is sent; `{ latest }` takes whatever
   * the renderer has under that name when the mail is sent.
   */
  readonly template: string | { readonly latest: string }
  /** Epoch ms or a Date; one that is past is due at once. Default: now. */
  readonly at?: number | Date | undefined
  /** The execution's id: the same id again is the same mail. Letters, digits, `.`, `_`, `~`, `-`; default: a new one. */
  readonly id?: string | undefined
}

const schema = z.object({
  lead: leadSchema,
  template: z.union([
    z.string().min(1).max(200),
    z.strictObject({ latest: z.string().min(1).max(200) }).transform(({ latest }) => ({ latest })),
  ]),
  at: z
    .union([z.number(), z.date().transform((date) => date.getTime())])
    .pipe(z.number().min(-8.64e15).max(8.64e15).transform(Math.ceil))
    .optional(),
  id: z
    .string()
    .regex(
      /^[a-zA-Z0-9_~-][a-zA-Z0-9._~-]{0,99}$/,
      "an id has letters, digits, dots, dashes, tildes and underscores, at most 100",
    )
    .optional(),
})

/** What scheduling may fail with. */
export type ScheduleError = CampaignError | InvalidInput | RenderError

const sameMail = (id: string): Conflict =>
  new Conflict({
    code: "execution-exists",
    retryable: false,
    differences: [],
    message: `There is another execution ${JSON.stringify(id)} already: an id names one mail to one lead of one campaign. Choose another id, or leave it out.`,
  })

/**
 * Stores mails in one step, each with an enrollment of its own; durable on return. Answers their execution ids, in order.
 */
export const scheduleMails = (
  services: ProcessServices,
  actor: CampaignActor,
  inputs: ReadonlyArray<ScheduleInput>,
): Effect.Effect<ReadonlyArray<string>, ScheduleError> =>
  Effect.gen(function* () {
    const now = services.clock.currentTimeMillisUnsafe()
    const hashes = new Map<string, string>()
    const requests: Array<EnrollRequest & { readonly mail: { readonly id: string } }> = []
    for (const input of inputs) {
      const { lead, template, at, id } = yield* Effect.try({
        try: () => parse(schema, input, "The mail to schedule"),
        catch: (error) => error as InvalidInput,
      })
      const named =
        id ?? idOf("mail", actor.id, now, services.random.nextDoubleUnsafe(), services.random.nextDoubleUnsafe())
      let version = typeof template === "string" ? hashes.get(template) : `${latestPrefix}${template.latest}`
      if (version === undefined && typeof template === "string") {
        version = yield* services.templates.register(template)
        hashes.set(template, version)
      }
      requests.push({ lead, entry: named, mail: { id: named, template: version ?? "", at: at ?? now } })
    }
    const results = yield* actor.enroll(requests)
    for (const [index, request] of requests.entries()) {
      if (results[index] === "created") continue
      const [row] = yield* services.store.use((driver) => driver.get([request.mail.id]))
      if (row?.campaignId !== actor.id || row.leadId !== request.lead.id)
        return yield* Effect.fail(sameMail(request.mail.id))
    }
    return requests.map(({ mail }) => mail.id)
  })
