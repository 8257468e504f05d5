import { spawn } from "node:child_process"
import { performance } from "node:perf_hooks"
import process from "node:process"
import { fileURLToPath } from "node:url"
import type { Mutant } from "./mutant.ts"
import { mutants } from "./mutants.ts"

/** Seeds after which a mutant counts as not found. */
const mostSeeds = 500

interface Catch {
  readonly name: string
  /** Seeds that were run. */
  readonly seeds: number
  /** The promise whose break gave it away; absent: not found. */
  readonly promise?: string
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

const hunt = (mutant: Mutant): Promise<Catch> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ["--conditions=sendstate-source", "--import", pathOf("./plant.ts"), pathOf("./hunt-one.ts"), String(mostSeeds)],
      {
        env: { ...process.env, SENDSTATE_MUTANT: mutant.name, NODE_ENV: "production" },
        stdio: ["ignore", "pipe", "inherit"],
      },
    )
    let output = ""
    child.stdout.on("data", (chunk) => {
      output += chunk
    })
    child.on("error", reject)
    child.on("exit", (code) => {
      if (code === 0) resolve({ name: mutant.name, ...JSON.parse(output) })
      else reject(new Error(`The hunt for "${mutant.name}" ended with ${code}.`))
    })
  })

const medianOf = (numbers: ReadonlyArray<number>): number =>
  [...numbers].sort((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? 0

/** Plants each mutant in a process of its own and hunts it; answers whether all were found. */
export const huntMutants = async (options: { readonly threads: number; readonly json: boolean }): Promise<boolean> => {
  const startedAt = performance.now()
  const waiting = [...mutants]
  const catches: Catch[] = []
  const workOff = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const caught = await hunt(mutant)
      catches.push(caught)
      const told = caught.promise === undefined ? "NOT FOUND" : `"${caught.promise}" is broken`
      if (!options.json) console.log(`${caught.name}: ${told} after ${caught.seeds} seeds`)
    }
  }
  await Promise.all(Array.from({ length: options.threads }, workOff))
  const missed = catches.filter(({ promise }) => promise === undefined)
  const median = medianOf(catches.map(({ seeds }) => seeds))
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  if (options.json) console.log(JSON.stringify({ catches, median, seconds }))
  else {
    console.log(`median ${median} seeds, ${seconds} s`)
    console.log(`${catches.length - missed.length} passed, ${missed.length} failed`)
  }
  return missed.length === 0
}
