import { existsSync } from "node:fs"
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { createRuntime } from "sendstate"
import { mjml } from "sendstate/renderer/mjml"
import { Conflict } from "sendstate/sdk"
import { sqlite } from "sendstate/storage/sqlite"
import { smtp } from "sendstate/transport/smtp"
import type { Output } from "../output.ts"
import { showProgress } from "../progress.ts"
import { campaign, speed } from "./campaign.ts"
import { compare } from "./compare.ts"
import { findings } from "./findings.ts"
import type { Inbox } from "./inbox.ts"
import { leads } from "./leads.ts"
import type { DemoResult } from "./result.ts"
import { templates } from "./templates.ts"

/** What a demo is asked for. */
export interface DemoOptions {
  /** A new file; default: one in a new folder of the system's temporary files. */
  readonly database: string | undefined
  /** How many leads. */
  readonly people: number
  readonly signal: AbortSignal
}

/** Connections to the inbox: enough to keep it busy, few enough for doubts to be countable. */
const connections = 20

/** A new database only: the inbox of an earlier demo, and with it the truth, is gone. */
const newDatabase = async (wanted: string | undefined): Promise<string> => {
  if (wanted === undefined) return join(await mkdtemp(join(tmpdir(), "sendstate-demo-")), "demo.db")
  if (!existsSync(wanted)) return resolve(wanted)
  throw new Conflict({
    code: "database-exists",
    retryable: false,
    differences: [],
    message: `${wanted} exists. The demo compares a database with an inbox that lives only as long as the demo: give --db a new file, or leave it out.`,
  })
}

/**
 * Sends the demo's campaign to this inbox over TCP and compares what the store says with what the inbox has.
 *
 * @throws Interrupted when the signal fires: what was under way was allowed to end.
 */
export const runDemo = async (inbox: Inbox, output: Output, options: DemoOptions): Promise<DemoResult> => {
  const { people, signal } = options
  const database = await newDatabase(options.database)
  const runtime = await createRuntime({
    storage: sqlite(database),
    transport: smtp({ url: inbox.url, connections }),
    renderer: mjml({ templates }),
  })
  try {
    const startedAt = performance.now()
    const demo = await runtime.campaigns.create(campaign, { speed })
    const { enrolled, duplicates, rejected } = await demo.enroll(leads(people), { signal })
    await demo.close()
    const progress = showProgress(output, async () => ({ counts: await demo.stats(), steps: campaign.steps.length }))
    const counts = await demo.settled({ signal }).finally(progress.stop)
    const { rows, ...found } = await findings(runtime)
    return {
      counts,
      enrolled,
      duplicates,
      rejected: rejected.total,
      ...found,
      ledger: inbox.ledger,
      differences: compare(rows, counts, inbox.ledger),
      database,
      elapsedMs: Math.round(performance.now() - startedAt),
    }
  } finally {
    await runtime.close()
  }
}
