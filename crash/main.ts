/**
 * Kills a program that runs a campaign, again and again, and compares what it says with what the other side has:
 * `npm run crash -- [--storage sqlite|lowdb|postgres] [--rounds N] [--seed S] [--json]`. All storages without one.
 */
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { playRound, type Round } from "./round.ts"
import { type StorageName, storageNames } from "./stores.ts"

const { values } = parseArgs({
  options: {
    storage: { type: "string" },
    rounds: { type: "string", default: "10" },
    seed: { type: "string" },
    json: { type: "boolean", default: false },
  },
})

/** Rounds at once: a round mostly waits for processes that start. */
const lanes = 2

const startSink = async (folder: string, seed: number) => {
  const ledger = join(folder, `ledger-${seed}`)
  const child = spawn(
    process.execPath,
    ["--conditions=sendstate-source", fileURLToPath(new URL("sink.ts", import.meta.url)), ledger, String(seed)],
    { stdio: ["pipe", "pipe", "inherit"] },
  )
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()))
    child.once("exit", (code) => reject(new Error(`the sink ended with ${code}`)))
  })
  return { url, ledger, stop: () => child.kill("SIGKILL") }
}

const play = async (storage: StorageName, seeds: ReadonlyArray<number>): Promise<ReadonlyArray<Round>> => {
  const folder = await mkdtemp(join(tmpdir(), "sendstate-sink-"))
  const waiting = [...seeds]
  const rounds: Array<Round> = []
  const lane = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      // A ledger for each round: the ids of executions are the same in all of them.
      const sink = await startSink(folder, seed)
      try {
        const round = await playRound(storage, seed, sink)
        rounds.push(round)
        for (const problem of round.findings.problems)
          console.error(`seed ${seed} (${round.points.join(", ")}): ${problem}`)
      } finally {
        sink.stop()
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: lanes }, lane))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return rounds
}

const median = (numbers: ReadonlyArray<number>): number | null =>
  numbers.length === 0 ? null : Math.round([...numbers].sort((left, right) => left - right)[numbers.length >> 1] ?? 0)

const sum = (rounds: ReadonlyArray<Round>, of: (round: Round) => number): number =>
  rounds.reduce((total, round) => total + of(round), 0)

const reportOf = (storage: StorageName, rounds: ReadonlyArray<Round>) => ({
  storage,
  rounds: rounds.length,
  kills: sum(rounds, ({ killed }) => killed),
  planned: sum(rounds, ({ findings }) => findings.planned),
  sent: sum(rounds, ({ findings }) => findings.sent),
  held: sum(rounds, ({ findings }) => findings.held),
  doubts: sum(rounds, ({ findings }) => findings.doubts),
  duplicates: sum(rounds, ({ findings }) => findings.duplicates),
  unreported: sum(rounds, ({ findings }) => findings.unreported),
  lost: sum(rounds, ({ findings }) => findings.lost),
  firstSendMs: median(rounds.flatMap(({ firstSendMs }) => firstSendMs ?? [])),
  failures: rounds.filter(({ findings }) => findings.problems.length > 0).map(({ seed }) => seed),
})

const known = (name: string): StorageName => {
  const found = storageNames.find((storage) => storage === name)
  if (found === undefined) throw new Error(`There is no storage ${name}; there are ${storageNames.join(", ")}.`)
  return found
}

const wanted = values.storage === undefined ? storageNames : [known(values.storage)]
const count = values.seed === undefined ? Number(values.rounds) : 1
const seeds = Array.from({ length: count }, (_, index) => Number(values.seed ?? 1) + index)
const reports = []
for (const storage of wanted) {
  const report = reportOf(storage, await play(storage, seeds))
  reports.push(report)
  const { rounds, kills, planned, sent, held, doubts, duplicates, unreported, lost, firstSendMs, failures } = report
  if (!values.json)
    console.log(
      `${storage}: ${rounds} rounds, ${kills} kills, ${planned} mails planned, ${sent} sent, ${held} held, ${doubts} in doubt at some time; ` +
        `${duplicates} second copies, all reported but ${unreported}; ${lost} lost; first send after the last start: median ${firstSendMs ?? "-"} ms` +
        (failures.length === 0 ? "" : `; FAILED seeds ${failures.join(", ")}`),
    )
}
const failed = reports.reduce((total, { failures }) => total + failures.length, 0)
const passed = reports.reduce((total, { rounds }) => total + rounds, 0) - failed
if (values.json) console.log(JSON.stringify(reports))
else console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
