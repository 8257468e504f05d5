/** With a planted bug in the process: from each start, runs seeds until one finds it. Prints one JSON line. */
import process from "node:process"
import { runSeed } from "../run-seed.ts"

const [most = 0, ...starts] = process.argv.slice(2).map(Number)
const seeds: number[] = []
const promises: string[] = []
for (const start of starts) {
  let run = 0
  let found: string | undefined
  while (found === undefined && run < most) {
    const { violations } = await runSeed(start + run)
    found = violations[0]?.promise
    run += 1
  }
  seeds.push(run)
  if (found !== undefined) promises.push(found)
}
console.log(JSON.stringify({ seeds, promises }))
process.exit(0)
