import * as z from "zod"
import type { PreparedTemplate, Renderer, RenderInput } from "../../../sdk/renderer/renderer.ts"
import { parse } from "../../../sdk/schema.ts"
import { checkSigningKeys, type SigningKeys } from "../../../sdk/signed-token.ts"
import { trackedHtml } from "./tracked-html.ts"

/** Options of {@link withTracking}. */
export interface TrackingOptions {
  /** Where `trackingHandler` of `sendstate/web` answers, `https:` (`http:` on this machine only). */
  readonly baseUrl: string
  /** At least 32 bytes each; give the handler the same. The first signs. */
  readonly signingKeys: SigningKeys
  /** Puts an invisible image at the end of the HTML; default true. */
  readonly opens?: boolean
  /** Leads the links through `baseUrl`; default true. */
  readonly clicks?: boolean
}

const schema = z.strictObject({
  baseUrl: z
    .string()
    .max(500)
    .regex(
      /^(https:\/\/[\w.-]+|http:\/\/(localhost|127\.0\.0\.1))(:\d{1,5})?(\/[\w.~/-]*)?$/,
      "must be an https: URL without a query",
    )
    .transform((url) => url.replace(/\/+$/, "")),
  signingKeys: z.custom<SigningKeys>(Array.isArray, "must be a list of keys"),
  opens: z.boolean().default(true),
  clicks: z.boolean().default(true),
})

/**
 * A renderer whose mails tell when they are opened and which links are followed. Only the HTML changes, never the text part;
 * links to unsubscribe and those with the attribute `data-untracked` are left alone, as is whatever is not `http(s):`. The
 * links are signed: `trackingHandler` leads to no address that did not stand in a mail.
 *
 * @throws InvalidInput for options that are not valid
 *
 * @example
 * ```ts
 * import { mjml } from "sendstate/renderer/mjml"
 * import { withTracking } from "sendstate/renderer/tracking"
 *
 * const signingKeys = [process.env.TRACKING_KEY ?? "only-for-this-example-not-a-real-key"]
 * const renderer = withTracking(mjml({ directory: "templates" }), { baseUrl: "https://acme.test/t", signingKeys })
 * ```
 */
export const withTracking = (renderer: Renderer, options: TrackingOptions): Renderer => {
  const { signingKeys, ...settings } = parse(schema, options, "The options of withTracking")
  const keys = checkSigningKeys(signingKeys)

  const track = (template: PreparedTemplate, input: RenderInput) => {
    const mail = template.render(input)
    const { executionId, variables } = input
    if (mail.html === undefined || executionId === undefined) return mail
    const unsubscribeUrl = typeof variables.unsubscribeUrl === "string" ? variables.unsubscribeUrl : undefined
    return { ...mail, html: trackedHtml(mail.html, { ...settings, keys, executionId, unsubscribeUrl }) }
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
