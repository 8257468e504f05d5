/** Loaded before everything else (`--import`): plants the mutant that `SENDSTATE_MUTANT` names while modules load. */
import { registerHooks } from "node:module"
import process from "node:process"
import { mutants } from "./mutants.ts"
import { plantedSource, urlOf } from "./source.ts"

const mutant = mutants.find(({ name }) => name === process.env.SENDSTATE_MUTANT)
if (mutant === undefined) throw new Error(`There is no mutant ${process.env.SENDSTATE_MUTANT}.`)

const place = urlOf(mutant)
const source = plantedSource(mutant)

registerHooks({
  load: (url, context, nextLoad) =>
    url === place ? { format: "module-typescript", source, shortCircuit: true } : nextLoad(url, context),
})
