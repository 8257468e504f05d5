/** Runs every example as a user would, each in a process of its own: `npm run examples`. */
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { startLocalInbox } from "./local-inbox.ts"

const root = fileURLToPath(new URL("../", import.meta.url))

/** An example that takes longer is stuck. */
const limitMs = 90_000

interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  /** Both streams, in the order in which they came. */
  readonly output: string
}

const run = (...args: ReadonlyArray<string>): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--conditions=sendstate-source", ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: limitMs,
      killSignal: "SIGKILL",
    })
    let stdout = ""
    let output = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text
      output += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text
    })
    child.on("error", reject)
    child.on("close", (exitCode) => resolve({ exitCode, stdout, output }))
  })

const mustSucceed = async (...args: ReadonlyArray<string>): Promise<string> => {
  const { exitCode, output } = await run(...args)
  if (exitCode === 0) return output
  throw new Error(`${output}\n${exitCode === null ? `stopped after ${limitMs / 1_000} s` : `exit code ${exitCode}`}`)
}

/** The campaign of examples/spring through the command line, to an inbox of this process. */
const spring = async (): Promise<string> => {
  const inbox = await startLocalInbox()
  const folder = await mkdtemp(join(tmpdir(), "sendstate-example-"))
  try {
    const files = ["examples/spring/campaign.yaml", "examples/spring/leads.csv"]
    const flags = ["--smtp", inbox.url, "--db", join(folder, "spring.db"), "--yes", "--json", "--speed", "1000000"]
    const { exitCode, stdout, output } = await run("src/cli/bin.ts", "run", ...files, ...flags)
    if (exitCode !== 0) throw new Error(`${output}\nexit code ${exitCode}`)
    const { planned, sent, enrollments } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "")
    const distinct = new Set(inbox.mails.map(({ messageId }) => messageId)).size
    const people = new Set(inbox.mails.map(({ to }) => to)).size
    const facts = `${planned} planned, ${sent} sent, ${inbox.mails.length} mails (${distinct} distinct) for ${people} people arrived`
    const isRight =
      sent === planned && sent === distinct && sent === inbox.mails.length && enrollments.finished === people
    if (!isRight || sent === 0) throw new Error(facts)
    return facts
  } finally {
    await inbox.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

const examples: Readonly<Record<string, () => Promise<string>>> = {
  embed: () => mustSucceed("examples/embed.ts"),
  "web-server": () => mustSucceed("examples/web-server/index.ts", "--self-check"),
  recipients: () => mustSucceed("examples/recipients/index.ts"),
  "compat-server": () => mustSucceed("examples/compat-server/index.ts", "--self-check"),
  "custom-transport": () => mustSucceed("examples/custom-transport/index.ts"),
  "custom-storage": () => mustSucceed("examples/custom-storage/index.ts"),
  "custom-storage conformance": () => mustSucceed("--test", "examples/custom-storage/line-file.test.ts"),
  "retry-laws": () => mustSucceed("examples/retry-laws.ts"),
  inspector: () => mustSucceed("examples/inspector.ts"),
  "effect-layers": () => mustSucceed("examples/effect-layers.ts"),
  spring,
}

const wanted = process.argv.slice(2)
let passed = 0
let failed = 0
for (const [name, example] of Object.entries(examples)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const startedAt = performance.now()
  try {
    const output = await example()
    passed += 1
    console.log(`ok   ${name} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`)
    if (wanted.length > 0) console.log(output)
  } catch (error) {
    failed += 1
    console.log(`FAIL ${name}\n${error instanceof Error ? error.message : String(error)}`)
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
