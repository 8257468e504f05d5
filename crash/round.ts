import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { createInterface } from "node:readline"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { dice } from "./dice.ts"
import { type KillPoint, killPoints } from "./kill-point.ts"
import { compare, type Findings } from "./ledger.ts"
import type { LifeOptions } from "./life.ts"
import { shadowDisk } from "./power-loss.ts"
import { removeStore, type StorageName } from "./stores.ts"

const life = fileURLToPath(new URL("life.ts", import.meta.url))

/** A life that is neither killed nor done by then hangs. */
const lifeLimitMs = 60_000

const kills = 2

/** One round: a campaign that is killed, started again, killed again, and run to its end. */
export interface Round {
  readonly seed: number
  readonly points: ReadonlyArray<KillPoint>
  readonly killed: number
  /** From the start of the last life's process to its first send, milliseconds; `null` when it had nothing to send. */
  readonly firstSendMs: number | null
  readonly findings: Findings
}

interface Ended {
  readonly signal: NodeJS.Signals | null
  readonly code: number | null
  readonly output: string
}

/** What is told about leads, as long as it was not answered: who leaves as soon as they are in, who opens when a mail waits. */
class Correspondent {
  readonly #open: Set<string>
  readonly #done = new Set<string>()

  constructor(leaving: ReadonlyArray<string>) {
    this.#open = new Set(leaving.map((lead) => `left ${lead}`))
  }

  /** Answers a line of a life with what it shall hear. */
  hear(line: string): ReadonlyArray<string> {
    if (line === "listening") return [...this.#open]
    const [word, ...rest] = line.split(" ")
    const signal = word === "waiting" ? `opened ${rest[0]}` : rest.join(" ")
    if (word === "signalled") {
      this.#done.add(signal)
      this.#open.delete(signal)
    }
    if (word !== "waiting" || this.#done.has(signal) || this.#open.has(signal)) return []
    this.#open.add(signal)
    return [signal]
  }
}

const live = (
  options: LifeOptions,
  killAfterMs: number | undefined,
  correspondent: Correspondent,
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--conditions=sendstate-source", life, JSON.stringify(options)], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    })
    // It may die with something unread.
    child.stdin.on("error", () => undefined)
    createInterface({ input: child.stdout }).on("line", (line) => {
      for (const signal of correspondent.hear(line)) child.stdin.write(`${signal}\n`)
    })
    let output = ""
    let timer: NodeJS.Timeout | undefined
    const limit = setTimeout(() => child.kill("SIGKILL"), lifeLimitMs)
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text
      // The random moment counts from when there is something to lose, not from the start of node.
      if (killAfterMs !== undefined && timer === undefined) timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs)
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text
    })
    child.on("error", reject)
    child.on("close", (code, signal) => {
      clearTimeout(limit)
      clearTimeout(timer)
      resolve({ code, signal, output })
    })
  })

const people = (roll: () => number): ReadonlyArray<string> =>
  Array.from({ length: 30 }, (_, index) => {
    const kind = roll()
    return `${kind < 0.1 ? "gone" : kind < 0.25 ? "full" : "lead"}${index}@x.test`
  })

/** Plays one round; the seed decides who is mailed, where it dies, and the policy. */
export const playRound = async (
  storage: StorageName,
  seed: number,
  sink: { readonly url: string; readonly ledger: string },
  options: { readonly powerLoss: boolean },
): Promise<Round> => {
  const roll = dice(seed)
  const folder = await mkdtemp(join(tmpdir(), "sendstate-crash-"))
  const scratch = await mkdtemp(join(tmpdir(), "sendstate-crash-beside-"))
  const disk = options.powerLoss ? shadowDisk(folder, scratch) : undefined
  const onUnknown = roll() < 0.5 ? "hold" : "resend"
  // Beside the store: what the caller was told survives whatever happens to the disk.
  const acknowledged = join(scratch, "acknowledged")
  const leads = people(roll)
  const sequence = seed % 2 === 0
  const signalled = join(scratch, "signalled")
  const correspondent = new Correspondent(sequence ? leads.filter((_, index) => index % 6 === 0) : [])
  const base = { storage, folder, smtp: sink.url, onUnknown, leads, acknowledged, sequence, signalled } as const
  const points: Array<KillPoint> = []
  let killed = 0
  for (let index = 0; index < kills; index += 1) {
    const point = killPoints[Math.floor(roll() * killPoints.length)] ?? "random"
    points.push(point)
    const nth = 1 + Math.floor(roll() * (point === "after-claim" || point === "before-enroll-answer" ? 3 : 12))
    const { signal } = await live(
      { ...base, kill: { point, nth } },
      point === "random" ? Math.floor(roll() * 400) : undefined,
      correspondent,
      disk?.environment,
    )
    if (signal === "SIGKILL") killed += 1
    disk?.losePower(roll)
  }
  const last = await live({ ...base, kill: null }, undefined, correspondent)
  // What the sink takes after its client has died is taken all the same.
  await pause(30)
  const done = /^done (.+)$/m.exec(last.output)?.[1]
  const findings = await compare(storage, folder, { acknowledged, signalled, ledger: sink.ledger })
  const problems =
    done === undefined
      ? [...findings.problems, `the last life did not end: ${last.output.slice(-500)}`]
      : findings.problems
  await removeStore(storage, folder)
  await rm(scratch, { recursive: true, force: true })
  return {
    seed,
    points,
    killed,
    firstSendMs: done === undefined ? null : (JSON.parse(done) as { firstSendMs: number | null }).firstSendMs,
    findings: { ...findings, problems },
  }
}
