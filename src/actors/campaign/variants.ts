import { idOf, type Variant } from "../../sdk/index.ts"
import type { Definition } from "./definition.ts"

// The same number from 0 to 1 for the same words, always and everywhere.
const unitOf = (...words: ReadonlyArray<string | number>): number =>
  Number.parseInt(idOf(...words).slice(0, 8), 32) / 32 ** 8

/** The variant of a step that a lead gets, always the same; `undefined` for a step without. */
export const variantFor = (
  definition: Pick<Definition, "id" | "steps">,
  index: number,
  leadId: string,
): (Variant & { readonly hash: string }) | undefined => {
  const step = definition.steps[index]
  if (step?.variants === undefined) return undefined
  const total = step.variants.reduce((sum, { weight }) => sum + weight, 0)
  let rest = unitOf("variant", definition.id, step.name ?? index, leadId) * total
  for (const variant of step.variants) {
    if (rest < variant.weight) return variant
    rest -= variant.weight
  }
  return step.variants.at(-1)
}

/** Content hash of the template that a lead gets in a step; `undefined` where there is no such step. */
export const templateFor = (
  definition: Pick<Definition, "id" | "steps">,
  index: number,
  leadId: string,
): string | undefined => (variantFor(definition, index, leadId) ?? definition.steps[index])?.hash

/** Whether a lead is one of those that get no mail, to compare with. */
export const isHeldOut = ({ id, holdout }: Pick<Definition, "id" | "holdout">, leadId: string): boolean =>
  holdout !== undefined && unitOf("holdout", id, leadId) < holdout
