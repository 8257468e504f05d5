/**
 * The seed runner: production code in simulated worlds full of faults, every promise checked after every event.
 *
 *     npm run sim -- --seeds 1000            seeds 1 to 1000, each twice
 *     npm run sim -- --seeds 1000 --seed 5   seeds 5 to 1004
 *     npm run sim -- --seed 5                one seed, with its options and its story
 *     npm run sim -- --mutants               plants each known bug and counts the seeds until it is found
 *     npm run sim -- --mutants --starts 3    hunts each from three starts, and prints its median
 *
 * `--json` prints one JSON object instead of lines. Exit code 1 when a promise was broken or a mutant was not found.
 */
import { availableParallelism } from "node:os"
import { performance } from "node:perf_hooks"
import process from "node:process"
import { parseArgs } from "node:util"
import { huntMutants } from "./mutants/hunt-mutants.ts"
import { drawOptions } from "./options.ts"
import { runSeed } from "./run-seed.ts"
import { runSeeds } from "./seed-pool.ts"
import type { SeedReport } from "./seed-report.ts"

// As production runs: XState's development build costs time.
process.env.NODE_ENV ??= "production"

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    seed: { type: "string" },
    threads: { type: "string", default: String(Math.min(2, availableParallelism())) },
    mutants: { type: "boolean", default: false },
    starts: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
})

const say = (line: string): void => {
  if (!values.json) console.log(line)
}

/** The seeds that broke a promise, with what is needed to see it again. */
const tellFailure = ({ seed, violations }: SeedReport): void => {
  for (const { promise, evidence } of violations) say(`seed ${seed}: ${promise}: ${evidence}`)
  say(`  options: ${JSON.stringify(drawOptions(seed))}`)
  say(`  again:   npm run sim -- --seed ${seed}`)
}

const runMany = async (first: number, count: number): Promise<boolean> => {
  const startedAt = performance.now()
  const reports: SeedReport[] = []
  const seeds = Array.from({ length: count }, (_, index) => first + index)
  await runSeeds(seeds, Number(values.threads), (report) => {
    reports.push(report)
    if (report.violations.length > 0) tellFailure(report)
    else if (reports.length % 1_000 === 0) say(`${reports.length} seeds`)
  })
  const seconds = (performance.now() - startedAt) / 1_000
  const failed = reports.filter(({ violations }) => violations.length > 0)
  const sum = (of: (report: SeedReport) => number): number => reports.reduce((total, report) => total + of(report), 0)
  const figures = {
    seeds: count,
    seconds: Math.round(seconds),
    seedsPerSecond: Math.round((count / seconds) * 10) / 10,
    copies: sum(({ copies }) => copies),
    crashes: sum(({ crashes }) => crashes),
  }
  if (values.json) console.log(JSON.stringify({ ...figures, failed }))
  say(
    `${count} seeds, each twice, in ${figures.seconds} s (${figures.seedsPerSecond} seeds/s): ${figures.copies} copies delivered, ${figures.crashes} processes ended`,
  )
  say(`${count - failed.length} passed, ${failed.length} failed`)
  return failed.length === 0
}

const runOne = async (seed: number): Promise<boolean> => {
  const { options, lines, violations, digest } = await runSeed(seed)
  if (values.json) console.log(JSON.stringify({ options, digest, violations, lines }))
  say(JSON.stringify(options, undefined, 2))
  for (const line of lines) say(line)
  for (const { promise, evidence } of violations) say(`BROKEN: ${promise}: ${evidence}`)
  say(`digest ${digest}`)
  return violations.length === 0
}

const isFine = values.mutants
  ? await huntMutants({ threads: Number(values.threads), starts: Number(values.starts), json: values.json })
  : values.seed !== undefined && values.seeds === undefined
    ? await runOne(Number(values.seed))
    : await runMany(Number(values.seed ?? 1), Number(values.seeds ?? 100))
process.exit(isFine ? 0 : 1)
