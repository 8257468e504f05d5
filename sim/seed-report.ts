import { runSeed, type SeedResult } from "./run-seed.ts"
import type { Violation } from "./world/sim-world.ts"

/** What a seed's two runs gave, small enough to travel between threads. */
export interface SeedReport {
  readonly seed: number
  readonly violations: ReadonlyArray<Violation>
  readonly digest: string
  readonly copies: number
  readonly crashes: number
}

/** The first line in which two tellings differ. */
const differenceOf = (first: SeedResult, second: SeedResult): string => {
  const index = first.lines.findIndex((line, position) => line !== second.lines[position])
  return `line ${index + 1}: ${first.lines[index]} | ${second.lines[index]}`
}

/** Runs a seed twice: both must tell the same. */
export const reportSeed = async (seed: number): Promise<SeedReport> => {
  const first = await runSeed(seed)
  const second = await runSeed(seed)
  const { violations, digest, copies, crashes } = first
  const differs = digest !== second.digest
  return {
    seed,
    digest,
    copies,
    crashes,
    violations: differs
      ? [...violations, { promise: "the same seed tells the same", evidence: differenceOf(first, second) }]
      : violations,
  }
}
