/**
 * Kills a program that runs a campaign, again and again, and compares what it says with what the other side has:
 * `npm run crash -- [--storage sqlite|lowdb|postgres] [--rounds N] [--seed S] [--power-loss] [--json]`. All storages without
 * one. `--power-loss` (gcc): at each kill the disk forgets what was not synced. `--sync-order` (strace): reads from the
 * system calls that each intent is synced before the mail's first byte. `--damage`: flips bits and cuts ends of stores.
 */
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { damageStores } from "./damage.ts"
import { playRound, type Round } from "./round.ts"
import { type StorageName, storageNames } from "./stores.ts"
import { checkSyncOrder } from "./sync-order.ts"

const { values } = parseArgs({
  options: {
    storage: { type: "string" },
    rounds: { type: "string", default: "10" },
    seed: { type: "string" },
    json: { type: "boolean", default: false },
    "power-loss": { type: "boolean", default: false },
    "sync-order": { type: "boolean", default: false },
    damage: { type: "boolean", default: false },
    flips: { type: "string", default: "1000" },
    cuts: { type: "string", default: "4096" },
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
        const round = await playRound(storage, seed, sink, { powerLoss: values["power-loss"] })
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

/** Storages that are files of this process. */
const inFiles = (name: StorageName): boolean => name !== "postgres"

interface Outcome {
  readonly passed: number
  readonly failed: number
  readonly report: unknown
}

const killAll = async (wanted: ReadonlyArray<StorageName>): Promise<Outcome> => {
  const count = values.seed === undefined ? Number(values.rounds) : 1
  const seeds = Array.from({ length: count }, (_, index) => Number(values.seed ?? 1) + index)
  const reports = []
  for (const storage of wanted.filter((name) => !values["power-loss"] || inFiles(name))) {
    const report = reportOf(storage, await play(storage, seeds))
    reports.push(report)
    const { rounds, kills, planned, sent, held, doubts, duplicates, unreported, lost, firstSendMs, failures } = report
    if (!values.json)
      console.log(
        `${storage}: ${rounds} rounds, ${kills} ${values["power-loss"] ? "power losses" : "kills"}, ${planned} mails planned, ${sent} sent, ${held} held, ${doubts} in doubt at some time; ` +
          `${duplicates} second copies, all reported but ${unreported}; ${lost} lost; first send after the last start: median ${firstSendMs ?? "-"} ms` +
          (failures.length === 0 ? "" : `; FAILED seeds ${failures.join(", ")}`),
      )
  }
  const failed = reports.reduce((total, { failures }) => total + failures.length, 0)
  return { passed: reports.reduce((total, { rounds }) => total + rounds, 0) - failed, failed, report: reports }
}

const watchSyncs = async (wanted: ReadonlyArray<StorageName>): Promise<Outcome> => {
  const folder = await mkdtemp(join(tmpdir(), "sendstate-sink-"))
  const sink = await startSink(folder, 1)
  try {
    const reports = wanted.filter(inFiles).map((storage) => checkSyncOrder(storage, sink.url))
    for (const { storage, mails, inOrder, problems } of reports) {
      if (!values.json)
        console.log(`${storage}: ${inOrder} of ${mails} intents were written and synced before their mail's first byte`)
      for (const problem of problems) console.error(`${storage}: ${problem}`)
    }
    const good = reports.filter(
      ({ mails, inOrder, problems }) => mails > 0 && inOrder === mails && problems.length === 0,
    )
    return { passed: good.length, failed: reports.length - good.length, report: reports }
  } finally {
    sink.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

const damage = async (): Promise<Outcome> => {
  const reports = await damageStores({
    flips: Number(values.flips),
    cuts: Number(values.cuts),
    seed: Number(values.seed ?? 1),
  })
  for (const { storage, damage: kind, tries, exact, earlier, refused, wrong } of reports) {
    if (!values.json)
      console.log(
        `${storage}, ${kind}: ${tries} tries; ${exact} gave the exact state, ${earlier} an earlier committed one, ${refused} a typed error; ${wrong.length} anything else`,
      )
    for (const problem of wrong.slice(0, 20)) console.error(`${storage}, ${kind}: ${problem}`)
  }
  const bad = reports.filter(({ wrong }) => wrong.length > 0)
  return { passed: reports.length - bad.length, failed: bad.length, report: reports }
}

const wanted = values.storage === undefined ? storageNames : [known(values.storage)]
const outcome = await (values.damage ? damage() : values["sync-order"] ? watchSyncs(wanted) : killAll(wanted))
if (values.json) console.log(JSON.stringify(outcome.report))
else console.log(`${outcome.passed} passed, ${outcome.failed} failed`)
process.exitCode = outcome.failed === 0 && outcome.passed > 0 ? 0 : 1
