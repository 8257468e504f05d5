import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Mutant } from "./mutant.ts"

/** Where the production file stands that the bug is planted into. */
export const urlOf = ({ file }: Mutant): string => new URL(`../../src/${file}`, import.meta.url).href

/** The file with the bug in it; throws when the text that the bug replaces does not stand there exactly once. */
export const plantedSource = (mutant: Mutant): string => {
  const parts = readFileSync(fileURLToPath(urlOf(mutant)), "utf8").split(mutant.text)
  if (parts.length !== 2)
    throw new Error(
      `The mutant "${mutant.name}" has rotted: its text stands ${parts.length - 1} times in ${mutant.file}. Write down in sim/mutants/mutants.ts where that bug would be made now.`,
    )
  return parts.join(mutant.replacement)
}
