import { InvalidInput, type Issue } from "./errors.ts"

/**
 * The part of the Standard Schema interface that sendstate uses, so that users may bring zod, valibot, arktype or
 * Effect Schema. Source: standardschema.dev, version 1.
 */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1
    readonly vendor: string
    /** Checks a value; the answer holds the value as the schema returns it, or issues. */
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
  }
}

/** What a Standard Schema's `validate` answers: a value, or issues. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: ReadonlyArray<{
        readonly message: string
        readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
      }>
    }

const toIssues = (issues: Exclude<StandardResult<never>, { value: never }>["issues"]): ReadonlyArray<Issue> =>
  (issues ?? []).map((issue) => ({
    path: (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join("."),
    message: issue.message,
  }))

/** The refusal of something by these issues, named by what it is. */
export const invalidInput = (what: string, issues: ReadonlyArray<Issue>): InvalidInput =>
  new InvalidInput({
    code: "invalid-input",
    retryable: false,
    issues,
    message: `${what} is not valid: ${issues.map((issue) => (issue.path === "" ? issue.message : `${issue.path}: ${issue.message}`)).join("; ")}`,
  })

/**
 * The value as the schema returns it, for schemas that answer at once.
 *
 * @throws InvalidInput naming each issue, and when the schema is asynchronous.
 */
export const parse = <Output>(schema: StandardSchema<Output>, value: unknown, what: string): Output => {
  const result = schema["~standard"].validate(value)
  if (result instanceof Promise) {
    // Refused already: what it may reject with must not end the process.
    result.catch(() => {})
    throw invalidInput(what, [{ path: "", message: "its schema is asynchronous; use a synchronous one here" }])
  }
  if (result.issues !== undefined) throw invalidInput(what, toIssues(result.issues))
  return result.value
}

/**
 * The issues that the schema finds, empty when the value is fine; asynchronous schemas are awaited.
 */
export const findIssues = async (schema: StandardSchema, value: unknown): Promise<ReadonlyArray<Issue>> => {
  const result = await schema["~standard"].validate(value)
  return result.issues === undefined ? [] : toIssues(result.issues)
}
