import { spawn } from "node:child_process"
import { performance } from "node:perf_hooks"
import process from "node:process"
import { fileURLToPath } from "node:url"
import type { Mutant } from "./mutant.ts"
import { mutants } from "./mutants.ts"

/** Seeds after which a mutant counts as not found. */
const mostSeeds = 500

/** Starts of hunts are so many seeds apart. */
const stride = 1_000

/** How mutants are hunted. */
export interface HuntOptions {
  readonly threads: number
  readonly json: boolean
  /** From how many starts each of them is: one start alone may be lucky. */
  readonly starts: number
}

interface Catch {
  readonly name: string
  /** Seeds that were run, from each start. */
  readonly seeds: ReadonlyArray<number>
  /** The promises whose breaks gave it away, one for each start that found it. */
  readonly promises: ReadonlyArray<string>
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

const hunt = (mutant: Mutant, starts: ReadonlyArray<number>): Promise<Catch> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        "--conditions=sendstate-source",
        "--import",
        pathOf("./plant.ts"),
        pathOf("./hunt-one.ts"),
        String(mostSeeds),
        ...starts.map(String),
      ],
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

/** Not found from one of the starts. */
const isMissed = ({ promises, seeds }: Catch): boolean => promises.length < seeds.length

/** Plants each mutant in a process of its own and hunts it; answers whether all were found. */
export const huntMutants = async (options: HuntOptions): Promise<boolean> => {
  const startedAt = performance.now()
  const starts = Array.from({ length: options.starts }, (_, index) => 1 + index * stride)
  const waiting = [...mutants]
  const catches: Catch[] = []
  const workOff = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const caught = await hunt(mutant, starts)
      catches.push(caught)
      const [promise = ""] = caught.promises
      const told = isMissed(caught) ? "NOT FOUND" : `"${promise}" is broken`
      if (!options.json)
        console.log(`${caught.name}: ${told}; median ${medianOf(caught.seeds)} of ${caught.seeds.join(", ")} seeds`)
    }
  }
  await Promise.all(Array.from({ length: options.threads }, workOff))
  const missed = catches.filter(isMissed)
  const median = medianOf(catches.map(({ seeds }) => medianOf(seeds)))
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  if (options.json) console.log(JSON.stringify({ catches, median, seconds }))
  else {
    console.log(`median of the medians ${median} seeds, ${seconds} s`)
    console.log(`${catches.length - missed.length} passed, ${missed.length} failed`)
  }
  return missed.length === 0
}
