import type { Issue } from "../../../sdk/errors.ts"

/** What MJML made of a text. */
export interface MjmlResult {
  readonly html: string
  /** `path` is the line in the text. */
  readonly issues: ReadonlyArray<Issue>
}

/** A third of MJML's output is indentation; mail readers cut long mails off (Gmail at 102 KB). */
const compact = (html: string): string =>
  /<pre\b|white-space:\s*pre/i.test(html) ? html : html.replace(/\s*\n\s*/g, "\n")

/**
 * Compiles MJML without reading any file or configuration. Any error that MJML reports is an issue.
 *
 * MJML is imported at the first call: it costs most of a second.
 */
export const compileMjml = async (text: string): Promise<MjmlResult> => {
  const { default: mjml2html } = await import("mjml")
  try {
    const result = await mjml2html(text, {
      validationLevel: "soft",
      ignoreIncludes: true,
      keepComments: true,
      // By default MJML loads fonts from a third party into every mail; a template that wants one says <mj-font>.
      fonts: {},
    })
    return {
      html: compact(result.html),
      issues: result.errors.map((error) => ({
        path: String(error.line),
        message: `<${error.tagName}>: ${error.message.trim()}`,
      })),
    }
  } catch (error) {
    return {
      html: "",
      issues: [{ path: "1", message: `MJML cannot read it: ${error instanceof Error ? error.message : error}` }],
    }
  }
}
