/**
 * Runs the build and then every `check:*` script of package.json, in the order in which they stand there.
 * A failure does not stop the ones after it: one run shows everything that is wrong.
 *
 *     npm run check                  all of them
 *     npm run check -- lint docs     only these
 */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { performance } from "node:perf_hooks"
import process from "node:process"

/** The package is judged as it would be published: these read `dist`. */
const needBuild = new Set(["check:package", "check:exports", "check:built"])

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>
}
const checks = Object.keys(manifest.scripts).filter((name) => name.startsWith("check:"))

const wanted = process.argv.slice(2).map((name) => (name.startsWith("check:") ? name : `check:${name}`))
const unknown = wanted.filter((name) => !checks.includes(name))
if (unknown.length > 0) {
  console.error(`No such check: ${unknown.join(", ")}. There are: ${checks.join(", ")}.`)
  process.exit(1)
}

const chosen = wanted.length > 0 ? checks.filter((name) => wanted.includes(name)) : checks
const steps = chosen.some((name) => needBuild.has(name)) ? ["build", ...chosen] : chosen
const failed: Array<string> = []

for (const step of steps) {
  console.log(`\n── ${step}`)
  if (needBuild.has(step) && failed.includes("build")) {
    console.log("not run: the build failed")
    failed.push(step)
    continue
  }
  const startedAt = performance.now()
  const { status, error } = spawnSync("npm", ["run", "--silent", step], {
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  if (error !== undefined) console.error(error.message)
  if (status !== 0) failed.push(step)
  console.log(`${status === 0 ? "ok" : "FAILED"} (${seconds} s)`)
}

if (failed.length > 0) console.log(`\nfailed: ${failed.join(", ")}`)
console.log(`\n${steps.length - failed.length} passed, ${failed.length} failed`)
process.exit(failed.length > 0 ? 1 : 0)
