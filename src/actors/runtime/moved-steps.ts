import { Conflict, type Issue } from "../../sdk/index.ts"
import type { DefinedStep } from "../campaign/definition.ts"

type Named = Pick<DefinedStep, "name" | "template" | "variants">

const templatesOf = ({ template, variants }: Named): ReadonlyArray<string> =>
  variants === undefined ? [template] : variants.map((one) => one.template)

// Steps that both have names are told apart by them: several may be made of one template.
const isSame = (one: Named, other: Named): boolean => {
  if (one.name !== undefined && other.name !== undefined) return one.name === other.name
  const templates = templatesOf(one)
  return templatesOf(other).some((template) => templates.includes(template))
}

/**
 * The steps that stand at another place than before. A mail under way is known by its place: where the steps move, some
 * would be sent twice, and others never. Steps that are in both at one place, new, replaced or gone have not moved.
 */
export const movedSteps = (before: ReadonlyArray<Named>, after: ReadonlyArray<Named>): ReadonlyArray<Issue> =>
  before.flatMap((step, place) => {
    const same = after[place]
    if (same !== undefined && isSame(step, same)) return []
    const to = after.findIndex((other, index) => {
      const old = before[index]
      return isSame(step, other) && !(old !== undefined && isSame(old, other))
    })
    return to < 0
      ? []
      : [
          {
            path: `steps.${place}`,
            message: `"${step.name ?? step.template}" was mail ${place + 1}, is mail ${to + 1}`,
          },
        ]
  })

/** The refusal of an update of what runs that moves steps. */
export const stepsMoved = (id: string, differences: ReadonlyArray<Issue>): Conflict =>
  new Conflict({
    code: "steps-moved",
    retryable: false,
    differences,
    message: `The update of the running campaign "${id}" moves mails, which leads that are under way would get twice or never: ${differences
      .map(({ message }) => message)
      .join(
        "; ",
      )}. Append mails, change them in their place, or take the last ones away; or update it for leads that are new: true instead of "running" (--update instead of --update-running).`,
  })
