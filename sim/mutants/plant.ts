/** Loaded before everything else (`--import`): plants the mutant that `SENDSTATE_MUTANT` names while modules load. */
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { mutants } from "./mutants.ts"

const mutant = mutants.find(({ name }) => name === process.env.SENDSTATE_MUTANT)
if (mutant === undefined) throw new Error(`There is no mutant ${process.env.SENDSTATE_MUTANT}.`)

const { href } = new URL(`../../src/${mutant.file}`, import.meta.url)
const parts = readFileSync(fileURLToPath(href), "utf8").split(mutant.text)
if (parts.length !== 2)
  throw new Error(
    `The mutant "${mutant.name}" has rotted: its text stands ${parts.length - 1} times in ${mutant.file}.`,
  )

registerHooks({
  load: (url, context, nextLoad) =>
    url === href
      ? { format: "module-typescript", source: parts.join(mutant.replacement), shortCircuit: true }
      : nextLoad(url, context),
})
