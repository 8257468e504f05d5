import { existsSync, readFileSync } from "node:fs"
import { addressKey, type ExecutionRow, isConserved, type StorageDriver } from "sendstate/sdk"
import { planOf } from "./plan.ts"
import { openStorage, type StorageName } from "./stores.ts"

/** What the two ledgers say together. */
export interface Findings {
  readonly planned: number
  readonly sent: number
  readonly held: number
  /** Attempts that were ever reported in doubt. */
  readonly doubts: number
  /** Copies beyond the first, all of them reported. */
  readonly duplicates: number
  /** Copies beyond what was reported. */
  readonly unreported: number
  /** Acknowledged leads without an execution, and executions called sent that the sink never saw. */
  readonly lost: number
  readonly problems: ReadonlyArray<string>
}

const linesOf = (file: string): ReadonlyArray<string> =>
  existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : []

const rowsOf = async (driver: StorageDriver): Promise<ReadonlyArray<ExecutionRow>> => {
  const rows: Array<ExecutionRow> = []
  while (true) {
    const after = rows.at(-1)?.id
    const page = await driver.list({ limit: 1_000, ...(after === undefined ? {} : { after }) })
    rows.push(...page)
    if (page.length < 1_000) return rows
  }
}

const isAtRest = ({ state }: ExecutionRow): boolean =>
  state === "done" || state === "cancelled" || state === "sending.inDoubt"

// Nobody who left gets an intent after the answer, and nobody a mail whose condition is false.
const sequenceProblems = async (
  driver: StorageDriver,
  rows: ReadonlyArray<ExecutionRow>,
  signalled: ReadonlyArray<string>,
): Promise<ReadonlyArray<string>> => {
  if (signalled.length === 0) return []
  const leftAt = new Map(
    signalled.flatMap((line): ReadonlyArray<[string, number]> => {
      const [event, lead = "", time] = line.split(" ")
      return event === "left" ? [[lead, Number(time)]] : []
    }),
  )
  const problems: string[] = []
  for (const { id, leadId, step, context } of rows) {
    if (step === 1 && context.outcome === "sent" && planOf(leadId) !== "pro")
      problems.push(`${id} was sent though its condition is false`)
    const entries = await driver.history(id)
    const intents = entries.flatMap(({ events }) => events.filter(({ type }) => type === "RENDERED"))
    if (intents.some(({ at }) => at > (leftAt.get(leadId) ?? Number.POSITIVE_INFINITY)))
      problems.push(`${id} began to be sent after the exit of its lead was answered`)
  }
  return problems
}

/** Compares what the store says with what was acknowledged and with what the sink has. */
export const compare = async (
  storage: StorageName,
  folder: string,
  files: { readonly acknowledged: string; readonly signalled: string; readonly ledger: string },
): Promise<Findings> => {
  const driver = await (await openStorage(storage, folder)).open({ mode: "observe", now: Date.now })
  try {
    const rows = await rowsOf(driver)
    const counts = await driver.counts("crash")
    const { problems: damage } = await driver.verify()
    const copies = new Map<string, number>()
    for (const id of linesOf(files.ledger)) copies.set(id, (copies.get(id) ?? 0) + 1)
    const copiesOf = ({ id }: ExecutionRow): number => copies.get(id) ?? 0
    const problems = damage.map(({ key, problem }) => `${key}: ${problem}`)
    if (!isConserved(counts)) problems.push(`the conservation law does not hold: ${JSON.stringify(counts)}`)
    const firstSteps = new Set(rows.filter(({ step }) => step === 0).map(({ leadId }) => leadId))
    const missing = linesOf(files.acknowledged).filter((email) => !firstSteps.has(addressKey(email)))
    const unsent = rows.filter((row) => row.context.outcome === "sent" && copiesOf(row) === 0)
    let duplicates = 0
    let unreported = 0
    for (const row of rows) {
      const beyond = Math.max(0, copiesOf(row) - 1)
      duplicates += Math.min(beyond, row.context.doubts)
      unreported += Math.max(0, beyond - row.context.doubts)
      const denied =
        row.context.outcome !== "sent" && row.context.delivery !== "unknown" && row.state !== "sending.inDoubt"
      if (denied && copiesOf(row) > 0) problems.push(`${row.id} is called ${row.context.outcome}, and was delivered`)
      if (!isAtRest(row)) problems.push(`${row.id} did not end: ${row.state}`)
    }
    problems.push(...(await sequenceProblems(driver, rows, linesOf(files.signalled))))
    for (const email of missing) problems.push(`${email} was acknowledged and is not there`)
    for (const { id } of unsent) problems.push(`${id} is called sent and did not arrive`)
    if (unreported > 0) problems.push(`${unreported} copies were not reported`)
    return {
      planned: rows.length,
      sent: counts.sent,
      held: counts.inDoubt,
      doubts: counts.inDoubtTotal,
      duplicates,
      unreported,
      lost: missing.length + unsent.length,
      problems,
    }
  } finally {
    await driver.close()
  }
}
