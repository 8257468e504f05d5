import type { Issue } from "../../../sdk/errors.ts"

/** What MJML made of a text. */
export interface MjmlResult {
  readonly html: string
  /** `path` is the line in the text. */
  readonly issues: ReadonlyArray<Issue>
}

/**
 * Compiles MJML without reading any file or configuration. Any error that MJML reports is an issue.
 *
 * MJML is imported at the first call: it costs most of a second.
 */
export const compileMjml = async (text: string): Promise<MjmlResult> => {
  const { default: mjml2html } = await import("mjml")
  try {
    const result = await mjml2html(text, { validationLevel: "soft", ignoreIncludes: true, keepComments: true })
    return {
      html: result.html,
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
