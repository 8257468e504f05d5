import * as Effect from "effect/Effect"
import type { Message, StandardSchema } from "../../sdk/index.ts"
import { InvalidInput, idOf, type Lead, NotFound, RenderError, type StorageError } from "../../sdk/index.ts"
import type { LoadedDefinition } from "../campaign/definition.ts"
import { templateFor } from "../campaign/variants.ts"
import type { ProcessServices } from "../execution/dependencies.ts"
import { makeMessage } from "../execution/mail.ts"
import { checkLead, type LeadSource, openSource, type RejectedLead } from "../runtime/enrolling.ts"
import { checkMail } from "./mail-check.ts"
import { checkSender } from "./sender-check.ts"
import { type PreflightWarning, WarningTally } from "./warnings.ts"

/** A mail that would fail. */
export interface PreflightProblem {
  /** Position of the lead in the source, counted from 0. */
  readonly index: number
  readonly leadId: string
  readonly template: string
  readonly error: RenderError
}

/** What rendering every mail for every lead showed. */
export interface PreflightReport {
  /** Those that are acceptable. */
  readonly leads: number
  readonly mails: number
  /** Leads that `enroll` would reject, and why; the first thousand of them. */
  readonly rejected: { readonly total: number; readonly first: ReadonlyArray<RejectedLead> }
  readonly problems: { readonly total: number; readonly first: ReadonlyArray<PreflightProblem> }
  /** What keeps no mail from being sent, and may keep it from being read: those of the campaign first. */
  readonly warnings: ReadonlyArray<PreflightWarning>
}

/** How it is looked at. */
export interface PreflightOptions {
  /** How many there will be, where these leads are only some of them; default: as many as are given. */
  readonly recipients?: number | undefined
  /** Only this step, counted from 0; default: all. */
  readonly step?: number | undefined
}

const problemsKept = 1_000

type Services = Pick<ProcessServices, "templates" | "secrets">

const previewed = (id: string, leadId: string, step: number) => ({
  id: idOf("preview", id, leadId, step),
  leadId,
  step,
})

/** The mail of one step for one lead, as it would be sent. */
export const previewMail = (
  { templates, secrets }: Services,
  loaded: LoadedDefinition,
  lead: Lead,
  step: number,
  now: number,
): Effect.Effect<Message, RenderError | NotFound | StorageError> =>
  Effect.gen(function* () {
    const { definition } = loaded
    const hash = templateFor(definition, step, lead.id)
    if (hash === undefined)
      return yield* Effect.fail(
        new NotFound({
          kind: "step",
          key: String(step),
          code: "step-missing",
          retryable: false,
          message: `The campaign "${definition.id}" has ${definition.steps.length} steps, no step ${step + 1}.`,
        }),
      )
    const template = yield* templates.prepared(hash)
    const execution = previewed(definition.id, lead.id, step)
    return yield* Effect.suspend(() => {
      try {
        return Effect.succeed(makeMessage(template, loaded, lead, execution, { now, secrets }))
      } catch (cause) {
        return cause instanceof RenderError ? Effect.fail(cause) : Effect.die(cause)
      }
    })
  })

/**
 * Renders every step for every lead that is acceptable, lists what fails and who is rejected, and warns of what may keep a mail from being
 * read; nothing is stored, nothing is sent.
 */
export const preflightLeads = (
  services: Services,
  loaded: LoadedDefinition,
  source: LeadSource,
  leadData: StandardSchema | undefined,
  now: number,
  { recipients, step: only }: PreflightOptions = {},
): Effect.Effect<PreflightReport, NotFound | StorageError | InvalidInput> =>
  Effect.gen(function* () {
    const first: PreflightProblem[] = []
    const refused: RejectedLead[] = []
    let rejected = 0
    const tally = new WarningTally()
    let total = 0
    let leads = 0
    let mails = 0
    let index = -1
    const iterator = yield* openSource(source)
    while (true) {
      const next = yield* Effect.promise(async () => iterator.next())
      if (next.done === true) {
        const ofCampaign = checkSender(loaded.definition, recipients ?? leads).map((one) => ({ ...one, mails: 0 }))
        return {
          leads,
          mails,
          rejected: { total: rejected, first: refused },
          problems: { total, first },
          warnings: [...ofCampaign, ...tally.all()],
        }
      }
      index += 1
      const lead = yield* Effect.promise(async () => {
        try {
          return await checkLead(next.value, leadData)
        } catch (error) {
          if (!(error instanceof InvalidInput)) throw error
          rejected += 1
          if (refused.length < problemsKept) refused.push({ index, input: next.value, error })
          return undefined
        }
      })
      if (lead === undefined) continue
      leads += 1
      for (const [step, { template }] of loaded.definition.steps.entries()) {
        if (only !== undefined && step !== only) continue
        mails += 1
        yield* previewMail(services, loaded, lead, step, now).pipe(
          Effect.map((message) => tally.add(checkMail(message), template, index)),
          Effect.catchTag("RenderError", (error) =>
            Effect.sync(() => {
              total += 1
              if (first.length < problemsKept) first.push({ index, leadId: lead.id, template, error })
            }),
          ),
        )
      }
      if (index % 50 === 0) yield* Effect.yieldNow
    }
  })
