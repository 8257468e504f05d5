import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Storage, type StorageDriver, StorageError } from "sendstate/sdk"
import { lowdb } from "sendstate/storage/lowdb"
import { sqlite } from "sendstate/storage/sqlite"
import { sampleRows } from "sendstate/testing"
import { dice } from "./dice.ts"

const { claim, failedOf, intentOf, itemOf, noon, read, sentOf, setCampaign } = sampleRows

/** A store in files, and how it is opened. */
interface Subject {
  readonly storage: (file: string) => Storage
  /** What the store's files are called beside its own name. */
  readonly ends: ReadonlyArray<string>
}

const subjects: Readonly<Record<string, Subject>> = {
  sqlite: { storage: (file) => sqlite(file), ends: ["", "-wal"] },
  lowdb: { storage: (file) => lowdb(file), ends: [""] },
}

/** What became of damaged copies. */
export interface DamageReport {
  readonly storage: string
  readonly damage: string
  readonly tries: number
  /** The exact state. */
  readonly exact: number
  /** A state that was committed before. */
  readonly earlier: number
  /** A typed corruption error. */
  readonly refused: number
  /** Anything else: a wrong state, another error, or a file that was changed by looking at it. */
  readonly wrong: ReadonlyArray<string>
}

const open = async (subject: Subject, file: string, mode: "own" | "observe"): Promise<StorageDriver> =>
  subject.storage(file).open({ mode, now: () => noon })

/** Everything that a store says, as one text. */
const stateOf = async (driver: StorageDriver): Promise<string> =>
  JSON.stringify([
    await driver.list({ limit: 1_000 }),
    await driver.counts("spring"),
    await driver.changes(0, 10_000),
    ...(await Promise.all(kinds.map(async (kind) => driver.listDocuments(kind, { limit: 1_000 })))),
    await driver.enrollments(names.map((name) => `spring-${name}`)),
  ])

const kinds = ["lead", "suppression", "campaign", "template", "setting"] as const

const names = Array.from({ length: 25 }, (_, index) => `lead-${String(index).padStart(2, "0")}`)

/** Plays a campaign, and hands out each state that is committed. */
const play = async (driver: StorageDriver, committed: () => Promise<void>): Promise<void> => {
  await committed()
  await setCampaign(driver, "running")
  await committed()
  await driver.writeDocuments([
    { kind: "template", key: "hello", value: { subject: "Grüße", html: "<p>Hello {{name}}</p>" } },
    { kind: "setting", key: "speed", value: { perMinute: 20 } },
  ])
  await committed()
  for (let start = 0; start < names.length; start += 5) {
    await driver.enroll(names.slice(start, start + 5).map((name) => itemOf(name)))
    await committed()
  }
  const rows = await claim(driver, { limit: 15 })
  await committed()
  for (const row of rows.slice(0, 10)) {
    await driver.commit([intentOf(row)], noon)
    await committed()
    await driver.commit([sentOf(await read(driver, row.id))], noon)
    await committed()
  }
  await driver.commit(
    rows.slice(10).map((row) => failedOf(row)),
    noon,
  )
  await committed()
  await driver.writeDocuments([{ kind: "suppression", key: "someone", value: { why: "unsubscribed" } }])
  await committed()
}

interface Made {
  readonly file: string
  /** Texts of all states, the last one last. */
  readonly states: ReadonlyArray<string>
}

// The files as they lie there while their owner works, as a kill would leave them; or after it has closed.
const make = async (subject: Subject, folder: string, closed: boolean): Promise<Made> => {
  const states: Array<string> = []
  const live = join(folder, "live")
  const file = join(folder, "store")
  const driver = await open(subject, live, "own")
  // As another process sees it: leases are the owner's own.
  await play(driver, async () => {
    const observer = await open(subject, live, "observe")
    states.push(await stateOf(observer))
    await observer.close()
  })
  if (closed) await driver.close()
  for (const end of subject.ends) if (existsSync(live + end)) copyFileSync(live + end, file + end)
  if (!closed) await driver.close()
  return { file, states }
}

