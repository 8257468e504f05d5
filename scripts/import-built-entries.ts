/**
 * Imports every public entry from `dist` by package name, the way an installed copy is imported, and starts the
 * built command line. Type checks cannot see a file name that is put together at run time and still ends in `.ts`.
 */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import process from "node:process"

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly bin: { readonly sendstate: string }
}

const problems: Array<string> = []
const entries = Object.entries(manifest.exports).filter(([, target]) => typeof target !== "string")
for (const [path] of entries) {
  const name = path.replace(/^\./, "sendstate")
  try {
    const from = import.meta.resolve(name)
    if (!from.includes("/dist/")) problems.push(`${name} resolves to ${from}, not into dist`)
    const names = Object.keys((await import(name)) as object)
    if (names.length === 0) problems.push(`${name} exports nothing`)
  } catch (error) {
    problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const help = spawnSync(process.execPath, [manifest.bin.sendstate, "--help"], { encoding: "utf8", timeout: 30_000 })
if (help.status !== 0) problems.push(`${manifest.bin.sendstate} --help ended with ${help.status}: ${help.stderr}`)

for (const problem of problems) console.error(problem)
console.log(`${entries.length} entries imported from dist, ${problems.length} problems`)
process.exit(problems.length > 0 ? 1 : 0)
