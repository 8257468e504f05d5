import * as z from "zod"
import type { PreparedTemplate, Renderer, RenderInput } from "../../../sdk/renderer/renderer.ts"
import { parse } from "../../../sdk/schema.ts"
import { checkSigningKeys, type SigningKeys, signToken } from "../../../sdk/signed-token.ts"
import { trackedHtml } from "./tracked-html.ts"

/** What is tracked, and where its links lead. */
export interface Tracking {
  /** Where `trackingHandler` of `sendstate/web` answers, `https:` (`http:` on this machine only). */
  readonly baseUrl: string
  /** Puts an invisible image at the end of the HTML; default true. */
  readonly opens?: boolean
  /** Leads the links through `baseUrl`; default true. */
  readonly clicks?: boolean
}

/** Options of {@link withTracking}. */
export interface TrackingOptions extends Tracking {
  /** At least 32 bytes each; give the handler the same. The first signs. Default: those of the runtime, as for unsubscribing. */
  readonly signingKeys?: SigningKeys
  /** Ids of the campaigns whose mails are tracked; default: all that the renderer is used for. */
  readonly campaigns?: ReadonlyArray<string>
}

const trackingSchema = z.strictObject({
  baseUrl: z
    .string()
    .max(500)
    .regex(
      /^(https:\/\/[\w.-]+|http:\/\/(localhost|127\.0\.0\.1))(:\d{1,5})?(\/[\w.~/-]*)?$/,
      "must be an https: URL without a query",
    )
    .transform((url) => url.replace(/\/+$/, "")),
  opens: z.boolean().default(true),
  clicks: z.boolean().default(true),
})

const schema = trackingSchema.extend({
  signingKeys: z.custom<SigningKeys>(Array.isArray, "must be a list of keys").optional(),
  campaigns: z.array(z.string()).optional(),
})

/**
 * What is tracked, checked and complete.
 *
 * @throws InvalidInput
 */
export const parseTracking = (input: Tracking): Required<Tracking> => parse(trackingSchema, input, "The tracking")

const campaignOf = ({ variables: { campaign } }: RenderInput): unknown =>
  typeof campaign === "object" && campaign !== null && "id" in campaign ? campaign.id : undefined

/**
 * A renderer whose mails tell when they are opened and which links are followed. Only the HTML changes, never the text part;
 * links to unsubscribe and those with the attribute `data-untracked` are left alone, as is whatever is not `http(s):`. The
 * links are signed: `trackingHandler` leads to no address that did not stand in a mail. Without `signingKeys` only what a
 * runtime renders is tracked.
 *
 * @throws InvalidInput for options that are not valid
 *
 * @example
 * ```ts
 * import { mjml } from "sendstate/renderer/mjml"
 * import { withTracking } from "sendstate/renderer/tracking"
 *
 * const renderer = withTracking(mjml({ directory: "templates" }), { baseUrl: "https://acme.test/t" })
 * ```
 */
export const withTracking = (renderer: Renderer, options: TrackingOptions): Renderer => {
  const { signingKeys, campaigns, ...settings } = parse(schema, options, "The options of withTracking")
  const keys = signingKeys === undefined ? undefined : checkSigningKeys(signingKeys)
  const ownSign: RenderInput["sign"] =
    keys === undefined ? undefined : (purpose, words) => signToken(keys, purpose, words)

  const track = (template: PreparedTemplate, input: RenderInput) => {
    const mail = template.render(input)
    const { executionId, variables } = input
    const sign = ownSign ?? input.sign
    if (mail.html === undefined || executionId === undefined || sign === undefined) return mail
    if (campaigns?.some((id) => id === campaignOf(input)) === false) return mail
    const unsubscribeUrl = typeof variables.unsubscribeUrl === "string" ? variables.unsubscribeUrl : undefined
    return { ...mail, html: trackedHtml(mail.html, { ...settings, sign, executionId, unsubscribeUrl }) }
  }

  return {
    name: renderer.name,
    version: renderer.version,
    load: (name, call) => renderer.load(name, call),
    compile: (source, call) => renderer.compile(source, call),
    prepare: (compiled) => {
      const template = renderer.prepare(compiled)
      return { variables: template.variables, render: (input) => track(template, input) }
    },
    close: async () => renderer.close?.(),
  }
}
