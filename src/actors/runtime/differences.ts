import { Conflict, type Issue } from "../../sdk/index.ts"
import type { Definition } from "../campaign/definition.ts"

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

const compare = (path: string, before: unknown, after: unknown): ReadonlyArray<Issue> => {
  if (JSON.stringify(before) === JSON.stringify(after)) return []
  const nested = typeof before === "object" && typeof after === "object" && before !== null && after !== null
  if (!nested) return [{ path, message: `was ${shown(before)}, is ${shown(after)}` }]
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key) =>
    compare(
      path === "" ? key : `${path}.${key}`,
      (before as Record<string, unknown>)[key],
      (after as Record<string, unknown>)[key],
    ),
  )
}

// A hash says nothing to a person: name the template instead.
const readable = (issue: Issue, after: Definition): Issue => {
  const step = /^steps\.(\d+)\.hash$/.exec(issue.path)?.[1]
  const template = step === undefined ? undefined : after.steps[Number(step)]?.template
  return template === undefined
    ? issue
    : { path: `steps.${step}.template`, message: `the content of "${template}" changed` }
}

/** In what two definitions differ, field by field. */
export const differencesBetween = (before: Definition, after: Definition): ReadonlyArray<Issue> =>
  compare("", before, after).map((issue) => readable(issue, after))

/** The refusal of a changed definition, with the difference shown. */
export const changedDefinition = (id: string, differences: ReadonlyArray<Issue>): Conflict =>
  new Conflict({
    code: "campaign-differs",
    retryable: false,
    differences,
    message: `The campaign "${id}" is stored with another definition: ${differences
      .map(({ path, message }) => `${path} ${message}`)
      .join(
        "; ",
      )}. Use the stored definition, another id, or ask for an update: true for leads that are new, "running" for all that is not sent yet (--update, --update-running).`,
  })
