import { type Issue, RenderError } from "../../sdk/errors.ts"

const shown = 5

const listed = (issues: ReadonlyArray<Issue>): string => {
  const first = issues
    .slice(0, shown)
    .map((issue) => (issue.path === "" ? issue.message : `${issue.path}: ${issue.message}`))
  return issues.length > shown ? `${first.join("; ")}; and ${issues.length - shown} more` : first.join("; ")
}

/** Why one mail cannot be rendered; becomes a RenderError where the template's name is known. */
export class RenderFailure extends Error {
  readonly code: string
  readonly issues: ReadonlyArray<Issue>

  constructor(code: string, issues: ReadonlyArray<Issue>, summary = listed(issues)) {
    super(summary)
    this.code = code
    this.issues = issues
  }
}

/** A failure with one issue. */
export const failure = (code: string, path: string, message: string): RenderFailure =>
  new RenderFailure(code, [{ path, message }])

/** The error of a template that cannot be compiled or rendered, with what to do in its message. */
export const renderError = (
  template: string,
  code: string,
  what: string,
  issues: ReadonlyArray<Issue>,
  more: { readonly cause?: unknown; readonly summary?: string } = {},
): RenderError =>
  new RenderError({
    template,
    code,
    issues,
    retryable: false,
    message: `Template "${template}" ${what}: ${more.summary ?? listed(issues)}.`,
    ...(more.cause === undefined ? {} : { cause: more.cause }),
  })
