/** With a planted bug in the process: runs seeds until one finds it. Prints one JSON line. */
import process from "node:process"
import { runSeed } from "../run-seed.ts"

const most = Number(process.argv[2])
let seed = 1
let found: string | undefined
while (found === undefined && seed <= most) {
  const { violations } = await runSeed(seed)
  found = violations[0]?.promise
  if (found === undefined) seed += 1
}
console.log(JSON.stringify(found === undefined ? { seeds: most } : { seeds: seed, promise: found }))
process.exit(0)