const look = async (subject: Subject, made: Made, damaged: ReadonlyMap<string, Buffer>, folder: string) => {
  const copy = join(folder, "damaged")
  for (const end of [...subject.ends, "-shm", ".owner"]) rmSync(copy + end, { force: true })
  for (const end of subject.ends)
    if (existsSync(made.file + end)) writeFileSync(copy + end, damaged.get(end) ?? readFileSync(made.file + end))
  let driver: StorageDriver | undefined
  try {
    driver = await open(subject, copy, "observe")
    const state = await stateOf(driver)
    const at = made.states.lastIndexOf(state)
    return at === made.states.length - 1 ? "exact" : at >= 0 ? "earlier" : "a state that never was"
  } catch (error) {
    if (!(error instanceof StorageError)) return `an untyped error: ${String(error)}`
    // A log that SQLite cannot read any more it removes itself, with the last connection.
    const kept = [...damaged].every(([end, bytes]) => end !== "" || readFileSync(copy).equals(bytes))
    return kept ? "refused" : "refused, but the damaged file was changed"
  } finally {
    await driver?.close()
  }
}

const tally = (storage: string, damage: string, answers: ReadonlyArray<readonly [string, string]>): DamageReport => ({
  storage,
  damage,
  tries: answers.length,
  exact: answers.filter(([, answer]) => answer === "exact").length,
  earlier: answers.filter(([, answer]) => answer === "earlier").length,
  refused: answers.filter(([, answer]) => answer === "refused").length,
  wrong: answers
    .filter(([, answer]) => !["exact", "earlier", "refused"].includes(answer))
    .map((pair) => pair.join(": ")),
})

const flips = async (
  name: string,
  subject: Subject,
  folder: string,
  end: string,
  { flips: count, seed }: { readonly flips: number; readonly seed: number },
): Promise<DamageReport> => {
  const isClosed = end === ""
  const made = await make(subject, folder, isClosed)
  const bytes = readFileSync(made.file + end)
  const roll = dice(seed)
  const answers: Array<readonly [string, string]> = []
  for (let flip = 0; flip < count; flip += 1) {
    const at = Math.floor(roll() * bytes.length)
    const bit = Math.floor(roll() * 8)
    const flipped = Buffer.from(bytes)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
    const answer = await look(subject, made, new Map([[end, flipped]]), folder)
    // A closed store has one state: another one is wrong, also when it once was right. A log is read up to its damage.
    answers.push([`byte ${at} bit ${bit}`, isClosed && answer === "earlier" ? "an earlier state" : answer])
  }
  return tally(name, `bits of the ${isClosed ? "file" : "log"} flipped`, answers)
}

const cuts = async (
  name: string,
  subject: Subject,
  folder: string,
  end: string,
  most: number,
): Promise<DamageReport> => {
  const made = await make(subject, folder, end === "")
  const bytes = readFileSync(made.file + end)
  const answers: Array<readonly [string, string]> = []
  for (let cut = 1; cut <= Math.min(most, bytes.length); cut += 1)
    answers.push([`${cut} bytes`, await look(subject, made, new Map([[end, bytes.subarray(0, -cut)]]), folder)])
  return tally(name, `${end === "" ? "file" : "log"} cut`, answers)
}

/**
 * Damages copies of stores: so many random bits flipped, and the end cut off at each of so many bytes; in the file of a
 * closed one, and in the write-ahead log of one that was killed.
 */
export const damageStores = async (options: {
  readonly flips: number
  readonly cuts: number
  readonly seed: number
}): Promise<ReadonlyArray<DamageReport>> => {
  const reports: Array<DamageReport> = []
  for (const [name, subject] of Object.entries(subjects)) {
    const inFolder = async (run: (folder: string) => Promise<DamageReport>): Promise<void> => {
      const folder = mkdtempSync(join(tmpdir(), "sendstate-damage-"))
      try {
        reports.push(await run(folder))
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    }
    for (const end of subject.ends) {
      await inFolder((folder) => flips(name, subject, folder, end, options))
      await inFolder((folder) => cuts(name, subject, folder, end, options.cuts))
    }
  }
  return reports
}
